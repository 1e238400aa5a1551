"""Findings of third-party policy linters in the policies of a template.

Each returns its findings as ``RULE resource: words``. Accepted findings are in `ACCEPTED`, with
the reason.
"""

import json
import logging
import re
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint

from tests.support.policy_templates import Document, Stack

# What they are written with is older than what warns of it here.
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import parliament
    import pycfmodel
    from cfripper.config.config import Config
    from cfripper.rule_processor import RuleProcessor
    from cfripper.rules import DEFAULT_RULES

_ROOT = "it is how AWS names an account, whose own policies then decide"
ACCEPTED = {
    # Findings that match, and why they are no faults.
    r"(Generic|.*)PartialWildcardPrincipalRule .* at [`']arn:aws:iam::\d{12}:root[`']": _ROOT,
    r"GenericCrossAccountTrustRule .* with `arn:aws:iam::\d{12}:root`": (
        "another account is admitted by its id, because it was asked for"
    ),
    r"GenericResourceWildcardPolicyRule \w*Key\w*: .* action": (
        "the account administers its key, in the words of AWS's default key policy"
    ),
    r'WildcardResourceRule .* for "(ecr-public:GetAuthorizationToken|sts:GetServiceBearerToken)"': (
        "a login is about no resource"
    ),
    r'WildcardResourceRule .* for "ecr:PutAccountSetting"': "it is about no resource",
    r"AwsSolutions-IAM4\[Policy::.*/AWSLambdaBasicExecutionRole\] Settings/AWS[0-9a-f]+/": (
        "CDK's own function writes its log, with the policy that AWS made for it"
    ),
    r"AwsSolutions-SMG4 \S*Login/Resource: ": "another registry's credential, which only it renews",
    r"AwsSolutions-IAM5\[Resource::\*\] ": "a login is about no resource; parliament knows that",
    r"AwsSolutions-IAM5\[Resource::arn:aws:ecr:[a-z0-9-]+:\d{12}:repository/[a-z0-9/-]*\*\] ": (
        "repositories by prefix or by tag, which are to come as well"
    ),
    r"UNKNOWN_CONDITION_FOR_ACTION .* \S+:(aud|sub) for action sts:AssumeRoleWithWebIdentity": (
        "claims of a token, which are prefixed with the issuer"
    ),
    r"AwsSolutions-SQS3 \S*/DeadLetters/Resource: ": "it is the dead-letter queue",
    r"AwsSolutions-SQS3 Delivery/Releases/Resource: ": "who reads it decides what is read again",
    r"Generic\w+Rule Pulls(Api|Docker|Layers)\w*: ": (
        "an endpoint's policy limits what is reachable, for all principals in the network"
    ),
    r"AwsSolutions-VPC7 Workloads/Vpc/Resource: ": "an example's network, whose traffic is pulls",
    r"AwsSolutions-EC23 \S+/Pulls/SecurityGroup/Resource: Rule threw an error": (
        "the network's own addresses, by reference, which the rule cannot read"
    ),
    r"AwsSolutions-ECR1 ": "everyone, on the condition that they belong to an organization",
}
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
_ANY_REPOSITORY = "arn:aws:ecr:eu-central-1:111122223333:repository/any"
_ANY_ROLE = "arn:aws:iam::111122223333:role/any"
_RESOURCE_POLICIES = {
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::ECR::RegistryPolicy": "PolicyText",
    "AWS::ECR::RepositoryCreationTemplate": "RepositoryPolicy",
}


def unaccepted(findings: list[str]) -> list[str]:
    """Return the findings that no reason is given for."""
    return [
        finding
        for finding in findings
        if not any(re.match(pattern, finding) for pattern in ACCEPTED)
    ]


def by_parliament(stack: Stack) -> list[str]:
    """Return what parliament finds in the policies of ECR and of roles."""
    learn_of_newer_actions()
    return [
        f"{entry.issue} {name}: {entry.detail}"
        for name, document in _documents(stack)
        for entry in parliament.analyze_policy_string(json.dumps(document)).findings
    ]


@cache
def learn_of_newer_actions() -> tuple[str, ...]:
    """Teach parliament what cfn-lint knows of ECR's actions and it does not; return their names.

    Both take them from AWS's service authorization reference, cfn-lint with each release.
    """
    path = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    actions = json.loads(path.read_text(encoding="utf-8"))["ecr"]["Actions"]
    [service] = [entry for entry in parliament.iam_definition if entry["prefix"] == "ecr"]
    about = {
        privilege["privilege"].lower(): any(
            kind["resource_type"] for kind in privilege["resource_types"]
        )
        for privilege in service["privileges"]
    }
    newer = [
        name
        for name, action in sorted(actions.items())
        if about.get(name) != ("Resources" in action)
    ]
    kept = [
        privilege
        for privilege in service["privileges"]
        if privilege["privilege"].lower() not in newer
    ]
    for name in newer:
        kind = "repository*" if "Resources" in actions[name] else ""
        resource = {"resource_type": kind, "condition_keys": [], "dependent_actions": []}
        kept.append({"privilege": name, "resource_types": [resource]})
    service["privileges"] = kept
    parliament.expand_action.cache_clear()
    return tuple(newer)


def actions_of_ecr() -> set[str]:
    """Return every action that ECR has, as each linter spells it."""
    learn_of_newer_actions()
    return {entry["action"] for entry in parliament.expand_action("ecr:*")}


def by_cfripper(stack: Stack) -> list[str]:
    """Return what cfripper finds in a template."""
    # It says on the log what it could not read; what it finds, it returns.
    logging.disable(logging.CRITICAL)
    try:
        model = pycfmodel.parse(_readable(stack)).resolve(
            extra_params={"AWS::AccountId": stack.account, "AWS::Region": stack.region}
        )
        config = Config(rules=list(DEFAULT_RULES), stack_name="any", aws_account_id=stack.account)
        rules = [DEFAULT_RULES[name](config) for name in config.rules]
        result = RuleProcessor(*rules).process_cf_template(model, config)
    finally:
        logging.disable(logging.NOTSET)
    return [
        f"{failure.rule} {' '.join(sorted(failure.resource_ids or ()))}: {failure.reason}"
        for failure in result.failures
    ]


def _readable(stack: Stack) -> dict[str, Any]:
    """Return a template without what pycfmodel cannot read, and what has no policy anyway."""
    resources = stack.template.get("Resources", {})
    kept = {k: v for k, v in resources.items() if v["Type"] != "AWS::EC2::SecurityGroup"}
    return {**stack.template, "Resources": kept}


def by_cdk_nag(report: Path) -> list[str]:
    """Return what cdk-nag wrote into the validation report of a synthesis."""
    if not report.exists():
        return []
    plugins = json.loads(report.read_text(encoding="utf-8"))["pluginReports"]
    return [
        f"{violation['ruleName']} {construct['constructPath']}: {violation['description']}"
        for plugin in plugins
        if plugin["pluginName"].startswith("AwsSolutions")
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    ]


def _documents(stack: Stack) -> Iterator[tuple[str, Document]]:
    for name, body in stack.template.get("Resources", {}).items():
        properties = stack.value(body.get("Properties", {}))
        kind = body["Type"]
        if kind in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            yield name, properties["PolicyDocument"]
        if kind == "AWS::IAM::Role":
            for policy in properties.get("Policies", ()):
                yield name, policy["PolicyDocument"]
            yield name, _about(stack, properties["AssumeRolePolicyDocument"], _ANY_ROLE)
        if properties.get(_RESOURCE_POLICIES.get(kind)):
            yield name, _about(stack, properties[_RESOURCE_POLICIES[kind]], _ANY_REPOSITORY)


def _about(stack: Stack, document: Any, resource: str) -> Document:
    """Return a policy of a resource in the form of one of a role, which names resources."""
    scoped = [{"Resource": resource, **statement} for statement in stack.statements(document)]
    statements = [{k: v for k, v in statement.items() if k != "Principal"} for statement in scoped]
    return {"Version": "2012-10-17", "Statement": statements}
