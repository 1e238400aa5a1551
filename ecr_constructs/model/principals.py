"""The principals of a policy: accounts, organizations, IAM roles and users."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.validation import item_errors, raise_if_invalid, require_list

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


def account_id_errors(account: object) -> Iterator[Diagnostic]:
    """Yield a problem if a value is not an account id."""
    if isinstance(account, int):
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


def check_each(
    keyword: str, values: Sequence[str], errors_of: Callable[[object], Iterable[Diagnostic]]
) -> None:
    """Reject a list if one of its values is invalid; deploy-time values pass.

    Args:
        keyword: The parameter that the list was given for.
        values: The list.
        errors_of: Returns the problems of one value.

    Raises:
        ValidationError: Every problem of every value.
    """

    def named(value: object) -> Iterator[Diagnostic]:
        for error in errors_of(value):
            yield replace(error, message=f"{value!r}: {error.message}")

    require_list(keyword, values)
    raise_if_invalid(keyword, list(values), item_errors(keyword, values, named))
