"""The scripts of ``--print-completion``."""

import shutil
import subprocess
import sys

import pytest

from tests.cli.conftest import Run, write

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")
# The words before the cursor, and what may come next.
WORDS = {
    "push-com": ["push-commands"],
    "push-commands --cl": ["--client"],
    "push-commands --client po": ["podman"],
    "check --fail-on war": ["warning"],
}
COMPLETE = """
source ./completion
COMP_WORDS=(ecr-constructs {words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
$(complete -p ecr-constructs | sed -E 's/.*-F ([^ ]+).*/\\1/')
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_has_all_commands(run: Run, shell: str) -> None:
    """It has the options of each command too, which are imported for it."""
    result = run("--print-completion", shell)

    assert (0, "") == (result.status, result.err)
    assert all(word in result.out for word in ("lifecycle", "--print-completion"))
    # tcsh completes the commands, and no options of one.
    assert shell == "tcsh" or "platform" in result.out


@pytest.mark.parametrize(("words", "completions"), WORDS.items())
def test_bash_completes(run: Run, words: str, completions: list[str]) -> None:
    """The shell itself finds the one word."""
    write("completion", run("--print-completion", "bash").out)
    bash = shutil.which("bash") or "bash"

    shown = subprocess.run(
        [bash, "-c", COMPLETE.format(words=words)], capture_output=True, text=True, check=True
    )

    assert completions == shown.stdout.split()


def test_without_shtab_it_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is part of an extra, which the error names."""
    monkeypatch.setitem(sys.modules, "shtab", None)

    result = run("--print-completion", "bash")

    assert (2, ["shtab-missing"], "") == (result.status, result.codes, result.out)
