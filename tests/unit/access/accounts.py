"""An account with a repository, roles and users, as a template and as a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ecr_constructs.access.callers import read_principal
from ecr_constructs.access.query import Query, WhoCan
from ecr_constructs.access.questions import VERBS
from ecr_constructs.access.select import query_snapshots, query_templates
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.report.who_can import ANSWERS
from ecr_constructs.snapshot.document import Record, Snapshot
from tests.support.rule_examples.build import allow, document
from tests.support.snapshots import ACCOUNT, REGION, answered, registry, repository, snapshot

HOME, FAR = ACCOUNT, "444455556666"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
EVERYTHING = allow(["ecr:*"], Resource="*")
PULLS = allow([*PULL, "ecr:GetAuthorizationToken"], Resource="*")
NAME = "payments/api"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
Body = dict[str, Any]


def arn(name: str, account: str = HOME) -> str:
    """Return the ARN of a role or user: ``role/ci``."""
    return f"arn:aws:iam::{account}:{name}"


def pulls(principal: Any, **parts: Any) -> Body:
    """Return a statement of a repository policy that allows a pull."""
    return allow(PULL, Principal=principal, **parts)


def deny(action: Any, **parts: Any) -> Body:
    """Return a statement that denies."""
    return {"Effect": "Deny", "Action": action, **parts}


def trusting(*principals: Any, action: Any = "sts:AssumeRole", **parts: Any) -> Body:
    """Return a trust policy for principals."""
    return document(*(allow(action, Principal=principal, **parts) for principal in principals))


def role(*statements: Body, trust: Body | None = None, **properties: Any) -> Body:
    """Return a role of a template with a policy of its own."""
    inline = {"PolicyName": "own", "PolicyDocument": document(*statements)}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": trust or document(),
            **({"Policies": [inline]} if statements else {}),
            **properties,
        },
    }


def template(resources: Body, account: str | None = HOME, **sections: Any) -> Template:
    """Return a template in an account."""
    body = {"Resources": resources, **sections}
    return Template(f"stack-{account}", body, account, REGION)


def api(*policy: Body, **properties: Any) -> Body:
    """Return the repository of a template."""
    if policy:
        properties["RepositoryPolicyText"] = document(*policy)
    return {
        "Api": {
            "Type": "AWS::ECR::Repository",
            "Properties": {"RepositoryName": NAME, **properties},
        }
    }


def asked(
    resources: Body | Sequence[Template], *, verb: str = "pull", repository: str = NAME
) -> Query:
    """Return the question about templates."""
    templates = [template(resources)] if isinstance(resources, Mapping) else resources
    return query_templates(templates, repository, VERBS[verb])


def answer(query: Query, principal: str) -> str:
    """Return the answer for a principal: ``yes``, ``no`` or ``not-known``."""
    return ANSWERS[query.one(read_principal(principal)).principals[0].answer]


def listed(result: WhoCan) -> dict[str, str]:
    """Return the answer for each principal of a list."""
    return {item.principal: ANSWERS[item.answer] for item in result.principals}


def effects(result: WhoCan) -> list[str]:
    """Return what the policies of the one principal do."""
    return [reason.effect for step in result.principals[0].chain for reason in step.reasons]


# As a snapshot.


def role_detail(name: str, *statements: Body, trust: Body | None = None, **more: Any) -> Body:
    """Return a role as IAM describes it."""
    inline = [{"PolicyName": "own", "PolicyDocument": document(*statements)}] if statements else []
    return {
        "RoleName": name,
        "Path": "/",
        "Arn": arn(f"role/{name}"),
        "AssumeRolePolicyDocument": trust or document(),
        "RolePolicyList": inline,
        "AttachedManagedPolicies": [],
        **more,
    }


def details(*, more: bool = False, **members: Any) -> Record:
    """Return a page of what IAM tells of an account; documents are not text, as boto3 has them."""
    lists: Body = {
        "RoleDetailList": [],
        "UserDetailList": [],
        "GroupDetailList": [],
        "Policies": [],
    }
    output = {**lists, **members}
    return Record("iam", "GetAccountAuthorizationDetails", {}, "", output, more=more)


def organization(identifier: str) -> Record:
    """Return the organization of the account."""
    output = {"Organization": {"Id": identifier}}
    return answered("DescribeOrganization", {}, output, service="organizations")


def snapshots(
    *records: Record, policy: Sequence[Body] = (), registry_policy: Any = None, **settings: Any
) -> list[Snapshot]:
    """Return the snapshot of a registry with the repository, and other records."""
    text = document(*policy) if policy else None
    described = repository(NAME, policy=text, **settings)
    return [snapshot(registry(described, policy=registry_policy), records)]


def asked_live(source: Iterable[Snapshot], *, verb: str = "pull", repository: str = NAME) -> Query:
    """Return the question about snapshots."""
    return query_snapshots([*source], repository, VERBS[verb])
