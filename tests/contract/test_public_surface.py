"""The contract with everybody who uses the package: names, options, keys, ids, exit statuses.

A change of ``public_surface.json`` is a change that users see. Words are not part of it.
"""

import argparse
import inspect
import json
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import ecr_constructs
import ecr_constructs.review
from ecr_constructs import checks
from ecr_constructs.cli import main as command
from ecr_constructs.cloudformation import graph
from tests.contract.documents import documents

SURFACE: dict[str, Any] = json.loads(
    Path(__file__).with_name("public_surface.json").read_text("utf-8")
)


def parameters(function: Callable[..., Any]) -> dict[str, str]:
    """Return each parameter of a callable and whether it may be left out."""
    return {
        name: f"{parameter.kind.name.lower()}"
        + ("" if parameter.default is parameter.empty else ", optional")
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self"
    }


def callables(kind: type) -> dict[str, Any]:
    """Return the public methods of a class of this package, with their parameters."""
    owners = [base for base in kind.__mro__ if base.__module__.startswith("ecr_constructs")]
    findings: dict[str, Any] = {}
    for owner in owners:
        for name, value in vars(owner).items():
            if name.startswith("_") and name != "__init__":
                continue
            function = getattr(value, "__func__", value)
            findings.setdefault(
                name, parameters(function) if inspect.isfunction(function) else "attribute"
            )
    return dict(sorted(findings.items()))


def commands(parser: argparse.ArgumentParser, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each command and what it takes."""
    arguments = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child, subparser in action.choices.items():
                yield from commands(subparser, f"{name} {child}".strip())
        elif not isinstance(action, argparse._HelpAction):
            choices = list(action.choices) if action.choices else None
            arguments[" ".join(action.option_strings) or action.dest] = choices
    yield name, arguments


def shape(value: object, path: str = "") -> Iterator[str]:
    """Yield the path of each key of a JSON document; the items of a list count as one."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{path}.{key}".lstrip(".")
            yield from shape(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from shape(item, f"{path}[]")


def test_names_of_the_package() -> None:
    """The public names are these, and their methods take these parameters."""
    findings = {name: callables(getattr(ecr_constructs, name)) for name in ecr_constructs.__all__}

    assert SURFACE["names"] == findings


@pytest.mark.parametrize("module", [checks, ecr_constructs.review], ids=["checks", "review"])
def test_names_of_the_modules(module: Any) -> None:
    """The modules that docs show have these names."""
    assert SURFACE["modules"][module.__name__] == sorted(module.__all__)


def test_rules() -> None:
    """A rule keeps its id and its severity."""
    assert SURFACE["rules"] == {rule.id: str(rule.severity) for rule in checks.RULES.values()}


def test_commands() -> None:
    """The commands take these options."""
    assert SURFACE["commands"] == dict(sorted(commands(command.parser())))


@pytest.mark.parametrize("name", SURFACE["documents"])
def test_documents(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A command ends with this status, and its JSON has these keys."""
    arguments, expected = documents()[name], SURFACE["documents"][name]

    status = command.main(arguments)

    printed = json.loads(capsys.readouterr().out)
    assert (expected["status"], expected["keys"]) == (status, sorted(set(shape(printed))))


def test_a_former_module_warns(monkeypatch: pytest.MonkeyPatch) -> None:
    """A module that docs have shown is still there, and says where its names are now."""
    monkeypatch.delitem(sys.modules, "ecr_constructs.checks.assembly", raising=False)

    with pytest.warns(DeprecationWarning, match=r"ecr_constructs\.cloudformation\.graph"):
        former = import_module("ecr_constructs.checks.assembly")

    assert [graph.TemplateSet, graph.Stack] == [former.Assembly, former.Stack]
