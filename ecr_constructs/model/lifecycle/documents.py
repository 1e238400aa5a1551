"""JSON documents that a command printed: one, or several one after the other."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ecr_constructs.model.lifecycle.rule_grammar import kind_of

_WHITE = " \t\r\n"


def pages(output: str | Mapping[str, Any], key: str, command: str) -> Iterator[tuple[str, Any]]:
    """Yield each entry of each page, with its place.

    Args:
        output: A text of pages, or one page as Python values.
        key: The key of a page's list.
        command: The command that prints such pages, for errors.

    Raises:
        ValueError: There is no page, or something that is none.
    """
    documents = list(_documents(output, command)) if isinstance(output, str) else [output]
    # A list of pages, as `jq --slurp` makes it.
    if len(documents) == 1 and isinstance(documents[0], list):
        documents = documents[0]
    for number, document in enumerate(documents, 1):
        where = f"page {number}: " if len(documents) > 1 else ""
        if not isinstance(document, Mapping) or not isinstance(document.get(key), list):
            found = _found(document, key)
            raise malformed(where, f'expected {{"{key}": […]}} as `{command}` prints it', found)
        for place, entry in enumerate(document[key]):
            yield f"{where}{key}[{place}]", entry


def malformed(where: str, expected: str, found: object) -> ValueError:
    """Return the error for a value that is not as it should be.

    Args:
        where: Its place.
        expected: What should be there: ``must be text``.
        found: What is there instead.
    """
    return ValueError(f"{where}{expected}, got {found}")


def _found(document: object, key: str) -> str:
    if not isinstance(document, Mapping):
        return kind_of(document)
    if key in document:
        return f"{key} that is {kind_of(document[key])}"
    return f"an object with {', '.join(map(repr, list(document)[:5])) or 'no key'}"


def _documents(text: str, command: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), _skip(text, 0)
    if at == len(text):
        msg = f"is empty; expected what `{command}` prints"
        raise ValueError(msg)
    while at < len(text):
        try:
            document, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            msg = (
                f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}; "
                f"expected what `{command}` prints"
            )
            raise ValueError(msg) from None
        except RecursionError:
            msg = f"nested too deeply; expected what `{command}` prints"
            raise ValueError(msg) from None
        yield document
        at = _skip(text, at)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in _WHITE:
        at += 1
    return at
