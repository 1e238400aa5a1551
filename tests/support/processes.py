"""Commands run as a user runs them."""

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path


def run(
    command: Iterable[object],
    folder: Path,
    env: Mapping[str, str] | None = None,
    *,
    apart: bool = False,
    text: str | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, with a text as its input; its output has both streams.

    With ``apart``, standard error is captured by itself.
    """
    return subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=env,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if apart else subprocess.STDOUT,
        text=True,
        check=False,
    )
