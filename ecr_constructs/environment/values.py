"""Single values of an environment file: what the model rejects, and what editors check."""

import re
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from ecr_constructs.environment.parts import pattern, schema, valid
from ecr_constructs.model import account_settings, alerts, names, partitions, principals
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.encryption import KEY_ARN, Encryption
from ecr_constructs.model.event_targets import ROLE_ARN, role_arn_errors, target_errors
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.upstreams import credential_errors
from ecr_constructs.model.validation import ValidationError

WARNINGS = (
    *("loginElsewhere", "notInTheGallery", "replicationChain", "replicationCoversNothing"),
    *("replicationQuota", "scanFilterContains", "signingElsewhere", "topicPolicy"),
)
"""Names of the warnings of constructs that a file may cause."""


def _key_errors(arn: str) -> Iterator[Diagnostic]:
    try:
        Encryption.customer_managed(arn)
    except ValidationError as error:
        yield from error.diagnostics


def _acknowledgment_errors(reasons: dict[str, str]) -> Iterator[Diagnostic]:
    # The rules take half of the time of a file that accepts no finding.
    from ecr_constructs.checks import RULES  # noqa: PLC0415

    for rule, reason in reasons.items():
        if rule not in RULES and rule not in WARNINGS:
            message = "is neither a rule nor a warning"
            remedy = (
                "`ecr-constructs check --list` lists the rules; the warnings are "
                f"{', '.join(WARNINGS)}"
            )
            yield Diagnostic("acknowledgment-rule-unknown", message, f"['{rule}']", remedy)
        if not reason.strip():
            message, remedy = "has no reason", "say why the finding is acceptable"
            yield Diagnostic("acknowledgment-reason-missing", message, f"['{rule}']", remedy)


def _plain(expression: re.Pattern[str]) -> str:
    """Return an expression without names of groups, which JSON Schema does not have."""
    return re.sub(r"\(\?P<\w+>", "(", expression.pattern)


AccountId = Annotated[
    str, valid(principals.account_id_errors), pattern(principals.ACCOUNT_ID.pattern)
]
OrganizationId = Annotated[
    str, valid(principals.organization_id_errors), pattern(principals.ORGANIZATION_ID.pattern)
]
OrganizationalUnit = Annotated[
    str,
    valid(principals.organizational_unit_errors),
    pattern(principals.ORGANIZATIONAL_UNIT.pattern),
]
PrincipalArn = Annotated[
    str, valid(principals.principal_arn_errors), pattern(principals.PRINCIPAL_ARN.pattern)
]
RepositoryName = Annotated[str, valid(names.repository_name_errors), pattern(names.NAME_PATTERN)]
TeamName = Annotated[str, valid(names.team_name_errors), pattern(names.STACK_PART)]
Region = Annotated[str, valid(partitions.region_errors), pattern(partitions.REGION.pattern)]
EmailAddress = Annotated[str, valid(alerts.email_errors), pattern(alerts.EMAIL.pattern)]
Tags = Annotated[dict[str, str], valid(tag_errors)]
Acknowledgments = Annotated[dict[str, str], valid(_acknowledgment_errors)]
KeyArn = Annotated[str, valid(_key_errors), pattern(_plain(KEY_ARN))]
SecretArn = Annotated[str, valid(credential_errors)]
RoleArn = Annotated[str, valid(role_arn_errors), pattern(_plain(ROLE_ARN))]
TargetArn = Annotated[str, valid(target_errors), schema(pattern="^arn:")]
_TOPIC = r"^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$"
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
Description = Annotated[str, Field(max_length=512)]
# Of the account, or of AWS.
_POLICY = r"^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/[A-Za-z0-9_+=,.@/-]+$"
PolicyArn = Annotated[str, Field(pattern=_POLICY)]
TopicArn = Annotated[str, Field(pattern=_TOPIC)]
ExcludedPrincipal = Annotated[
    str,
    valid(account_settings.exclusion_errors),
    schema(maxLength=account_settings.EXCLUSION_ARN_MAX_LENGTH),
]
Prefix = Annotated[
    str,
    valid(names.filter_errors),
    schema(minLength=names.FILTER_MIN_LENGTH, maxLength=names.FILTER_MAX_LENGTH),
]
Prefixes = Annotated[list[Prefix], Field(min_length=1)]
