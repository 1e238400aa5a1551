"""Print a report, write it to files, and show progress."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cloudformation.reading import exists, is_file, real_path
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.report.document import markdown, plain

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable, Iterator

    from ecr_constructs.report.document import Block


def emit(options: Namespace, render: Callable[[str], str | list[Block]]) -> None:
    """Write a report to the files of ``--output``, and print it in the format of ``--format``.

    `render` returns the report in a format, as blocks if a terminal may show it in colour.
    """
    for form, file in options.output:
        write_text(file, _text(form, render(form)))
    report = render(options.format)
    if isinstance(report, str):
        sys.stdout.write(report)
    else:
        print_blocks(options.format, report)


def write_text(name: str, text: str) -> None:
    """Write a file; whoever reads it meanwhile sees the old one or the new one, and no half."""
    path = real_path(name)
    whole = not exists(path) or is_file(path)
    draft = path.with_name(f".{path.name}.{os.getpid()}") if whole else path
    try:
        try:
            draft.write_text(text, encoding="utf-8")
            if whole:
                draft.replace(path)
        finally:
            if whole:
                draft.unlink(missing_ok=True)
    except OSError as error:
        message = f"cannot write {name}: {error.strerror}"
        raise CommandError(Diagnostic("file-unwritable", message)) from None


def print_blocks(form: str, blocks: Iterable[Block]) -> None:
    """Print a report as text or Markdown; in colour if this is a terminal and rich is there."""
    show = _terminal() if form == "text" and sys.stdout.isatty() else None
    if show:
        show(blocks)
    else:
        sys.stdout.write(_text(form, blocks))


def _text(form: str, report: str | Iterable[Block]) -> str:
    if isinstance(report, str):
        return report
    return markdown(report) if form == "markdown" else plain(report)


def json_text(document: dict[str, Any]) -> str:
    """Return a JSON document: each member on a line of its own, and each item of its lists.

    `indent` would take a minute for a hundred thousand images.
    """
    return f"{_object(document, '')}\n"


def _object(members: dict[str, Any], indent: str) -> str:
    inner = f"{indent}  "
    lines = (f"{inner}{json.dumps(key)}: {_value(value, inner)}" for key, value in members.items())
    return "\n".join(["{", ",\n".join(lines), f"{indent}}}"])


def _value(value: Any, indent: str) -> str:
    if isinstance(value, dict):
        return _object(value, indent)
    if isinstance(value, list) and value:
        items = ",\n".join(f"{indent}  {json.dumps(item)}" for item in value)
        return f"[\n{items}\n{indent}]"
    return json.dumps(value)


def _terminal() -> Callable[[Iterable[Block]], None] | None:
    try:
        from ecr_constructs.report.terminal import show  # noqa: PLC0415 - rich is slow and optional
    except ModuleNotFoundError:
        return None
    return show


def note(text: str) -> None:
    """Write a line to standard error while a command runs."""
    sys.stderr.write(f"ecr-constructs: {text}\n")
    sys.stderr.flush()


@contextmanager
def progress(
    description: str, total: int | None = None, *, long: bool = True
) -> Iterator[Callable[[int], None]]:
    """Show a bar on standard error while the block runs, if that is a terminal and rich is there.

    Nothing is shown of what does not take `long`. Yields what to call with the amount that was done
    since the last call; `total` is how much there is to do, if known.
    """
    if not long or not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console  # noqa: PLC0415 - slow and optional
        from rich.progress import BarColumn, MofNCompleteColumn, Progress  # noqa: PLC0415
    except ModuleNotFoundError:
        yield lambda _: None
        return
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.advance(task, done)
