"""The identity of a private registry."""

from typing import NamedTuple


class RegistryId(NamedTuple):
    """One private registry: an account has one in each Region.

    Attributes:
        account: The account's id.
        region: The Region.

    Example:
        >>> str(RegistryId("111122223333", "eu-west-1"))
        '111122223333/eu-west-1'
    """

    account: str
    region: str

    def __str__(self) -> str:
        """Return ``111122223333/eu-west-1``."""
        return f"{self.account}/{self.region}"
