"""Conditions of policy statements: valid operators and keys, and whether they restrict access."""

from difflib import get_close_matches

from ecr_constructs.cloudformation.iam_policy import Condition, Statement
from ecr_constructs.model.tokens import is_unresolved

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_COMPARED = {
    "String": ("Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"),
    "Numeric": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan"),
    "Date": ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan"),
    "Arn": ("Equals", "NotEquals", "Like", "NotLike"),
    "Binary": ("Equals",),
}
OPERATORS = frozenset(
    {f"{kind}{how}".lower() for kind, all_of in _COMPARED.items() for how in all_of}
    | {"numericgreaterthanequals", "dategreaterthanequals"}
    | {"bool", "ipaddress", "notipaddress", "null"}
)
# The global keys that identify the caller or the source; other keys are not validated.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_KEYS = (
    *("aws:PrincipalAccount", "aws:PrincipalArn", "aws:PrincipalOrgID", "aws:PrincipalOrgPaths"),
    *("aws:PrincipalIsAWSService", "aws:PrincipalServiceName", "aws:PrincipalServiceNamesList"),
    *("aws:PrincipalTag", "aws:PrincipalType", "aws:ResourceAccount", "aws:ResourceOrgID"),
    *("aws:ResourceOrgPaths", "aws:ResourceTag", "aws:SourceAccount", "aws:SourceArn"),
    *("aws:SourceIdentity", "aws:SourceIp", "aws:SourceOrgID", "aws:SourceOrgPaths"),
    *("aws:SourceOwner", "aws:SourceVpc", "aws:SourceVpcArn", "aws:SourceVpce"),
    *("aws:VpcSourceIp", "aws:VpceAccount", "aws:VpceOrgID", "aws:VpceOrgPaths"),
)
_BY_LOWER = {key.lower(): key for key in _KEYS}
_POSITIVE = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")
WHO = (
    *("aws:principalaccount", "aws:principalarn", "aws:principalisawsservice"),
    *("aws:principalorgid", "aws:principalorgpaths"),
    *("aws:principalservicename", "aws:principalservicenameslist"),
    *("aws:sourceaccount", "aws:sourcearn", "aws:sourceip", "aws:sourceorgid"),
    *("aws:sourceorgpaths", "aws:sourceowner", "aws:sourcevpc", "aws:sourcevpcarn"),
    *("aws:sourcevpce", "aws:userid", "aws:vpceaccount", "aws:vpceorgid", "aws:vpceorgpaths"),
    *("aws:vpcsourceip", "kms:calleraccount"),
)
_ARNS = ("aws:principalarn", "aws:sourcearn")
_ACCOUNT_PART = 4
_EVERYWHERE = ("0.0.0.0/0", "::/0")


def misspelt(key: str) -> str | None:
    """Return the global key that a nonexistent key is probably a misspelling of, or None."""
    name = key.lower().partition("/")[0]
    if name in _BY_LOWER or not name.startswith(("aws:principal", "aws:source")):
        return None
    near = get_close_matches(name, _BY_LOWER, n=1, cutoff=0.85)
    return _BY_LOWER[near[0]] if near else None


def bare(operator: str) -> str:
    """Return an operator in lower case, without set prefix and ``IfExists``."""
    name = operator.lower().removeprefix("foranyvalue:").removeprefix("forallvalues:")
    return name.removesuffix("ifexists")


def narrows(condition: Condition) -> bool:
    """Tell whether a condition requires specific values, rather than excluding some."""
    operator = condition.operator.lower()
    if operator.startswith("forallvalues:") or operator.endswith("ifexists"):
        # Both are true if the key is absent.
        return False
    if bare(operator) == "ipaddress":
        return not set(condition.values) & set(_EVERYWHERE)
    if bare(operator) == "bool":
        return condition.values == ("true",)
    if bare(operator) not in _POSITIVE or "*" in condition.values:
        return False
    return condition.key.lower() not in _ARNS or all(map(_names_account, condition.values))


def _names_account(arn: str) -> bool:
    """Tell whether the ARN of a principal or source is limited to one account."""
    parts = arn.split(":")
    if len(parts) <= _ACCOUNT_PART:
        return is_unresolved(arn)
    # ARNs of S3 have no account, but are globally unique.
    account = parts[_ACCOUNT_PART]
    return not account or bool(account.strip("*?"))


def is_narrowed(statement: Statement) -> bool:
    """Tell whether a statement for everyone has a restricting condition."""
    return any(
        narrows(condition) and (condition.key.lower() in WHO or is_unresolved(condition.key))
        for condition in statement.conditions
    )
