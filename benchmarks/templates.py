"""What needs no CDK: the import, `check` next to cfn-lint, `review` next to reading its files."""

import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import Figure, Size, in_turn, python, ratios, run, slope_ratios
from benchmarks.ways import properties

# In each stack one repository in 100 changes, so that no file is the same in base and head.
PER_STACK, CHANGED = 500, 100
# Repositories that a pull request changes.
MANY = 3_000
SIZES = {"full": (7, 10_000), "quick": (2, 5_000), "tiny": (1, 100)}
IMPORTS = {"full": 40, "quick": 10, "tiny": 1}
READ = """
import json, pathlib, sys
for folder in sys.argv[1:]:
    for path in pathlib.Path(folder).iterdir():
        json.loads(path.read_text(encoding="utf-8"))
"""


# Every way to start a process raises an audit event first.
AUDIT = """
import json, sys
started = []
begin = ("subprocess.Popen", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.system")
sys.addaudithook(lambda event, _: started.append(event) if event in begin else None)
import ecr_constructs
heavy = ("aws_cdk", "boto3", "botocore", "constructs", "jsii", "pydantic")
print(json.dumps({"names": [name for name in heavy if name in sys.modules] + started}))
"""


def import_time(size: Size) -> Sequence[Figure]:
    """Measure the import, and count what it must not load or start."""
    commands = {"ours": python("-c", "import ecr_constructs"), "bare": python("-c", "pass")}
    in_turn(commands, 1)
    samples = in_turn(commands, IMPORTS[size])
    values = [1000 * (taken["ours"]["cpu"] - taken["bare"]["cpu"]) for taken in samples]
    names = run(python("-c", AUDIT))["names"]
    what = ", ".join(["import: CDK, jsii, processes", *names])
    return [
        Figure("import ecr_constructs", "bare Python", values, "ms", 50),
        Figure(what, "none", [float(len(names))], "count", 0),
    ]


def check(size: Size) -> Sequence[Figure]:
    """Compare `check` with cfn-lint on three stacks of 20 repositories."""
    rounds, _ = SIZES[size]
    with TemporaryDirectory() as folder:
        assembly = _write(Path(folder, "three"), 60, 20)
        lint = str(Path(python()[0]).with_name("cfn-lint"))
        commands = {
            "check": python("-m", "ecr_constructs", "check", assembly),
            "cfn-lint": [lint, "--regions", "eu-central-1", "--", f"{assembly}/*.template.json"],
        }
        samples = in_turn(commands, rounds)
    return [Figure("check, 3 stacks", "cfn-lint", ratios(samples, *commands), "x", 1 / 5)]


def review(size: Size) -> Sequence[Figure]:
    """Compare `review` of two assemblies with reading the files of both."""
    rounds, large = SIZES[size]
    commands = {}
    with TemporaryDirectory() as folder:
        for count in (20, large):
            base = _write(Path(folder, f"base-{count}"), count)
            head = _write(Path(folder, f"head-{count}"), count, days=3)
            options = ["--base", base, "--head", head, "--format", "json", "--fail-on", "never"]
            ours = python("-m", "ecr_constructs", "review", *options)
            commands["review", count] = ours
            commands["json.load", count] = python("-c", READ, base, head)
        values = slope_ratios(in_turn(commands, rounds), "review", "json.load")
    return [Figure(f"review, {large:,} repositories", "json.load", values, "x", 3)]


def comment(size: Size) -> Sequence[Figure]:
    """Measure the comment on a pull request that changes every repository."""
    rounds, large = SIZES[size]
    count = min(large, MANY)
    with TemporaryDirectory() as folder:
        base = _write(Path(folder, "base"), count)
        head = _write(Path(folder, "head"), count, days=3, changed=1)
        options = ["--base", base, "--head", head, "--format", "markdown", "--fail-on", "never"]
        command = {"comment": python("-m", "ecr_constructs", "review", *options)}
        values = [1000 * taken["comment"]["cpu"] for taken in in_turn(command, rounds)]
    return [Figure(f"comment, {count:,} changed repositories", "none", values, "ms", 5000)]


def _write(
    folder: Path,
    count: int,
    per_stack: int = PER_STACK,
    *,
    days: int = 7,
    changed: int = CHANGED,
) -> Path:
    """Write a cloud assembly; one repository in 100 keeps untagged images so many days."""
    folder.mkdir()
    artifacts = {}
    for number, first in enumerate(range(0, count, per_stack), 1):
        resources = {
            f"Service{n}": _repository(f"team-{number}/{n}", 7 if n % changed else days)
            for n in range(min(per_stack, count - first))
        }
        path = folder / f"Team{number}.template.json"
        path.write_text(json.dumps({"Resources": resources}, indent=1), encoding="utf-8")
        artifacts[f"Team{number}"] = {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111122223333/eu-central-1",
            "properties": {"templateFile": path.name},
        }
    manifest = json.dumps({"version": "48.0.0", "artifacts": artifacts})
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    return folder


def _repository(name: str, days: int) -> dict[str, Any]:
    retained = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {"Type": "AWS::ECR::Repository", **retained, "Properties": properties(name, days)}
