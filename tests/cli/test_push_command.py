"""``ecr-constructs push-commands`` on files; tests/cli/test_errors.py has what it rejects."""

import shlex

import pytest

from tests.cli.conftest import ROOT, Run, write
from tests.cli.test_errors import SOUND

PROD = str(ROOT / "environments" / "prod.yaml")


def test_an_environment_file_tells_where_to(run: Run) -> None:
    """Account and Region of the shipped production come from its file; there are four commands."""
    result = run("push-commands", "payments/api", "--environment", PROD, "--tag", "v1")

    assert (0, "") == (result.status, result.err)
    registry = "333344445555.dkr.ecr.eu-central-1.amazonaws.com"
    assert f"docker push {registry}/payments/api:v1" == result.out.splitlines()[3]


@pytest.mark.parametrize("repository", ["shop/web", "shop/api"])
def test_a_repository_is_found_with_and_without_settings(run: Run, repository: str) -> None:
    """A repository may be written as its name, or with settings."""
    result = run("push-commands", repository, "--environment", write("dev.yaml", SOUND))

    assert f"/{repository}:latest" in result.out


def test_json(run: Run) -> None:
    """The JSON has the arguments as lists, and the same line as the text."""
    command = shlex.split(
        "push-commands api --account 111122223333 --region us-east-1 --dual-stack --fips "
        "--client crane"
    )
    document = run(*command, "--format=json").json

    host = "111122223333.dkr-ecr-fips.us-east-1.on.aws"
    assert (host, f"{host}/api:latest") == (document["registry"], document["image"])
    assert ("crane", []) == (document["client"], document["warnings"])
    assert ["login", "build", "push"] == [step["step"] for step in document["commands"]]
    assert run(*command).out.splitlines() == [step["shell"] for step in document["commands"]]
    for step in document["commands"]:
        assert step["shell"] == " | ".join(map(shlex.join, step["pipeline"]))
