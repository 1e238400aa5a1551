"""Read what the AWS CLI and the SDKs print: pages of entries, and what is something else.

The AWS CLI prints `NextToken` with ``--max-items``, and `nextToken` with ``--no-paginate``, as the
SDKs return it: the output is then not complete.
https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-pagination.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from ecr_constructs.model.json_reading import JsonError, read_document, skip_whitespace
from ecr_constructs.model.json_text import unique
from ecr_constructs.model.lifecycle.grammar import kind_of
from ecr_constructs.model.validation import reject

Json = Mapping[str, Any]

_SHOWN = 200
_DEPTH = 3
# What the AWS CLI and Python print when they fail, which `2>&1` writes into the file.
_FAILURE = re.compile(
    r"^(?:aws: |An error occurred|Could not connect|"
    r"usage: aws|Error |The config profile|Partial credentials|Unable to |Token has expired|"
    r"Connect timeout|Read timeout|SSL validation|Unknown options|You must specify)",
    re.IGNORECASE,
)
_TABLE = re.compile(r"\s*(?:-{5,}|\+-+\+|\|)")
_TEXT = re.compile(r"\s*[A-Z]{5,}\t")
_YAML = re.compile(r"\s*(?:-\s+)?[A-Za-z]\w*:(?:\s|$)")


class Output(NamedTuple):
    """A command of the AWS CLI, and the form of what it prints.

    Attributes:
        command: The command.
        key: The member of a page that lists the entries.
        entry_key: The member by which an entry is recognized without its page.
    """

    command: str
    key: str
    entry_key: str


DESCRIBE_IMAGES = Output("aws ecr describe-images", "imageDetails", "imageDigest")
BATCH_GET_IMAGE = Output("aws ecr batch-get-image", "images", "imageManifest")
# A member that shows what else a document is, and what to do with it.
_OTHERS = {
    "imageIds": "it is the output of list-images, without times; run describe-images",
    "repositories": "it is the output of describe-repositories; run describe-images for one",
    "lifecyclePolicyText": "it is a lifecycle policy; give it to --policy",
    "rules": "it is a lifecycle policy; give it to --policy",
    "imageDetails": "it is the output of describe-images; give it to --images",
    "images": "it is the output of batch-get-image; give it to --manifests",
}


class Page(NamedTuple):
    """A page of entries.

    Attributes:
        path: Where its entries are, for errors: ``page 2: imageDetails``.
        entries: The entries.
        members: All members of the page; none if only its entries were printed.
    """

    path: str
    entries: list[Any]
    members: Json

    @property
    def continues(self) -> bool:
        """Whether another page follows: it has a token for it."""
        return bool(self.members.get("nextToken") or self.members.get("NextToken"))

    @property
    def located(self) -> Iterator[tuple[str, Any]]:
        """The entries, each with its path."""
        return ((f"{self.path}[{index}]", entry) for index, entry in enumerate(self.entries))


def read_pages(output: str | Json | list[Any], expected: Output) -> list[Page]:
    """Return the pages of an output.

    The output is a text of one or more JSON documents, or one document as Python values. A
    document is a page, an entry (as ``--query 'imageDetails[]'`` and `jq` print them), or a list
    of either. Keys may begin with capitals, as some SDKs write them.

    Raises:
        ValidationError: It is something else; the error says what, and what to do.
    """
    documents = list(_documents(output, expected)) if isinstance(output, str) else [output]
    documents = list(_flat(documents, _DEPTH))
    if isinstance(output, str) and output.count(f'"{expected.key}"') > len(documents):
        # Of a key that is written twice, JSON readers take the last. To look for it costs time.
        list(_documents(output, expected, once=True))
    pages: list[Page] = []
    bare: list[Any] = []
    for number, written in enumerate(documents, 1):
        document = _with_aws_keys(written, expected)
        if (
            isinstance(document, Mapping)
            and expected.entry_key in document
            and expected.key not in document
        ):
            bare.append(document)
            continue
        page = f"page {number}" if len(documents) > 1 else ""
        entries = document.get(expected.key) if isinstance(document, Mapping) else None
        if not isinstance(entries, list | tuple):
            _other_document(page, document, expected)
        path = f"{page}{': ' if page else ''}{expected.key}"
        pages.append(Page(path, list(entries), document))
    if bare:
        pages.append(Page(expected.key, bare, {}))
    return pages


def _flat(documents: list[Any], depth: int) -> Iterator[Any]:
    """Yield the items of lists of documents, as `jq --slurp` and ``--query`` write them."""
    for document in documents:
        if isinstance(document, list) and depth:
            yield from _flat(document, depth - 1)
        else:
            yield document


def _with_aws_keys(value: Any, expected: Output) -> Any:
    """Return a document with keys as the AWS CLI writes them, if they begin with capitals."""
    if not isinstance(value, Mapping):
        return value
    capitalized = {f"{key[:1].upper()}{key[1:]}" for key in (expected.key, expected.entry_key)}
    return _decapitalized(value) if not capitalized.isdisjoint(value) else value


def _decapitalized(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {f"{key[:1].lower()}{key[1:]}": _decapitalized(item) for key, item in value.items()}
    return [_decapitalized(item) for item in value] if isinstance(value, list) else value


def _documents(text: str, expected: Output, *, once: bool = False) -> Iterator[Any]:
    """Yield the documents of a text; reject a key that is written twice, if it may be `once`."""
    position = first = skip_whitespace(text, 0)
    if position == len(text):
        _not_json(expected, text, "is empty", f"run `{expected.command}` again")
    while position < len(text):
        try:
            document, position = read_document(text, position, unique if once else None)
        except ValueError as error:
            rest = text[position:]
            is_syntax = isinstance(error, JsonError) and error.kind == "syntax"
            if is_syntax and (position == first or failure_of(rest)):
                _not_json(expected, text, *_other_text(rest, str(error)))
            _not_json(expected, text, str(error))
        yield document
        position = skip_whitespace(text, position)


# --- what is something else ----------------------------------------------------------------------


def _other_text(text: str, problem: str) -> tuple[str, str]:
    """Return what a text is that is not JSON, and the remedy."""
    start = text[:_SHOWN].lstrip()
    rest = start.partition("\n")[0].rstrip()
    line = "".join(char if char.isprintable() else " " for char in rest)
    if failure := failure_of(text):
        return f"is an error of the command: {failure}", "run the command again"
    if start.startswith(("{", "[")):
        return problem, ""
    if start.startswith("<"):
        return "is HTML or XML, such as the answer of a proxy", "run the command again"
    for pattern, form in ((_TABLE, "table"), (_TEXT, "text"), (_YAML, "yaml")):
        if pattern.match(start):
            return f"not JSON: it is output in the format {form}", "add --output json"
    return f"not JSON; it begins with {line!r}", "add --output json"


def failure_of(text: str) -> str | None:
    """Return the error that a text begins with, if it is what the AWS CLI prints of a failure."""
    start = text[: 4 * _SHOWN].strip().partition("\n")[0].rstrip()
    line = "".join(char if char.isprintable() else " " for char in start)
    return line if _FAILURE.match(line) else None


def _other_document(page: str, document: object, expected: Output) -> NoReturn:
    wanted = f'must be {{"{expected.key}": […]}} as `{expected.command}` prints it'
    if not isinstance(document, Mapping):
        malformed(page, wanted, kind_of(document), "leave out --query")
    if expected.key in document:
        kind = kind_of(document[expected.key])
        malformed(page, wanted, f"{expected.key} that is {kind}", "leave out --query")
    names = ", ".join(map(repr, list(document)[:5])) or "no key"
    other = next((_OTHERS[key] for key in _OTHERS if key in document), None)
    malformed(page, wanted, f"an object with {names}", other or "leave out --query")


def malformed(path: str, expected: str, actual: str, remedy: str = "") -> NoReturn:
    """Raise the error of a value that the AWS CLI does not print, such as ``must be text``."""
    message = f"{expected}, got {actual}"
    reject("inventory", actual, "inventory-malformed", message, path=path, remedy=remedy)


def _not_json(expected: Output, text: str, problem: str, remedy: str = "") -> NoReturn:
    message = f"{problem}; expected the output of `{expected.command}`"
    reject("inventory", text, "json-syntax", message, remedy=remedy)
