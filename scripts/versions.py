"""Try the library with the versions that pyproject.toml claims: `python -m scripts.versions`.

Each combination of Python and aws-cdk-lib gets an environment of its own, in a temporary folder, in
which the app and every example are synthesized with `EcrChecks`.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
UV = Path(sys.executable).with_name("uv")
_PROGRAM = """
import runpy, sys
import aws_cdk as cdk
from ecr_constructs import EcrChecks

class App(cdk.App):
    def __init__(self, **options):
        super().__init__(**options)
        cdk.Validations.of(self).add_plugins(EcrChecks())

sys.path.insert(0, sys.argv[2])
cdk.App = App
runpy.run_path(sys.argv[1], run_name="__main__")
"""


def lowest() -> str:
    """Return the lowest version of aws-cdk-lib that pyproject.toml allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    [requirement] = (item for item in project["dependencies"] if item.startswith("aws-cdk-lib"))
    [version] = re.findall(r">=([0-9.]+)", requirement)
    return str(version)


def locked() -> str:
    """Return the version of aws-cdk-lib that the other tests use."""
    text = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    [version] = re.findall(r"^aws-cdk-lib==([0-9.]+)", text, re.MULTILINE)
    return str(version)


def requirements(cdk: str) -> list[str]:
    """Return what to install: aws-cdk-lib in a version, or by the names lowest, locked, newest."""
    named = {"lowest": lowest, "locked": locked}
    version = named[cdk]() if cdk in named else cdk
    return [f"{ROOT}[app,cli]", "aws-cdk-lib" if cdk == "newest" else f"aws-cdk-lib=={version}"]


def programs() -> Iterator[Path]:
    """Yield the app and every example."""
    yield ROOT / "app.py"
    yield from sorted(ROOT.glob("examples/*/app.py"))


def failures(python: str, cdk: str) -> list[str]:
    """Return what failed with an interpreter and a version of aws-cdk-lib."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "venv"
        interpreter = environment / "bin" / "python"
        commands: list[list[str | Path]] = [
            [UV, "venv", "--quiet", "--python", python, environment],
            [UV, "pip", "install", "--quiet", "--python", interpreter, *requirements(cdk)],
        ]
        for command in commands:
            done = subprocess.run(command, capture_output=True, check=False, text=True)
            if done.returncode:
                return [f"{' '.join(map(str, command))}\n{done.stderr}"]
        return [*_failed(interpreter, Path(folder))]


def _failed(interpreter: Path, folder: Path) -> Iterator[str]:
    variables = {**os.environ, "CDK_VALIDATION": "false", "CDK_OUTDIR": str(folder / "cdk.out")}
    variables.pop("PYTHONPATH", None)
    for program in programs():
        command = [str(interpreter), "-c", _PROGRAM, str(program), str(program.parent)]
        done = subprocess.run(
            command, capture_output=True, check=False, text=True, cwd=ROOT, env=variables
        )
        if done.returncode:
            yield f"{program.relative_to(ROOT)}: {done.stderr.strip().splitlines()[-1]}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Try each combination; 1 if one failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", metavar="VERSION", help="default: this one")
    parser.add_argument(
        "--cdk", action="append", metavar="VERSION", help="a version, or lowest, locked, newest"
    )
    options = parser.parse_args(arguments)
    status = 0
    for python in options.python or [sys.executable]:
        for cdk in options.cdk or ["lowest", "newest"]:
            failed = failures(python, cdk)
            print(f"Python {python}, aws-cdk-lib {cdk}: {'failed' if failed else 'ok'}")
            print("".join(f"  {item}\n" for item in failed), end="")
            status |= bool(failed)
    return status


if __name__ == "__main__":
    sys.exit(main())
