"""Resources with one statement of a policy, and where it stands."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY
from tests.support.rule_examples.build import (
    HERE,
    HOME,
    ROOT,
    allow,
    api,
    assumed_by,
    document,
    get_att,
    inline,
    key,
    kms,
    resource,
    service_role,
)

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
OWN_ORGANIZATION = {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}
ARN = f"{HERE}:repository/payments/*"
TEXT = "Api.Properties.RepositoryPolicyText"
STATEMENT = f"{TEXT}.Statement[0]"
ACTION, PRINCIPAL = f"{STATEMENT}.Action", f"{STATEMENT}.Principal"
REGISTRY = "Policy.Properties.PolicyText.Statement[0]"
TRUST = "Task.Properties.AssumeRolePolicyDocument.Statement[0]"
TASK = "Task.Properties.Policies[0].PolicyDocument.Statement[0]"
PARTNER = {"AWS": ROOT}
LAMBDA = {"Service": "lambda.amazonaws.com"}
ACCOUNT = {"StringEquals": {"aws:SourceAccount": HOME[0]}}


def open_to(action: Any, **parts: Any) -> dict[str, Any]:
    """Return a repository with a policy of one statement."""
    return api(RepositoryPolicyText=document(allow(action, **parts)))


def registry(action: Any, **parts: Any) -> dict[str, Any]:
    """Return a registry policy of one statement."""
    policy = {"PolicyText": document(allow(action, **parts))}
    return {"Policy": resource(REGISTRY_POLICY, policy)}


def role(action: Any, **parts: Any) -> dict[str, Any]:
    """Return an ECS task's role with a policy of one statement; one that pulls may log in."""
    login = inline("ecr:GetAuthorizationToken") if action == PULL else []
    return {"Task": service_role("ecs-tasks", Policies=[*inline(action, **parts), *login])}


def pulled_by(principal: Any, **parts: Any) -> dict[str, Any]:
    """Return a repository that a principal may pull from."""
    return open_to(PULL, Principal=principal, **parts)


def anyone_with(operator: str, condition_key: str, value: Any) -> dict[str, Any]:
    """Return a repository that everyone may pull from under a condition."""
    return pulled_by("*", Condition={operator: {condition_key: value}})


def trusting(principal: Any, action: str = "sts:AssumeRole", **parts: Any) -> dict[str, Any]:
    """Return a role that may pull, with the statement of its trust policy."""
    trust = {**allow(action, Principal=principal), **parts}
    return {
        "Task": assumed_by(
            trust, Policies=role(PULL, Resource=ARN)["Task"]["Properties"]["Policies"]
        )
    }


def may_also(statements: Any) -> dict[str, Any]:
    """Return a role that may log in, with one more statement or several."""
    more = statements if isinstance(statements, list) else [statements]
    policy = document(allow("ecr:GetAuthorizationToken", Resource="*"), *more)
    inlined = {"PolicyName": "a", "PolicyDocument": policy}
    return {"Task": service_role("ecs-tasks", Policies=[inlined])}


def key_of_images(*statements: Any, **properties: Any) -> dict[str, Any]:
    """Return a repository with a key that has these statements."""
    return kms(get_att("Key"), Key=key(KeyPolicy=document(*statements), **properties))


def partner_may(action: str) -> dict[str, Any]:
    """Return a repository that allows another account an action."""
    return open_to(action, Principal=PARTNER)


def puller(arn: Any) -> dict[str, Any]:
    """Return a role that pulls from what an ARN names."""
    return role(PULL, Resource=arn)


FILLS = ["ecr:CreateRepository", "ecr:ReplicateImage"]

ABSENT_VALUE = {"Ref": "AWS::NoValue"}
_PUBLIC = resource("AWS::ECR::PublicRepository", {"Tags": [{"Key": "team", "Value": "cli"}]})


def public_repository(action: str) -> dict[str, Any]:
    """Return a public repository that allows everyone an action."""
    text = {"RepositoryPolicyText": document(allow(action, Principal="*"))}
    return {"Api": {**_PUBLIC, "Properties": {**_PUBLIC["Properties"], **text}}}


def may_also_by(**statement: Any) -> dict[str, Any]:
    """Return a role that may log in, with one more statement by its elements."""
    return may_also({"Effect": "Allow", **statement})


MORE = TASK.replace("[0]", "[1]").replace("Policies[1]", "Policies[0]")
