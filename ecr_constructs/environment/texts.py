"""Values of an environment file that are valid by themselves, and not in this file."""

from collections.abc import Collection, Iterator
from typing import Any

from ecr_constructs.cloudformation.template import Place
from ecr_constructs.environment.source import Problem
from ecr_constructs.model.principals import partition_errors
from ecr_constructs.model.tokens import is_list_mark, is_unresolved

# Keys whose texts people read, or with which requests are compared.
_PROSE = frozenset({"about", "acknowledge", "Condition", "description", "name", "tags", "usage"})


def deploy_time_values(content: Any) -> Iterator[Problem]:
    """Yield the texts that CDK would take for values that CloudFormation resolves.

    The library accepts such values unchecked, since an app makes them; a file cannot.
    """
    for place, text in _texts(content, ()):
        if is_unresolved(text) or is_list_mark(text):
            message = f"{text!r} is the mark of a value that only a CDK app has"
            remedy = "write the value itself, or define it in Python"
            yield Problem(place, "deploy-time-value", message, remedy)


def other_partitions(content: Any, partition: str) -> Iterator[Problem]:
    """Yield the ARNs of another partition, of which nothing here finds or admits anything."""
    for place, text in _texts(content, (), without=_PROSE):
        for error in partition_errors(text, partition):
            # Policies may have a pattern in place of the partition.
            if not {"*", "?"} & {*text.split(":")[1]}:
                yield Problem(place, error.code, error.message)


def without_organization(content: Any) -> Iterator[Problem]:
    """Yield the settings that admit an organization, if the file has none."""
    if content.get("organization") is not None:
        return
    for place, value in _values(content, ()):
        if place[-1] == "organization_may_pull" and value is True:
            message = "admits nobody: the file has no organization"
            remedy = "write the organization's id as organization, or remove this"
            yield Problem(place, "organization-missing", message, remedy)


def _values(node: Any, place: Place) -> Iterator[tuple[Place, Any]]:
    """Yield each value of a mapping or a list with its place."""
    items = node.items() if isinstance(node, dict) else ()
    for step, value in enumerate(node) if isinstance(node, list) else items:
        yield (*place, step), value
        yield from _values(value, (*place, step))


def _texts(node: Any, place: Place, without: Collection[str] = ()) -> Iterator[tuple[Place, str]]:
    """Yield each text, and each key, with its place."""
    if isinstance(node, str):
        yield place, node
    elif isinstance(node, dict):
        for key, value in node.items():
            if key not in without:
                yield (*place, key), key
                yield from _texts(value, (*place, key), without)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _texts(value, (*place, index), without)
