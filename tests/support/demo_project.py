"""A checkout of a test's own, in which the demo runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local_aws import paths

COPIED = ("app.py", "cdk.json", "environments", "local_aws")
LINKED = ("ecr_constructs", "stacks", ".venv", ".venv-local-aws", "node_modules")


@dataclass(frozen=True)
class Project:
    """A checkout of the test's own, and a folder for temporary files."""

    root: Path
    temporary: Path
    # What the developer's shell holds besides.
    variables: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start the demo in a process group of its own, as a shell does."""
        with subprocess.Popen(
            [sys.executable, "-m", "local_aws", "demo", *arguments],
            cwd=self.root,
            env={**os.environ, **self.variables, "TMPDIR": str(self.temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the demo to its end."""
        with self.started(*arguments) as process:
            output, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def replace_cli(self, script: str) -> None:
        """Put a shell script in the place of the CDK CLI."""
        (self.root / "node_modules").unlink()
        cli = self.root / "node_modules" / ".bin" / "cdk"
        cli.parent.mkdir(parents=True)
        cli.write_text(f"#!/bin/sh\n{script}\n")
        cli.chmod(0o755)

    def left(self) -> list[str]:
        """Return temporary files, and the commands of processes that would write such.

        Every process of the demo's inherits its folder for them. Where there is no /proc, only
        files are found.
        """
        marker = str(self.temporary).encode()
        left = [str(path) for path in self.temporary.rglob("*")]
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if marker in (process / "environ").read_bytes():
                    left.append((process / "cmdline").read_text())
            except OSError:
                continue
        return left


def make_project(folder: Path, variables: Mapping[str, str] | None = None) -> Project:
    """Make a checkout in a folder: what the tests change is copied, the rest is linked."""
    root, temporary = folder / "project", folder / "temporary"
    for path in (root, temporary):
        path.mkdir()
    for name in COPIED:
        source = paths.PROJECT / name
        if source.is_dir():
            shutil.copytree(source, root / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, root / name)
    for name in LINKED:
        (root / name).symlink_to(paths.PROJECT / name)
    # What jsii unpacks takes seconds; the checkouts of tests share it.
    cache, home = paths.HOME / ".cache", root / paths.HOME.relative_to(paths.PROJECT)
    for path in (cache, home):
        path.mkdir(parents=True, exist_ok=True)
    (home / ".cache").symlink_to(cache)
    return Project(root, temporary, variables or {})
