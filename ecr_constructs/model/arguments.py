"""Check the arguments of public classes by their annotations, before anything else happens.

The annotations are the only statement of what a keyword takes: type checkers read them, and so do
the wrappers of this module, for the apps that run no type checker. What an annotation cannot say,
such as the length of a name, the model checks afterwards.
"""

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import partial, wraps
from inspect import Parameter, isfunction, signature
from operator import is_
from types import UnionType
from typing import Annotated, Any, Literal, Protocol, TypeVar, Union, get_args, get_origin

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import ValidationError, list_errors, raise_if_invalid, reject

_Class = TypeVar("_Class", bound=type)
_Check = Callable[[str, Any, list[Diagnostic]], Any]
"""Returns the value of a path, converted where its meaning is plain, or adds problems."""

UNCHECKED = "the value's own rules accept any type"
"""Marks an annotation that this module leaves alone: ``Annotated[str, UNCHECKED]``."""

NONE_IS_A_VALUE = "None is not the default"
"""Marks an annotation for which None means something else than the keyword's default."""

_ALIASES = {"id": "construct_id", "construct_id": "id"}


class HasDays(Protocol):
    """The part of ``cdk.Duration`` that the model reads."""

    def to_days(self) -> float:
        """Return the length in days."""


Days = int | HasDays
"""A number of days, or a ``cdk.Duration`` of whole days."""


def days_of(path: str, value: Days) -> int | float:
    """Return a number of days; reject a duration that is not a whole number of them."""
    if isinstance(value, int | float):
        return value
    try:
        days = value.to_days()
    except Exception:  # noqa: BLE001 - jsii reports an error of CDK as one of several classes
        days = 0.5
    if days != int(days):
        reject(
            path,
            value,
            "duration-not-days",
            "must be a whole number of days",
            path=path,
            remedy="write a number, or cdk.Duration.days(…)",
        )
    return days if is_unresolved(days) else int(days)


def checked(kind: _Class) -> _Class:
    """Check the arguments of a class's constructor and public methods at each call.

    A value of a wrong type raises a `ValidationError` with the code ``wrong-type``, which names the
    keyword, the value and what is allowed. An iterator or a set becomes a list, a member of an
    enumeration its value, and None the default of its keyword.
    """
    for name, member in list(vars(kind).items()):
        if name.startswith("_") and name != "__init__":
            continue
        function = getattr(member, "__func__", member)
        # A method of CDK itself, which a class only repeats, is no function.
        if isfunction(function):
            wrapper = _wrapped(kind, name, function)
            setattr(kind, name, wrapper if function is member else type(member)(wrapper))
    return kind


def _wrapped(kind: type, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    # A part of a class has the name of the whole.
    title = vars(kind).get("_TITLE", kind.__name__)
    if name != "__init__":
        title = f"{title}.{name}"

    arguments: _Arguments | None = None

    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        nonlocal arguments
        if arguments is None:
            # At the first call: importing the package stays cheap.
            arguments = _Arguments(function, title)
        args, kwargs = arguments.checked(args, kwargs)
        return function(*args, **kwargs)

    return wrapper


class _Arguments:
    """The parameters of a function, and the check of each."""

    def __init__(self, function: Callable[..., Any], title: str) -> None:
        self._title = title
        hints = typing.get_type_hints(function, include_extras=True)
        self._positional: list[str] = []
        self._defaults: dict[str, Any] = {}
        self._checks: dict[str, _Check] = {}
        self._rest: tuple[str, _Check] = "", _anything
        for name, parameter in signature(function).parameters.items():
            hint = hints.get(name, Any)
            if parameter.kind is Parameter.VAR_POSITIONAL:
                self._rest = name, _check_of(hint)
            elif parameter.kind is Parameter.VAR_KEYWORD:
                [options] = get_args(hint)
                for option, option_hint in typing.get_type_hints(options).items():
                    self._checks[option] = _check_of(option_hint | None)
            else:
                self._checks[name] = _check_of(hint)
                if parameter.kind is Parameter.POSITIONAL_OR_KEYWORD:
                    self._positional.append(name)
                if (
                    parameter.default is not Parameter.empty
                    and NONE_IS_A_VALUE not in get_args(hint)
                    and self._checks[name] is not _anything
                ):
                    self._defaults[name] = parameter.default

    def checked(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments, converted, or raise all their problems together."""
        # Constructs make twenty such calls for each repository, so plain loops.
        errors: list[Diagnostic] = []
        checks, defaults = self._checks, self._defaults
        positional = []
        for name, value in zip(self._positional, args, strict=False):
            if value is None and name in defaults:
                positional.append(defaults[name])
            else:
                positional.append(checks[name](name, value, errors))
        rest = self._rest_of(args[len(positional) :], errors) if len(args) > len(positional) else ()
        named: dict[str, Any] = {}
        for keyword, value in kwargs.items():
            name = keyword
            if name not in checks and _ALIASES.get(name) in checks:
                name = _ALIASES[name]
                if name in kwargs:
                    message = f"is another name of {name}, and both are given"
                    remedy = f"remove {keyword}"
                    errors.append(Diagnostic("keyword-given-twice", message, keyword, remedy))
            if value is None and name in defaults:
                named[name] = defaults[name]
            else:
                # Python itself rejects an unknown keyword.
                named[name] = checks.get(name, _anything)(name, value, errors)
        if errors:
            self._raise(args, kwargs, rest, errors)
        return (*positional, *rest), named

    def _rest_of(self, rest: Sequence[Any], errors: list[Diagnostic]) -> Sequence[Any]:
        if len(rest) == 1 and isinstance(rest[0], list | tuple | Iterator):
            # The values in a list, where they are expected one by one.
            [rest] = rest
        path, check = self._rest
        return [check(f"{path}[{index}]", item, errors) for index, item in enumerate(rest)]

    def _raise(
        self,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        rest: Sequence[Any],
        errors: list[Diagnostic],
    ) -> None:
        given = {**dict(zip(self._positional, args, strict=False)), **kwargs, self._rest[0]: rest}
        wrong = {re.split(r"[.[]", error.path)[0] for error in errors}
        shown = [f"{name}={_given(given[name])}" for name in given if name in wrong]
        raise_if_invalid(f"arguments of {self._title}", ", ".join(shown), errors)


# --- the check of each annotation ---------------------------------------------------------------


def _check_of(hint: Any) -> _Check:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in (Any, object) or UNCHECKED in arguments:
        return _anything
    if origin in _GENERICS:
        return _GENERICS[origin](*arguments)
    return _SCALARS.get(hint) or _instance(origin or hint)


def _anything(_path: str, value: Any, _errors: list[Diagnostic]) -> Any:
    return value


def _text(path: str, value: Any, errors: list[Diagnostic]) -> Any:
    if type(value) is str:
        return value
    value = _plain(value)
    if not isinstance(value, str):
        remedy = ""
        if isinstance(value, int) and not isinstance(value, bool):
            remedy = f"write {str(value)!r}"
        elif hasattr(type(value), "resolve"):
            remedy = "write cdk.Token.as_string(value)"
        errors.append(_wrong(path, value, "a string", remedy))
    return value


def _boolean(path: str, value: Any, errors: list[Diagnostic]) -> Any:
    if not isinstance(value, bool):
        errors.append(_wrong(path, value, "True or False"))
    return value


def _integer(path: str, value: Any, errors: list[Diagnostic]) -> Any:
    is_token = isinstance(value, float) and is_unresolved(value)
    if isinstance(value, bool) or not (isinstance(value, int) or is_token):
        errors.append(_wrong(path, value, "a whole number"))
    return value


def _number(path: str, value: Any, errors: list[Diagnostic]) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        errors.append(_wrong(path, value, "a number"))
    return value


_SCALARS: dict[Any, _Check] = {str: _text, bool: _boolean, int: _integer, float: _number}


def _choice(*choices: str) -> _Check:
    names = {choice.casefold(): choice for choice in choices}

    def check(path: str, value: Any, errors: list[Diagnostic]) -> Any:
        if isinstance(value, Enum):
            # Enumerations of CDK and botocore differ in case: ecr.TagStatus.UNTAGGED.
            value = names.get(str(value.value).casefold(), value.value)
        if not isinstance(value, str):
            errors.append(_wrong(path, value, " or ".join(map(repr, choices))))
        # The model rejects another string, with the reason.
        return value

    return check


def _union(*alternatives: Any) -> _Check:
    options = [option for option in alternatives if option is not type(None)]
    checks = [_check_of(option) for option in options]
    if len(checks) == 1:
        return partial(_optional, checks[0])

    def check(path: str, value: Any, errors: list[Diagnostic]) -> Any:
        if value is None and type(None) in alternatives:
            return None
        problems: list[Diagnostic] = []
        for option in checks:
            problems = []
            result = option(path, value, problems)
            if not problems:
                return result
        errors.append(_wrong(path, value, " or ".join(map(_described, options))))
        return value

    return check


def _optional(check: _Check, path: str, value: Any, errors: list[Diagnostic]) -> Any:
    return None if value is None else check(path, value, errors)


def _items(hint: Any, *_rest: Any, keeps_collections: bool = False) -> _Check:
    item_check = _check_of(hint)
    of_text = hint is str or get_origin(hint) in (Annotated, Literal)
    expected = f"a list of {_described_items(hint)}"

    def check(path: str, value: Any, errors: list[Diagnostic]) -> Any:
        if isinstance(value, (list, tuple)) and not value:
            return value
        if of_text and (problems := [*list_errors(path, value)]):
            errors += problems
            return value
        if not isinstance(value, (list, tuple)):
            if isinstance(value, Mapping | str | bytes) or not isinstance(value, Iterable):
                is_item = not isinstance(value, Mapping | str | bytes)
                write = "write a list of one" if is_item else ""
                errors.append(_wrong(path, value, expected, write))
                return value
            if keeps_collections and isinstance(value, Sized):
                return value
            # The order of a set differs from run to run, and templates must not.
            is_set = isinstance(value, AbstractSet)
            value = sorted(value, key=str) if is_set else tuple(value)
        if item_check is _anything:
            return value
        result = [item_check(f"{path}[{index}]", item, errors) for index, item in enumerate(value)]
        return value if all(map(is_, result, value)) else result

    return check


def _mapping(key_hint: Any, value_hint: Any) -> _Check:
    key_check, value_check = _check_of(key_hint), _check_of(value_hint)

    def check(path: str, value: Any, errors: list[Diagnostic]) -> Any:
        if not isinstance(value, Mapping):
            errors.append(_wrong(path, value, "a mapping", "write {key: value}"))
            return value
        return {
            key_check(f"{path}[{key!r}]", key, errors): value_check(
                f"{path}[{key!r}]", item, errors
            )
            for key, item in value.items()
        }

    return check


def _instance(kind: Any) -> _Check:
    members = _members(kind) if getattr(kind, "_is_protocol", False) else ()
    convert: Callable[[Any], Any] | None = getattr(kind, "_convert", None)
    extra = CHECKS.get(kind)

    def check(path: str, value: Any, errors: list[Diagnostic]) -> Any:
        if members:
            if all(_has(value, member) for member in members):
                return value
        elif isinstance(value, kind):
            errors += extra(path, value) if extra else ()
            return value
        elif convert is not None:
            try:
                converted = convert(value)
            except ValidationError as error:
                errors += [_below(path, problem) for problem in error.diagnostics]
                return value
            if converted is not None:
                return converted
        errors.append(_wrong(path, value, _described(kind), getattr(kind, "_REMEDY", "")))
        return value

    return check


_GENERICS: dict[Any, Callable[..., _Check]] = {
    Union: _union,
    UnionType: _union,
    Annotated: lambda hint, *_: _check_of(hint),
    Literal: _choice,
    Mapping: _mapping,
    Sequence: _items,
    tuple: _items,
    Iterable: partial(_items, keeps_collections=True),
}

CHECKS: dict[Any, Callable[[str, Any], Iterable[Diagnostic]]] = {}
"""Further checks of the values of a class, such as that a scope is within a stack."""


def _members(interface: Any) -> tuple[str, ...]:
    """Return the names that a value of an interface must have; properties may be optional."""
    return tuple(
        name
        for name, member in vars(interface).items()
        if not name.startswith("_") and not _is_optional(member)
    )


def _is_optional(member: Any) -> bool:
    getter = getattr(member, "fget", None)
    returned = getattr(getter, "__annotations__", {}).get("return")
    return type(None) in get_args(returned)


def _has(value: Any, member: str) -> bool:
    # The type first: to ask an object of CDK for a property is a call to Node.
    if hasattr(type(value), member):
        return True
    if isinstance(value, type):
        return False
    try:
        return hasattr(value, member)
    except RuntimeError:
        # It has one that CDK does not know, such as the addresses of an imported VPC.
        return True


# --- messages -----------------------------------------------------------------------------------


def _wrong(path: str, value: Any, expected: str, remedy: str = "") -> Diagnostic:
    return Diagnostic("wrong-type", f"must be {expected}, got {_given(value)}", path, remedy)


def _below(path: str, problem: Diagnostic) -> Diagnostic:
    inner = problem.path and f".{problem.path}"
    return Diagnostic(problem.code, problem.message, f"{path}{inner}", problem.remedy)


def _given(value: Any) -> str:
    if isinstance(value, Enum):
        return f"{_name(type(value))}.{value.name}"
    if value is None or isinstance(value, str | bytes | int | float | list | tuple | dict):
        return repr(value)
    return f"an object of {_name(type(value))}"


_NAMES = {str: "a string", bool: "True or False", int: "a whole number", float: "a number"}


def _described(hint: Any) -> str:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return " or ".join(map(repr, arguments))
    if hint in _NAMES:
        return _NAMES[hint]
    if origin in (Sequence, Iterable):
        return f"a list of {_described_items(arguments[0])}"
    if getattr(hint, "_is_protocol", False) and hint.__module__.startswith("ecr_constructs"):
        # The protocols of the model name the classes of CDK that they are for.
        return " or ".join(re.findall(r"``([\w.]+)``", hint.__doc__ or "")) or _name(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return " or ".join(f"{_name(hint)}.{member.name}" for member in hint)
    return _name(origin or hint)


def _described_items(hint: Any) -> str:
    is_text = hint is str or get_origin(hint) in (Annotated, Literal)
    return "strings" if is_text else _described(hint)


def _name(kind: Any) -> str:
    module = kind.__module__.removeprefix("aws_cdk.").removeprefix("aws_")
    own = module.startswith("ecr_constructs") or module in ("builtins", "constructs", "aws_cdk")
    return kind.__qualname__ if own else f"{module}.{kind.__qualname__}"


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) and isinstance(value.value, str) else value
