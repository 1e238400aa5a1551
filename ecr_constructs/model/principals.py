"""The principals of policies: accounts, organizations, roles, users and AWS services.

Two services pull as the service principal, which a repository policy must admit: Lambda and, if a
project is configured so, CodeBuild. All others pull with a role: grant to that role.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from ecr_constructs.model.arguments import UNCHECKED
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import (
    item_errors,
    raise_if_invalid,
    require_list,
    value_errors,
)
from ecr_constructs.model.wildcards import matcher

AccountId = Annotated[str, UNCHECKED]
"""Its own rules reject a number, with the digits to write."""
ACCOUNT_ID = re.compile(r"[0-9]{12}")
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
ORGANIZATION_ID = re.compile(r"o-[a-z0-9]{10,32}")
# Nested units follow each other; a closing '*' includes the units below the last one.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_last-accessed-viewing-orgs-entity-path
ORGANIZATIONAL_UNIT = re.compile(
    r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}/(?:ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)+\*?"
)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
PRINCIPAL_ARN = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|user)/[\w+=,.@-]+(?:/[\w+=,.@-]+)*", re.ASCII
)

# Sessions of roles and federated users, too.
_NAMED_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:root|(?:role|user)/[\w+=,.@/-]+)"
    r"|sts::[0-9]{12}:(?:assumed-role|federated-user)/[\w+=,.@/-]+)",
    re.ASCII,
)
# IAM shows the unique id of a principal that was deleted.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
_ID = re.compile(r"A[A-Z0-9]{15,}")
_ROLE_PATTERN = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@*/-]+", re.ASCII)


def account_id_errors(account: object) -> Iterator[Diagnostic]:
    """Yield a problem if a value is not an account id."""
    if isinstance(account, int) and not isinstance(account, bool) and 0 <= account < 10**12:
        yield Diagnostic(
            "account-id-is-number",
            "an account id is text, because of its leading zeros",
            remedy=f"write {str(account).zfill(12)!r}",
        )
    elif not isinstance(account, str) or not ACCOUNT_ID.fullmatch(account):
        yield Diagnostic("account-id-format", "an account id has 12 digits")


def organization_id_errors(organization: object) -> Iterator[Diagnostic]:
    """Yield a problem if a value is not an organization id."""
    if isinstance(organization, str) and "*" in organization:
        yield Diagnostic(
            "organization-id-wildcard",
            "a wildcard would admit every AWS account",
            remedy="write the whole id",
        )
    elif not isinstance(organization, str) or not ORGANIZATION_ID.fullmatch(organization):
        yield Diagnostic(
            "organization-id-format",
            "an organization id is 'o-' and 10 to 32 lowercase letters or digits",
        )


def organizational_unit_errors(path: object) -> Iterator[Diagnostic]:
    """Yield a problem if a value is not the path of an organizational unit."""
    if not isinstance(path, str) or not ORGANIZATIONAL_UNIT.fullmatch(path):
        yield Diagnostic(
            "organizational-unit-format",
            "an organizational unit is given by its whole path from the organization, "
            "'o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*' with the units below it or "
            "'o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/' without",
            remedy="list a whole organization in pull_organizations",
        )


def principal_arn_errors(arn: object) -> Iterator[Diagnostic]:
    """Yield a problem if a value is not the ARN of a role or user."""
    if isinstance(arn, str) and "*" in arn:
        yield Diagnostic(
            "principal-arn-wildcard",
            "a principal cannot hold a wildcard",
            remedy="name each role, or admit its account",
        )
    elif not isinstance(arn, str) or not PRINCIPAL_ARN.fullmatch(arn):
        yield Diagnostic(
            "principal-arn-format",
            "must be the ARN of a role or user, 'arn:aws:iam::ACCOUNT:role/NAME'",
        )


def partition_errors(arn: str, partition: str) -> Iterator[Diagnostic]:
    """Yield a problem if an ARN is of another partition; deploy-time values pass.

    Nothing in a partition has access to another one, or is found there.
    """
    given = arn.split(":")[1] if arn.startswith("arn:") else partition
    if given != partition and not (is_unresolved(given) or is_unresolved(partition)):
        message = f"{arn!r} is in the partition {given}, not in {partition} as the stack is"
        yield Diagnostic("arn-partition", message)


def policy_principal_errors(name: str, partition: str) -> Iterator[Diagnostic]:
    """Yield a problem if a policy cannot name a principal so; deploy-time values pass.

    The partition is that of the policy: no principal of another one can have access.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if name == "*" or is_unresolved(name) or ACCOUNT_ID.fullmatch(name) or _ID.fullmatch(name):
        return
    if not _NAMED_ARN.fullmatch(name):
        yield Diagnostic(
            "principal-arn-format",
            f"{name!r} is not an account, a role, a user or a session of a role",
            remedy="write 'arn:aws:iam::ACCOUNT:role/NAME'",
        )
        return
    yield from partition_errors(name, partition)


def deleting_role_errors(arn: object, partition: str) -> Iterator[Diagnostic]:
    """Yield a problem if a value is not the ARN of a role, which may have wildcards.

    A role of another partition than that of the repository can never delete it.
    """
    if not isinstance(arn, str) or not _ROLE_PATTERN.fullmatch(arn):
        yield Diagnostic(
            "deletion-lock-role-format",
            f"{arn!r} must be the ARN of a role, 'arn:aws:iam::ACCOUNT:role/NAME', in whose name "
            "'*' matches any characters",
        )
        return
    yield from partition_errors(arn, partition)


def check_each(
    keyword: str, values: Sequence[str], errors_of: Callable[[object], Iterable[Diagnostic]]
) -> None:
    """Reject a list if one of its values is invalid; deploy-time values pass."""
    if isinstance(values, (list, tuple)) and not values:
        return
    require_list(keyword, values)
    errors = item_errors(keyword, values, errors_of, name_values=True)
    raise_if_invalid(keyword, list(values), errors)


def check_account(keyword: str, account: object) -> None:
    """Reject the value of a keyword that takes one account; a deploy-time value passes."""
    raise_if_invalid(keyword, account, value_errors(keyword, account, account_id_errors))


def check_account_keys(keyword: str, by_account: Mapping[str, object]) -> None:
    """Reject the value of a keyword that takes a mapping of accounts; deploy-time keys pass."""
    errors = (
        error
        for account in by_account
        for error in value_errors(f"{keyword}[{account!r}]", account, account_id_errors)
    )
    raise_if_invalid(keyword, [*by_account], errors)


LAMBDA = "lambda.amazonaws.com"
CODE_BUILD = "codebuild.amazonaws.com"
# The keys that name the resource or account a service acts for. https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
SOURCES = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")
_LIKE = {"arnlike", "arnequals", "stringlike"}
_NAME = re.compile(r"[A-Za-z0-9_*-]{1,150}")

_ROLES = {
    # https://docs.aws.amazon.com/apprunner/latest/dg/security_iam_service-with-iam.html
    "apprunner.amazonaws.com": "App Runner pulls with the access role of its service",
    "build.apprunner.amazonaws.com": "App Runner pulls with the access role of its service",
    "tasks.apprunner.amazonaws.com": "App Runner pulls with the access role of its service",
    # https://docs.aws.amazon.com/batch/latest/userguide/execution-IAM-role.html
    "batch.amazonaws.com": "AWS Batch pulls with the execution role of its job definition",
    "ec2.amazonaws.com": "an instance pulls with the role of its instance profile",
    "ecs.amazonaws.com": "ECS pulls with the execution role of its task definition",
    # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    "ecs-tasks.amazonaws.com": "ECS pulls with the execution role of its task definition",
    "eks.amazonaws.com": "EKS pulls with the role of its nodes, or of the Fargate profile",
    # https://docs.aws.amazon.com/sagemaker/latest/dg/sagemaker-roles.html
    "sagemaker.amazonaws.com": "SageMaker pulls with the execution role of its model or job",
}


@dataclass(frozen=True, slots=True)
class Source:
    """The place of the repository, and of the functions and projects that a service pulls for."""

    partition: str
    region: str
    account: str

    def functions(self, names: Sequence[str] = ()) -> dict[str, Any]:
        """Return the condition that Lambda acts for functions, named or all of the account.

        AWS documents ``aws:SourceArn``, which contains the account, and not whether Lambda sends
        ``aws:SourceAccount``; if it does, it must match
        (https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions).
        """
        arn = f"arn:{self.partition}:lambda:{self.region}:{self.account}:function:"
        # With a version or an alias, and without.
        arns = [f"{arn}{name}{end}" for name in names for end in ("", ":*")] or [f"{arn}*"]
        return {
            "ArnLike": {"aws:SourceArn": arns if len(arns) > 1 else arns[0]},
            "StringEqualsIfExists": {"aws:SourceAccount": self.account},
        }

    def projects(self, names: Sequence[str] = ()) -> dict[str, Any]:
        """Return the condition that CodeBuild acts for projects, named or all of the account.

        https://docs.aws.amazon.com/codebuild/latest/userguide/sample-ecr.html
        """
        arn = f"arn:{self.partition}:codebuild:{self.region}:{self.account}:project/"
        arns = [f"{arn}{name}" for name in names] or [f"{arn}*"]
        return {
            "ArnLike": {"aws:SourceArn": arns if len(arns) > 1 else arns[0]},
            "StringEquals": {"aws:SourceAccount": self.account},
        }

    def conditions_for(self, service: str) -> dict[str, Any]:
        """Return the condition for all of the account; no condition for other services."""
        if service == LAMBDA:
            return self.functions()
        return self.projects() if service == CODE_BUILD else {}


def limits_source(conditions: Mapping[str, Mapping[str, Any]]) -> bool:
    """Return whether conditions name the resource or account that a service must act for."""
    return any(key.lower() in SOURCES for tests in conditions.values() for key in tests)


def admits_functions(
    statement: Mapping[str, Any], account: str, function: str | None = None
) -> bool:
    """Tell whether a statement of a policy may admit Lambda for functions of an account.

    The statement is as it is rendered. A condition whose effect is unknown may be met. With the
    ARN of a function, whether it may admit Lambda for this one.
    """
    principal = statement.get("Principal")
    services = principal.get("Service", ()) if isinstance(principal, Mapping) else principal
    names = [services] if isinstance(services, str) else services
    if statement.get("Effect") != "Allow" or not {LAMBDA, "*"}.intersection(map(str, names or ())):
        return False
    return all(
        may_act_for(operator, key, _texts(values), account)
        and _may_name(operator, key, values, function)
        for operator, tests in statement.get("Condition", {}).items()
        for key, values in tests.items()
    )


def _may_name(operator: str, key: str, values: Any, function: str | None) -> bool:
    """Tell whether a condition on ``aws:SourceArn`` may be met for a function."""
    patterns = values if isinstance(values, list) else [values]
    is_known = all(isinstance(item, str) and item.startswith("arn:") for item in patterns)
    if function is None or not is_known or operator.lower() not in _LIKE:
        return True
    # A version or an alias has the same permission if the function itself has it.
    is_source = key.lower() == SOURCES[0]
    return not is_source or any(matcher(item, single=".")(function) for item in patterns)


def may_act_for(operator: str, key: str, values: Sequence[str], account: str) -> bool:
    """Tell whether a service that acts for resources of an account may meet a condition."""
    if key.lower() not in SOURCES[:2] or not values:
        return True
    if "not" in operator.lower():
        return not (key.lower() == "aws:sourceaccount" and account in values)
    return any(_may_be_of(value, account) for value in values)


def _texts(values: Any) -> Sequence[str]:
    """Return the values of a condition as they are rendered, functions as JSON."""
    items = values if isinstance(values, list) else [values]
    return [item if isinstance(item, str) else compact(item) for item in items]


def _may_be_of(source: str, account: str) -> bool:
    """Tell whether an ARN or account id may be of an account; only whole ids of others are not."""
    ids = set(re.findall(r"(?<![0-9])[0-9]{12}(?![0-9])", source))
    return not ids or account in ids


def service_errors(service: str) -> Iterator[Diagnostic]:
    """Yield the reason why a service cannot be granted access by its name alone."""
    if service in _ROLES:
        yield Diagnostic("service-pulls-with-role", f"{_ROLES[service]}: grant to that role")
    else:
        yield Diagnostic(
            "service-source-missing",
            f"{service} would be admitted whichever account it acts for. If it pulls with "
            "a role, grant to that role; otherwise name the account: "
            f"iam.ServicePrincipal({service!r}, conditions={{'StringEquals': "
            "{'aws:SourceAccount': '111122223333'}})",
        )


def check_names(keyword: str, names: Sequence[str]) -> None:
    """Reject values, such as ARNs, that are not names or patterns of functions or projects."""
    require_list(keyword, names)
    raise_if_invalid(keyword, list(names), item_errors(keyword, names, _name_errors))


def _name_errors(name: str) -> Iterator[Diagnostic]:
    if not _NAME.fullmatch(name):
        message = f"{name!r} must be a name, in which '*' matches any characters, not an ARN"
        yield Diagnostic("source-name-format", message)
