"""The wheel is what users get: it is built, installed into an empty environment, and used."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import processes
from tests.support.constructs import ROOT

UV = Path(sys.executable).with_name("uv")
APP = """
import sys
import aws_cdk as cdk
from ecr_constructs import LifecyclePolicy, LifecycleRule, RegistryKey, Repository, TagMutability

app = cdk.App(outdir=sys.argv[1])
stack = cdk.Stack(app, "Registry")
RegistryKey(stack, "Key", alias="alias/ecr/prod")
Repository(stack, "Api", repository_name="payments/api")
app.synth()
"""


def run(*command: str | Path, **environment: str) -> str:
    """Run a command outside of the checkout, so that only what is installed is found."""
    env = {**os.environ, **environment}
    result = processes.run(command, Path(sys.prefix), env, apart=True)
    assert 0 == result.returncode, result.stderr
    return result.stdout


def install(interpreter: Path, requirement: str | Path) -> None:
    """Install a wheel, from uv's cache if everything is there."""
    command = (UV, "pip", "install", "-q", "--python", interpreter, requirement)
    try:
        run(*command, "--offline")
    except AssertionError:
        run(*command)


def build(target: str, folder: Path) -> Path:
    """Build a distribution."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    [built] = [*folder.glob("*.whl"), *folder.glob("*.tar.gz")]
    return built


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a freshly built wheel."""
    return build("wheel", tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="session")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give the interpreter of an environment that holds the wheel and what it needs."""
    environment = tmp_path_factory.mktemp("environment") / "venv"
    run(UV, "venv", "--quiet", "--python", sys.executable, environment)
    interpreter = environment / "bin" / "python"
    install(interpreter, wheel)
    yield interpreter
    # Pytest keeps its folders for three runs, and this one is large.
    shutil.rmtree(environment)


MODULES = {path.relative_to(ROOT).as_posix() for path in (ROOT / "ecr_constructs").rglob("*.py")}
# What `ecr-constructs init` copies, from where it is used here.
COPIED = {
    path.relative_to(ROOT).as_posix()
    for place in (
        *("app.py", "cdk.json", "environments/*.json", "stacks/*.py"),
        *("examples/ci/*", "examples/deploy_role/*.*"),
    )
    for path in ROOT.glob(place)
}
TEMPLATES = (ROOT / "ecr_constructs" / "project" / "templates").iterdir()
DATA = {
    *(f"ecr_constructs/_project/{name}" for name in COPIED),
    *(path.relative_to(ROOT).as_posix() for path in TEMPLATES),
    *(path.relative_to(ROOT).as_posix() for path in (ROOT / "ecr_constructs").rglob("*.json")),
    "ecr_constructs/py.typed",
}


def test_wheel_holds_the_library_only(wheel: Path) -> None:
    """The wheel holds the library's modules, all of them, its data, and the mark of its types."""
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert MODULES | DATA == names


def test_sdist_holds_the_library_only(tmp_path: Path) -> None:
    """The source distribution builds the wheel; tests need the whole checkout."""
    with tarfile.open(build("sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    library = {name for name in names if name.startswith("ecr_constructs/")}
    assert MODULES == {name for name in library if name.endswith(".py")}
    metadata = {"PKG-INFO", "pyproject.toml", ".gitignore", "README.md", "CHANGELOG.md", "LICENSE"}
    assert metadata | COPIED == names - library


def test_wheel_states_its_metadata(wheel: Path) -> None:
    """The metadata carries the project's version, license and what it needs at run time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    with zipfile.ZipFile(wheel) as archive:
        [path] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        lines = archive.read(path).decode().splitlines()
    assert f"Version: {project['version']}" in lines
    assert "License-Expression: Apache-2.0" in lines
    needed = [line for line in lines if line.startswith("Requires-Dist:") and "extra" not in line]
    assert len(project["dependencies"]) == len(needed)


def test_an_app_synthesizes(python: Path, tmp_path: Path) -> None:
    """An app of ten lines synthesizes where nothing but the wheel is installed."""
    run(python, "-W", "error", "-c", APP, tmp_path / "cdk.out")

    template = json.loads((tmp_path / "cdk.out" / "Registry.template.json").read_text("utf-8"))
    assert {"AWS::ECR::Repository", "AWS::KMS::Alias", "AWS::KMS::Key"} == {
        resource["Type"] for resource in template["Resources"].values()
    }


def test_importing_starts_no_node(python: Path) -> None:
    """The package can be imported where there is no Node; the first construct needs one."""
    without = {"JSII_NODE": "/nonexistent/node"}
    run(python, "-c", "import ecr_constructs; ecr_constructs.LifecyclePolicy()", **without)

    with pytest.raises(AssertionError, match="/nonexistent/node"):
        run(python, "-c", "import ecr_constructs; ecr_constructs.Repository", **without)


def test_the_command_needs_no_extra(python: Path) -> None:
    """Without rich and boto3 it previews from files, and says what `--live` needs."""
    files = [
        f"--{option}={ROOT / 'examples' / 'lifecycle' / option}.json"
        for option in ("policy", "images", "manifests")
    ]
    command = [str(python.with_name("ecr-constructs")), "lifecycle", "preview"]

    assert "11 images: 3 deleted, " in run(*command, *files, "--now", "2026-11-24T12:00:00Z")
    live = subprocess.run([*command, "--live", "api"], capture_output=True, check=False, text=True)
    assert (2, True) == (live.returncode, "[boto3-missing]" in live.stderr)


def test_environment_files_need_their_extra(python: Path, wheel: Path) -> None:
    """Without it, the command line says what to install; with `app`, files are loaded."""
    folder = ROOT / "environments"
    command = (python.with_name("ecr-constructs"), "push-commands", "payments/api")
    with pytest.raises(AssertionError, match="yaml-not-installed"):
        run(*command, "--environment", folder / "prod.yaml")

    install(python, f"{wheel}[app]")
    program = (
        "import pathlib, sys; from ecr_constructs.environment.loading import load_environments; "
        "print(*load_environments(pathlib.Path(sys.argv[1])))"
    )
    assert {"dev", "prod", "staging"} <= set(run(python, "-c", program, folder).split())


def test_a_project_of_the_wheel_synthesizes(python: Path, wheel: Path, tmp_path: Path) -> None:
    """What `init` writes needs nothing of the checkout."""
    install(python, f"{wheel}[app]")
    command = (python.with_name("ecr-constructs"), "init", tmp_path / "project", "--ci=gitlab")
    flags = ("--account=111122223333", "--region=eu-central-1", "--team=payments")
    run(*command, *flags, "--repository=payments/api")

    outdir = str(tmp_path / "cdk.out")
    processes.run([python, "app.py"], tmp_path / "project", {**os.environ, "CDK_OUTDIR": outdir})

    [template] = (tmp_path / "cdk.out" / "assembly-Dev").glob("*.template.json")
    assert "payments/api" in template.read_text("utf-8")
    requirement = f"ecr-constructs[app,cli] @ {wheel.as_uri()}"
    assert requirement in (tmp_path / "project" / "pyproject.toml").read_text("utf-8")
