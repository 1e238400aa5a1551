"""What an app defines of each account and Region, so that no two parts overwrite each other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs.constructs.registry._replication import ReplicationValidator
from ecr_constructs.model.validation import reject

if TYPE_CHECKING:
    from ecr_constructs.constructs.registry._grants import RegistryGrants

# Part of the tree of deployed apps, so it stays as it is.
_ID = "EcrConstructsIndex"
_FUNCTION = "AWS::Lambda::Function"


@dataclass(frozen=True, slots=True)
class ImageFunction:
    """A Lambda function and the URI of its image, in which deploy-time values are ``*``.

    The name is None unless the app gives it.
    """

    path: str
    account: str
    region: str
    name: str | None
    image: str

    def runs(self, host: str, name: str) -> bool:
        """Tell whether the image is of a repository; the host ends after the Region's dot."""
        path = self.image.partition("/")[2]
        return self.image.startswith(host) and re.split("[:@]", path)[0] == name


class AppRegistry(Construct):
    """The registries of an app, and everything else of which an account and Region has only one.

    It is a child of the app's root, because jsii returns that as the same Python object from every
    stack and stage. It renders nothing.

    Attributes:
        registries: The app's registries by ``aws://ACCOUNT/REGION``.
        on_demand: What defines a registry that the app does not have yet, by the same.
        replications: What they replicate, validated together at synthesis.
        caches: The number of pull through caches by ``aws://ACCOUNT/REGION``.
    """

    def __init__(self, root: Construct) -> None:
        """Create the registry of an app; call `of` instead."""
        super().__init__(root, _ID)
        # `Registry` itself imports this module.
        self.registries: dict[str, RegistryGrants] = {}
        self.on_demand: dict[str, Callable[[], object]] = {}
        self.replications = ReplicationValidator(root)
        self.caches: Counter[str] = Counter()
        self._owners: dict[tuple[str, str], str] = {}

    @classmethod
    def of(cls, scope: Construct) -> AppRegistry:
        """Return the `AppRegistry` of a construct's app; create it if the app has none."""
        return cls.find(scope) or cls(cast("Construct", scope.node.root))

    @staticmethod
    def find(scope: Construct) -> AppRegistry | None:
        """Return the `AppRegistry` of a construct's app, or None if the app has none yet."""
        return cast("AppRegistry | None", scope.node.root.node.try_find_child(_ID))

    @cached_property
    def functions(self) -> list[ImageFunction]:
        """The functions of the app that run an image, at synthesis, when all are defined."""
        return [
            ImageFunction(
                node.node.path,
                stack.account,
                stack.region,
                _literal(stack.resolve(getattr(node, "function_name", None))),
                _text(image),
            )
            for node in self.node.root.node.find_all()
            if isinstance(node, cdk.CfnResource) and node.cfn_resource_type == _FUNCTION
            for stack in [cdk.Stack.of(node)]
            for code in [stack.resolve(getattr(node, "code", None))]
            if isinstance(code, Mapping) and (image := code.get("imageUri"))
        ]

    def claim(
        self,
        name: str,
        scope: Construct,
        construct_id: str,
        *,
        hint: str,
        of_account: bool | None = False,
        consequence: str = "at deploy the later would silently overwrite the earlier",
    ) -> None:
        """Reserve something that exists once in an account and Region, before it is created.

        Args:
            name: A name for it in messages: ``the registry``, ``the creation template 'payments'``.
            scope: The scope of the construct that will own it.
            construct_id: The id of that construct.
            hint: What to write instead of a second one.
            of_account: Whether it exists once in an account, for all Regions.
            consequence: What would happen if there were two.

        Raises:
            ValidationError: ``defined-twice``: another construct of the app owns it already. In
                stacks without account or Region the two may be different; that is a warning.
        """
        environment = cdk.Stack.of(scope).environment
        if of_account:
            environment = environment.rpartition("/")[0]
        owner = f"{scope.node.path}/{construct_id}"
        first = self._owners.setdefault((environment, name), owner)
        if first == owner:
            return
        message = (
            f"{first!r} and {owner!r} both define {name} of {environment}, which has only one: "
            f"{consequence}"
        )
        if "unknown-" not in environment:
            reject("app", name, "defined-twice", message, path=owner, remedy=hint)
        cdk.Annotations.of(scope).add_warning_v2(
            "ecr-constructs:definedTwice", f"{message}; {hint}"
        )


def _literal(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _text(value: Any) -> str:
    """Return the text of a rendered value; what only the deployment knows is ``*``."""
    match value:
        case str():
            return value
        case {"Fn::Join": [str(delimiter), list(parts)]}:
            return delimiter.join(map(_text, parts))
        case {"Fn::Select": [int(index), {"Fn::Split": [str(delimiter), text]}]}:
            # CDK reads the account and the Region of an ARN so.
            return [*_text(text).split(delimiter), *["*"] * (index + 1)][index]
        case _:
            return "*"
