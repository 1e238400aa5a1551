"""The accounts of an organization in the embedded AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from tests.support.embedded_aws import COMPANY, COMPANY_ACCOUNTS, Place
from tests.support.shapes import watch

if TYPE_CHECKING:
    from local_aws.process import LocalAws

MANAGER, OTHER = COMPANY_ACCOUNTS


def test_the_account_that_manages_an_organization_lists_the_others(local_aws: LocalAws) -> None:
    """Page by page, in the shapes of botocore's model."""
    organizations = Place(local_aws, MANAGER).client("organizations")
    errors = watch(organizations)

    organization = organizations.describe_organization()["Organization"]
    pages = organizations.get_paginator("list_accounts").paginate(PaginationConfig={"PageSize": 1})
    accounts = pages.build_full_result()["Accounts"]

    assert (organization["Id"], organization["MasterAccountId"]) == (COMPANY, MANAGER)
    assert [account["Id"] for account in accounts] == [MANAGER, OTHER]
    assert errors == {"DescribeOrganization": [], "ListAccounts": []}


def test_a_member_knows_its_organization_only(local_aws: LocalAws) -> None:
    """Its accounts are listed by the one that manages it; other operations are not there."""
    organizations = Place(local_aws, OTHER).client("organizations")

    assert organizations.describe_organization()["Organization"]["Id"] == COMPANY
    with pytest.raises(organizations.exceptions.AccessDeniedException):
        organizations.list_accounts()
    with pytest.raises(ClientError, match="InvalidAction"):
        organizations.list_roots()


def test_other_accounts_are_in_no_organization(place: Place) -> None:
    """Which is an error, as in AWS."""
    organizations = place.client("organizations")

    for operation in (organizations.describe_organization, organizations.list_accounts):
        with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
            operation()
