"""L1 resources with properties that this library and other code write.

CDK keeps the last value of a property, and applies overrides after it. So what an Aspect, a mixin
or an escape hatch writes would replace what was requested of this library, or be replaced by its
next request. A resource of this module hands such a value to the author of the property instead.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Protocol

import aws_cdk as cdk

from ecr_constructs.model.validation import reject


class Author(Protocol):
    """What joins the values of a property, or rejects those of other code."""

    def write(self, value: Any) -> None:
        """Take a value of the property."""

    def override(self, below: Sequence[str], value: Any) -> bool:
        """Take an override of the property or of a part below it; return whether it did."""


class AuthoredResource(cdk.CfnResource):
    """A resource whose properties have authors, by the name that CloudFormation gives them."""

    _authors: Mapping[str, Author] = MappingProxyType({})

    def __setattr__(self, name: str, value: Any) -> None:
        """Give the author of a property what other code writes."""
        author = self._authors.get(name_in_cloudformation(name))
        if author is None:
            super().__setattr__(name, value)
        else:
            author.write(value)

    # CDK applies overrides last, so an override of a property would replace what others wrote.

    def add_override(self, path: str, value: Any) -> None:
        """Give the author of a property what other code overrides."""
        first, *below = path.split(".")
        if path == "Properties" and isinstance(value, Mapping):
            for name, item in value.items():
                self.add_property_override(name, item)
            return
        author = self._authors.get(below[0]) if first == "Properties" and below else None
        if author is None or not author.override(below[1:], value):
            super().add_override(path, value)

    def add_property_override(self, property_path: str, value: Any) -> None:
        """Override a property, as `add_override`."""
        self.add_override(f"Properties.{property_path}", value)

    def add_deletion_override(self, path: str) -> None:
        """Remove a part of the resource, as `add_override`."""
        self.add_override(path, None)

    def add_property_deletion_override(self, property_path: str) -> None:
        """Remove a property, as `add_override`."""
        self.add_property_override(property_path, None)

    def _setter(self, name: str) -> Callable[[Any], None]:
        """Return the property setter of CDK."""
        return partial(super().__setattr__, name)


class OwnedResource(AuthoredResource):
    """A resource of which the registry alone writes some properties.

    Another value cannot be joined with what was requested of the registry, so it is rejected.
    """

    def own(self, remedy: str, *names: str) -> None:
        """Reject from now on what other code writes to the properties."""
        self._setters = {name: self._setter(name) for name in names}
        self._authors = {
            name_in_cloudformation(name): _Owner(self.node.path, name, remedy) for name in names
        }

    def set_owned(self, name: str, value: Any) -> None:
        """Write a property for the registry."""
        self._setters[name](value)


class _Owner:
    def __init__(self, path: str, name: str, remedy: str) -> None:
        self._path = path
        self._name = name
        self._remedy = remedy

    def write(self, value: Any) -> None:
        reject(
            "registry configuration",
            value,
            "registry-configuration-written",
            f"{self._name} holds what was requested of the Registry, which another value would "
            "replace",
            path=self._path,
            remedy=self._remedy,
        )

    def override(self, below: Sequence[str], value: Any) -> bool:
        # An override of one rule, or of a part of it, leaves the others as they are.
        if below in ([], ["Rules"]):
            self.write(value)
        return False


def name_in_cloudformation(name: str) -> str:
    """Return the name of a property of which an L1 has an attribute."""
    return "".join(word.capitalize() for word in name.split("_"))
