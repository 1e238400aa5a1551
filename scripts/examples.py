"""Rewrite the output of the commands that documents show: `python -m scripts.examples`."""

import re
import shlex
from contextlib import chdir, redirect_stdout
from io import StringIO
from pathlib import Path

from ecr_constructs.cli.main import main

ROOT = Path(__file__).parent.parent
_EXAMPLE = re.compile(
    r"(?<=^```console\n)(\$ ecr-constructs (?:[^\n]*\\\n)*[^\n]*\n)(.*?)(?=^```$)",
    re.DOTALL | re.MULTILINE,
)


def output(command: str) -> str:
    """Run a command line that begins with ``$ ecr-constructs`` and return what it prints."""
    printed = StringIO()
    with chdir(ROOT), redirect_stdout(printed):
        main(shlex.split(command.replace("\\\n", " "))[2:])
    return printed.getvalue()


def rewritten(text: str) -> str:
    """Return a document with the present output of its commands; ``...`` still ends a part."""

    def example(match: re.Match[str]) -> str:
        printed = output(match[1])
        if match[2].endswith("...\n"):
            shown = match[2].count("\n") - 1
            printed = "".join([*printed.splitlines(keepends=True)[:shown], "...\n"])
        return match[1] + printed

    return _EXAMPLE.sub(example, text)


if __name__ == "__main__":
    for document in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        document.write_text(rewritten(document.read_text("utf-8")), encoding="utf-8")
