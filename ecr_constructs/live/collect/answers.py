"""Answers of AWS as a snapshot has them: as they are, with times as text and without secrets.

botocore turns each member of an answer into a value of its own, and a time into an object, which
takes five times as long as to read the JSON. What is read here is the JSON itself, in which only
the times are replaced; it also has the members that this version of botocore does not know.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.json_text import compact

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Convert = Callable[[Any], Any]

# Protocols whose answers are JSON with the names of the members.
_JSON = ("json", "rest-json")
_OK = 300
_RAW = "ecr-constructs-answer"
_EMPTY = b"{}"


def time_text(value: Any) -> Any:
    """Return a time as text: ``2026-11-27T23:05:00Z``; a text stays as it is.

    Args:
        value: Seconds since 1970, or a text.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return datetime.fromtimestamp(value, UTC).isoformat().removesuffix("+00:00") + "Z"


def prepare(session: Any) -> None:
    """Let the clients of a botocore session return answers as a snapshot has them.

    Times are text and binary values are Base64, also where botocore reads the answer.
    """
    factory = session.get_component("response_parser_factory")
    factory.set_parser_defaults(timestamp_parser=_parsed_time, blob_parser=_identity)
    session.register("before-parse", _keep_raw)


def _identity(value: Any) -> Any:
    return value


def _parsed_time(value: Any) -> Any:
    """Return a time that botocore hands on: a number, the text of one, or a text."""
    if isinstance(value, str):
        try:
            return time_text(float(value))
        except ValueError:
            return value
    return time_text(value)


def _keep_raw(
    operation_model: Any,
    response_dict: dict[str, Any],
    customized_response_dict: dict[str, Any],
    **_: Any,
) -> None:
    """Keep the JSON of an answer, and give botocore an empty one to read."""
    if response_dict["status_code"] >= _OK or _protocol(operation_model) not in _JSON:
        return
    shape = operation_model.output_shape
    convert = _conversion(shape) if shape is not None else None
    if convert is None or "payload" in shape.serialization:
        return
    answer = json.loads(response_dict["body"])
    if not isinstance(answer, dict):
        msg = f"it is {type(answer).__name__}"
        raise TypeError(msg)
    customized_response_dict[_RAW] = convert(answer)
    response_dict["body"] = _EMPTY


def _protocol(operation_model: Any) -> str:
    service = operation_model.service_model
    return str(getattr(service, "resolved_protocol", None) or service.metadata["protocol"])


def _conversion(shape: Any) -> Convert | None:
    """Return what replaces the times of an answer in place; None if names differ from the JSON's.

    A shape is compared by its identity: botocore has one object of each in a service.
    """
    return _conversions(shape)[0]


@cache
def _conversions(shape: Any) -> tuple[Convert | None]:
    try:
        return (_of(shape, ()) or _identity,)
    except LookupError:
        return (None,)


def _of(shape: Any, above: tuple[str, ...]) -> Convert | None:
    """Return what replaces the times in a value; None if it has none."""
    if shape.type_name == "timestamp":
        return time_text
    if shape.name in above:
        # No recursive value of AWS's has times.
        return None
    above = (*above, shape.name)
    if shape.type_name == "structure":
        return _of_structure(shape, above)
    part = {"list": "member", "map": "value"}.get(shape.type_name)
    convert = _of(getattr(shape, part), above) if part else None
    if convert is None:
        return None
    return _each(convert) if part == "member" else _each_value(convert)


def _of_structure(shape: Any, above: tuple[str, ...]) -> Convert | None:
    members: dict[str, Convert] = {}
    for name, member in shape.members.items():
        if member.serialization.get("name", name) != name or "location" in member.serialization:
            raise LookupError(name)
        if convert := _of(member, above):
            members[name] = convert
    if not members:
        return None
    pairs = tuple(members.items())

    def convert_members(value: Any) -> Any:
        for name, convert in pairs:
            if (member := value.get(name)) is not None:
                value[name] = convert(member)
        return value

    return convert_members


def _each(convert: Convert) -> Convert:
    return lambda values: [convert(value) for value in values]


def _each_value(convert: Convert) -> Convert:
    return lambda values: {key: convert(value) for key, value in values.items()}


def answer_of(response: Mapping[str, Any], without: frozenset[str]) -> dict[str, Any]:
    """Return an answer without what boto3 adds, and without some members at any depth."""
    answer = response.get(_RAW)
    if answer is None:
        answer = {name: response[name] for name in response if name != "ResponseMetadata"}
        answer = _as_text(answer)
    assert isinstance(answer, dict)
    if without:
        _remove(answer, without)
    return answer


# boto3 replaces these texts by their JSON values.
_TEXTS = ("AssumeRolePolicyDocument", "Document", "PolicyDocument", "TemplateBody")


def _as_text(value: Any) -> Any:
    """Return a value with the documents in it as texts, as the API describes them."""
    if isinstance(value, dict):
        return {
            name: compact(item) if name in _TEXTS and isinstance(item, dict) else _as_text(item)
            for name, item in value.items()
        }
    return [_as_text(item) for item in value] if isinstance(value, list) else value


def _remove(value: Any, names: frozenset[str]) -> None:
    if isinstance(value, dict):
        for name in names & value.keys():
            del value[name]
        for item in value.values():
            _remove(item, names)
    elif isinstance(value, list):
        for item in value:
            _remove(item, names)
