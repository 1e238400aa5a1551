"""What an app knows of its registries, so that two parts of it do not overwrite each other."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Protocol, cast

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs.constructs.registry._validation import ReplicationReview

if TYPE_CHECKING:
    from ecr_constructs.model.signing import SigningRule

_ID = "EcrConstructsIndex"


class OwnsRegistry(Protocol):
    """What other parts ask of a `Registry`, which itself needs this module."""

    @property
    def signing_rules(self) -> tuple[SigningRule, ...]:
        """Which images are signed, by which profile."""


class RegistryIndex(Construct):
    """The registries of an app, and what else an account and Region has only one of.

    It is a child of the app's root, since that comes back as the same Python object from every
    stack and stage; it defines nothing itself.

    Attributes:
        registries: The app's registries by ``aws://ACCOUNT/REGION``.
        replications: What they replicate, looked at together at synthesis.
        caches: How many pull through caches each has, by ``aws://ACCOUNT/REGION``.
    """

    def __init__(self, root: Construct) -> None:
        """Begin an index. `of` does, once for each app."""
        super().__init__(root, _ID)
        self.registries: dict[str, OwnsRegistry] = {}
        self.replications = ReplicationReview(root)
        self.caches: Counter[str] = Counter()
        self._owners: dict[tuple[str, str], str] = {}

    @classmethod
    def of(cls, scope: Construct) -> RegistryIndex:
        """Return the index of the app that a construct belongs to."""
        return cls.find(scope) or cls(cast("Construct", scope.node.root))

    @staticmethod
    def find(scope: Construct) -> RegistryIndex | None:
        """Return the index of the app that a construct belongs to, if it has one yet."""
        return cast("RegistryIndex | None", scope.node.root.node.try_find_child(_ID))

    def claim(
        self,
        what: str,
        scope: Construct,
        construct_id: str,
        *,
        instead: str,
        of_account: bool = False,
        otherwise: str = "at deploy the later would silently overwrite the earlier",
    ) -> None:
        """Take what an account and Region has only one of, before the construct is made.

        Args:
            what: The thing, in words: ``the registry``, ``the creation template 'payments'``.
            scope: Where the construct that will own it is to be made.
            construct_id: Its id there.
            instead: What to do instead of taking it a second time.
            of_account: Whether there is only one in all Regions of the account.
            otherwise: What would happen if there were two.

        Raises:
            ValueError: Another construct of the app owns it already. Where account or Region is
                known only at deploy time the two may be different, and it is a warning.
        """
        environment = cdk.Stack.of(scope).environment
        if of_account:
            environment = environment.rpartition("/")[0]
        owner = f"{scope.node.path}/{construct_id}"
        first = self._owners.setdefault((environment, what), owner)
        if first == owner:
            return
        msg = (
            f"{first!r} and {owner!r} both define {what} of {environment}, which has only one: "
            f"{otherwise}. {instead}"
        )
        if "unknown-" not in environment:
            raise ValueError(msg)
        cdk.Annotations.of(scope).add_warning_v2("ecr-constructs:definedTwice", msg)
