"""Conditions of policy statements: the operators and keys that exist in IAM."""

from difflib import get_close_matches

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
# The global keys that identify the caller, the source or the resource; other keys are not
# validated.
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
# All keys of ECR.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html#amazonelasticcontainerregistry-policy-keys
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistrypublic.html#amazonelasticcontainerregistrypublic-policy-keys
_ECR_KEYS = ("ecr:AccountSetting", "ecr:ResourceTag", "ecr-public:ResourceTag")
_BY_LOWER = {key.lower(): key for key in (*_KEYS, *_ECR_KEYS)}
_FAMILIES = ("aws:principal", "aws:source", "aws:vpc", "aws:resource", "ecr:", "ecr-public:")
_CLOSE = 0.8
ACCOUNTS = (
    *("aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "aws:vpceaccount"),
    "kms:calleraccount",
)
ORGANIZATIONS = ("aws:principalorgid", "aws:sourceorgid", "aws:vpceorgid")
ORGANIZATION_PATHS = ("aws:principalorgpaths", "aws:sourceorgpaths", "aws:vpceorgpaths")
ARNS = ("aws:principalarn", "aws:sourcearn", "aws:sourcevpcarn")
WHO = (
    *(*ACCOUNTS, *ORGANIZATIONS, *ORGANIZATION_PATHS, *ARNS),
    *("aws:principalisawsservice", "aws:principalservicename", "aws:principalservicenameslist"),
    *("aws:sourceip", "aws:sourcevpc", "aws:sourcevpce", "aws:userid", "aws:vpcsourceip"),
)


def misspelt(key: str) -> str | None:
    """Return the key that a nonexistent key is probably a misspelling of, or None."""
    name, slash, tag = key.partition("/")
    if name.lower() in _BY_LOWER or not name.lower().startswith(_FAMILIES):
        return None
    near = get_close_matches(name.lower(), _BY_LOWER, n=1, cutoff=_CLOSE)
    return f"{_BY_LOWER[near[0]]}{slash}{tag}" if near else None


def bare(operator: str) -> str:
    """Return an operator in lower case, without set prefix and ``IfExists``."""
    name = operator.lower().removeprefix("foranyvalue:").removeprefix("forallvalues:")
    return name.removesuffix("ifexists")
