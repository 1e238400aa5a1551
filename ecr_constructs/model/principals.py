"""Who a policy speaks of: accounts, organizations, IAM roles and users."""

import re
from collections.abc import Callable, Iterator, Sequence

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list

ACCOUNT_ID = re.compile(r"[0-9]{12}")
# https://docs.aws.amazon.com/organizations/latest/APIReference/API_Organization.html
ORGANIZATION_ID = re.compile(r"o-[a-z0-9]{10,32}")
# Units below units follow each other; the last part says whether those below are meant too.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_last-accessed-viewing-orgs-entity-path
ORGANIZATIONAL_UNIT = re.compile(
    r"o-[a-z0-9]{10,32}/r-[a-z0-9]{4,32}/(?:ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}/)+\*?"
)
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
PRINCIPAL_ARN = re.compile(
    r"arn:aws[a-z-]*:iam::[0-9]{12}:(?:role|user)/[\w+=,.@-]+(?:/[\w+=,.@-]+)*", re.ASCII
)


def account_id_errors(account: object) -> Iterator[str]:
    """Yield a sentence for each reason why this is no account id."""
    if isinstance(account, int):
        yield (
            f"an account id is text, because of its leading zeros; write {str(account).zfill(12)!r}"
        )
    elif not isinstance(account, str) or not ACCOUNT_ID.fullmatch(account):
        yield "an account id has 12 digits"


def organization_id_errors(organization: object) -> Iterator[str]:
    """Yield a sentence for each reason why this is no organization id."""
    if isinstance(organization, str) and "*" in organization:
        yield "a wildcard would admit every AWS account there is; write the whole id"
    elif not isinstance(organization, str) or not ORGANIZATION_ID.fullmatch(organization):
        yield "an organization id is 'o-' and 10 to 32 lowercase letters or digits"


def organizational_unit_errors(path: object) -> Iterator[str]:
    """Yield a sentence for each reason why this is no path of an organizational unit."""
    if not isinstance(path, str) or not ORGANIZATIONAL_UNIT.fullmatch(path):
        yield (
            "an organizational unit is given by its whole path from the organization, "
            "'o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*' with the units below it or "
            "'o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/' without; a whole organization goes into "
            "pull_organizations"
        )


def principal_arn_errors(arn: object) -> Iterator[str]:
    """Yield a sentence for each reason why this is no ARN of a role or user."""
    if isinstance(arn, str) and "*" in arn:
        yield "a principal cannot hold a wildcard; name each role, or admit its account"
    elif not isinstance(arn, str) or not PRINCIPAL_ARN.fullmatch(arn):
        yield "must be the ARN of a role or user, 'arn:aws:iam::ACCOUNT:role/NAME'"


def check_each(
    keyword: str, values: Sequence[str], faults_of: Callable[[object], Iterator[str]]
) -> None:
    """Raise one ValueError for all faulty values of a keyword; deploy-time values pass."""
    require_list(keyword, values)
    raise_if_invalid(
        keyword,
        list(values),
        [
            f"{value!r}: {fault}"
            for value in values
            if not is_unresolved(value)
            for fault in faults_of(value)
        ],
    )
