"""Properties of an L1 that its construct renders and other code may write too.

Code writes the properties of an L1 or overrides them, in an Aspect or a mixin for example. What it
wrote and what the construct requests are rendered together, in whatever order they run; what
cannot be joined raises.
"""

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, NoReturn, TypeVar

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_list_mark
from ecr_constructs.model.validation import ValidationError

_State = TypeVar("_State")
_PROPERTIES = "Properties"


class Unreadable(Exception):  # noqa: N818 - caught where the property is known
    """A written value is known only at deploy time, or is not one that CloudFormation takes."""

    def __init__(
        self, message: str = "is known only at deploy time, or is not what CloudFormation takes"
    ) -> None:
        """Take why it cannot be read."""
        super().__init__(message)


class JoinedResource(cdk.CfnResource):
    """An L1 that tells its construct what other code writes."""

    joined: "JoinedProperties[Any] | None" = None

    def __setattr__(self, name: str, value: Any) -> None:
        """Take what other code writes."""
        if self.joined is None or not self.joined.write(name, value):
            super().__setattr__(name, value)

    def set_property(self, name: str, value: Any) -> None:
        """Set a property for the construct."""
        super().__setattr__(name, value)

    def set_override(self, path: Sequence[str], value: Any) -> None:
        """Override a property for the construct, or remove it with None."""
        super().add_override(".".join([_PROPERTIES, *path]), value)

    # CDK applies overrides last, so an override would replace what the construct requests.

    def add_override(self, path: str, value: Any) -> None:
        """Take an override of other code."""
        first, *below = path.split(".")
        if path == _PROPERTIES and isinstance(value, Mapping):
            for name, item in value.items():
                self.add_property_override(name, item)
        elif (
            first != _PROPERTIES
            or not below
            or self.joined is None
            or not self.joined.override(below, value)
        ):
            super().add_override(path, value)

    def add_property_override(self, property_path: str, value: Any) -> None:
        """Override a property, as `add_override`."""
        self.add_override(f"{_PROPERTIES}.{property_path}", value)

    def add_deletion_override(self, path: str) -> None:
        """Remove a part of the resource, as `add_override`."""
        self.add_override(path, None)

    def add_property_deletion_override(self, property_path: str) -> None:
        """Remove a property, as `add_override`."""
        self.add_property_override(property_path, None)


class JoinedProperties(Generic[_State]):
    """What a construct requests of some properties, and what other code wrote.

    Both are joined once the construct requests something; until then what other code writes is
    rendered as it is.
    """

    _subject: ClassVar[str]
    """What the properties are, in messages and in codes: ``registry policy``."""
    _names: ClassVar[Mapping[str, str]]
    """The properties' names in CloudFormation, by attribute of the L1."""

    def __init__(self, construct: Construct) -> None:
        """Start without requests, which renders nothing."""
        self._construct = construct
        self._resource: JoinedResource | None = None
        self._requested: _State | None = None
        self._joined: _State | None = None
        # By name in CloudFormation, as other code wrote them.
        self._written: dict[str, Any] = {}
        self._overridden: dict[str, Any] = {}
        # The properties that CDK overrides, because nothing was requested yet.
        self._raw: set[str] = set()
        # Overrides within an element of a list: the value, and the element that it changes.
        self._parts: dict[tuple[str, ...], tuple[Any, Any]] = {}
        self._rendered: dict[str, Any] = {}

    def _create(self, **properties: Any) -> JoinedResource | None:  # noqa: ARG002
        """Create the L1 with the first request; by default the construct does."""
        return None

    @abstractmethod
    def _read(self, properties: Mapping[str, Any]) -> _State:
        """Return the state in properties that other code wrote, or raise `Unreadable`."""

    @abstractmethod
    def _join(self, states: Sequence[_State]) -> _State:
        """Return the state that has all of these, or raise; the requested one is the first."""

    @abstractmethod
    def _properties(self, state: _State) -> dict[str, Any]:
        """Return the properties of a state, by attribute of the L1."""

    def request(self, state: _State) -> None:
        """Render a state in the place of the one that was requested before."""
        written = {**self._written, **self._stored()}
        self._update(state, written, self._overridden)

    @property
    def rendered_properties(self) -> dict[str, Any]:
        """The properties with which the construct creates the L1 that it attaches."""
        return dict(self._rendered)

    def attach(self, resource: JoinedResource) -> None:
        """Join what other code writes on an L1 from now on."""
        self._resource = resource
        resource.joined = self
        self._construct.node.add_validation(AtSynthesis(self._errors))

    def write(self, attribute: str, value: Any) -> bool:
        """Take a property that other code writes, and return whether it is rendered."""
        name = self._names.get(attribute)
        if name is None:
            return False
        if not self._requested:
            self._rendered[attribute] = value
        elif value == self._rendered[attribute]:
            return True
        return self._take(_with(self._written, [name], value), self._overridden, value)

    def override(self, path: Sequence[str], value: Any) -> bool:
        """Take an override of a property, and return whether it is rendered."""
        if path[0] not in self._names.values():
            return False
        if any(map(str.isdecimal, path)):
            self._take_part(tuple(path), value)
            return False
        if not self._requested:
            self._raw.add(path[0])
        return self._take(self._written, _with(self._overridden, path, value), value)

    def _take(self, written: dict[str, Any], overridden: dict[str, Any], value: Any) -> bool:
        if self._requested and value is None:
            self._reject("removed", "other code removes what this construct renders")
        if self._requested:
            self._update(self._requested, written, overridden)
        else:
            self._written, self._overridden = written, overridden
        return bool(self._requested)

    def _take_part(self, path: tuple[str, ...], value: Any) -> None:
        """Take an override within a list, which CDK applies to the element at its index."""
        current = self._element(path, self._rendered, whole=True)
        if current is not None and current != value:
            self._reject("replaced", f"the override of {'.'.join(path)} replaces what is rendered")
        self._parts[path] = value, self._element(path, self._rendered)

    def _update(
        self, requested: _State, written: dict[str, Any], overridden: dict[str, Any]
    ) -> None:
        """Render what is requested with what other code wrote, or raise and change nothing."""
        joined = self._join([requested, *self._foreign(written, overridden)])
        properties = self._properties(joined)
        for path, (_, element) in self._parts.items():
            if self._element(path, properties) != element:
                message = f"the override of {'.'.join(path)} would change something else now"
                self._reject("override-moved", message)
        self._requested, self._joined = requested, joined
        self._written, self._overridden = written, overridden
        self._rendered = properties
        if self._resource is None and (resource := self._create(**properties)) is not None:
            self.attach(resource)
        if self._resource is not None:
            self._render(self._resource)

    def _render(self, resource: JoinedResource) -> None:
        for attribute, value in self._rendered.items():
            resource.set_property(attribute, value)
            if self._names[attribute] in self._raw:
                resource.set_override([self._names[attribute]], value)
        for path, (value, _) in self._parts.items():
            resource.set_override(path, value)

    def _foreign(
        self, written: Mapping[str, Any], overridden: Mapping[str, Any]
    ) -> Sequence[_State]:
        try:
            return [self._read(properties) for properties in (written, overridden) if properties]
        except Unreadable as error:
            self._reject("unresolved", str(error))

    def _stored(self) -> dict[str, Any]:
        """Return what code that is not Python wrote, past `JoinedResource.__setattr__`."""
        if self._resource is None:
            return {}
        stored = self._resource._cfn_properties  # noqa: SLF001 - CDK's way to extend an L1
        resolve = cdk.Stack.of(self._resource).resolve
        values = {name: stored.get(_camel(name)) for name in self._names.values()}
        return {
            name: values[name]
            for attribute, name in self._names.items()
            if values[name] is not None
            and resolve(values[name]) != resolve(self._rendered.get(attribute))
        }

    def _element(
        self, path: Sequence[str], properties: Mapping[str, Any], *, whole: bool = False
    ) -> Any:
        """Return the element that an override is within, or all that it overrides."""
        attribute = next(key for key, name in self._names.items() if name == path[0])
        value = cdk.Stack.of(self._construct).resolve(properties.get(attribute))
        for key in path[1:]:
            if isinstance(value, list):
                value = value[int(key)] if key.isdecimal() and int(key) < len(value) else None
                if not whole:
                    return value
            else:
                value = field(value, key)
        return value

    def _errors(self) -> Iterator[str]:
        """Yield what was lost, at synthesis."""
        if not self._requested:
            return
        states = [self._requested, *self._foreign(self._written, self._overridden)]
        if self._stored() or self._join(states) != self._joined:
            error = self._problem(
                "overwritten",
                "code changed it after this construct had read it",
                "let that code run before, or write the property again",
            )
            yield str(error)

    def _reject(self, code: str, message: str) -> NoReturn:
        problem = self._problem(code, message, "write it with the methods of the construct")
        raise ValidationError(self._subject, self._construct.node.path, [problem])

    def _problem(self, code: str, message: str, remedy: str) -> Diagnostic:
        slug = self._subject.replace(" ", "-")
        return Diagnostic(f"{slug}-{code}", message, self._construct.node.path, remedy)


def field(value: Any, name: str) -> Any:
    """Return a part of a struct or of a dictionary, in any of CDK's spellings of its name."""
    if isinstance(value, Mapping):
        parts = {_plain(key): item for key, item in value.items()}
        return parts.get(_plain(name))
    return getattr(value, name, None)


def text_of(value: Any) -> str:
    """Return a text that other code wrote, which may contain deploy-time values."""
    if not isinstance(value, str):
        raise Unreadable
    return value


def items_of(value: Any) -> list[Any]:
    """Return a list that other code wrote, empty if there is none."""
    if value is None:
        return []
    if not isinstance(value, list | tuple) or any(map(is_list_mark, value)):
        raise Unreadable
    return [*value]


def _plain(key: object) -> str:
    return str(key).replace("_", "").casefold()


def _camel(name: str) -> str:
    return f"{name[0].lower()}{name[1:]}"


def _with(values: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    """Return values with one more at a path; None removes it."""
    first, *below = path
    if below:
        inner = values.get(first)
        value = _with(inner if isinstance(inner, Mapping) else {}, below, value)
    changed = {**values, first: _copy(value)}
    return {key: item for key, item in changed.items() if item is not None}


def _copy(value: Any) -> Any:
    """Return a copy of what a caller may change later, or write elsewhere too."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value
