"""The accounts of EKS's images."""

import pytest

from ecr_constructs.model.eks_add_ons import ACCOUNTS, eks_account
from ecr_constructs.model.partitions import regions
from ecr_constructs.model.principals import ACCOUNT_ID
from ecr_constructs.model.validation import ValidationError


def test_accounts_are_ids_and_regions_exist() -> None:
    """Each Region of the list is one of AWS, each account has twelve digits."""
    assert not set(ACCOUNTS) - regions()
    assert all(ACCOUNT_ID.fullmatch(account) for account in ACCOUNTS.values())


@pytest.mark.parametrize(
    ("region", "account"),
    [
        ("eu-central-1", "602401143452"),
        ("us-gov-west-1", "013241004608"),
        ("cn-north-1", "918309763551"),
        ("me-central-1", "759879836304"),
    ],
)
def test_account_of_a_region(region: str, account: str) -> None:
    """The image names in Amazon's EKS optimized AMIs have the same accounts."""
    assert account == eks_account(region)


@pytest.mark.parametrize("region", ["us-iso-east-1", "mars-north-1", "${Token[AWS.Region.4]}"])
def test_an_unknown_region_is_rejected(region: str) -> None:
    """A guess would leave the nodes without images."""
    with pytest.raises(ValidationError) as caught:
        eks_account(region)
    assert ["eks-region-unknown"] == [item.code for item in caught.value.diagnostics]
