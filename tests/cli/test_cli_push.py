"""``ecr-constructs push-commands`` on files: what it prints, and how it ends."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from ecr_constructs.cli.main import main

ROOT = Path(__file__).parent.parent.parent
PROD = str(ROOT / "environments" / "prod.yaml")
SOUND = """
account: "111122223333"
region: eu-central-1
teams:
  shop: {repositories: [shop/web, {name: shop/api, tag_mutability: mutable}]}
"""


class Result(NamedTuple):
    """How a command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command."""

    def push_commands(*arguments: str) -> Result:
        try:
            status = main(["push-commands", *arguments])
        except SystemExit as stop:
            status = int(str(stop.code))
        return Result(status, *capsys.readouterr())

    return push_commands


@pytest.fixture
def environment(tmp_path: Path) -> Callable[[str], str]:
    """Writes an environment file."""

    def write(text: str) -> str:
        path = tmp_path / "dev.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_an_environment_file_tells_where_to(run: Run) -> None:
    """Account and Region of the shipped production come from its file; there are four commands."""
    result = run("payments/api", "--environment", PROD, "--tag", "v1")

    assert (0, "") == (result.status, result.err)
    registry = "333344445555.dkr.ecr.eu-central-1.amazonaws.com"
    assert f"docker push {registry}/payments/api:v1" == result.out.splitlines()[3]


@pytest.mark.parametrize("repository", ["shop/web", "shop/api"])
def test_a_repository_is_found_with_and_without_settings(
    run: Run, environment: Callable[[str], str], repository: str
) -> None:
    """A repository may be written as its name, or with settings."""
    assert f"/{repository}:latest" in run(repository, "--environment", environment(SOUND)).out


def test_json(run: Run) -> None:
    """The JSON has the arguments as lists, and the same line as the text."""
    place = ("--account", "111122223333", "--region", "us-east-1")
    endpoint = ("--dual-stack", "--fips")
    text = run("api", *place, *endpoint, "--client", "crane")

    document = json.loads(run("api", *place, *endpoint, "--client", "crane", "--format=json").out)

    host = "111122223333.dkr-ecr-fips.us-east-1.on.aws"
    assert (host, f"{host}/api:latest") == (document["registry"], document["image"])
    assert ("crane", []) == (document["client"], document["warnings"])
    assert ["login", "build", "push"] == [command["step"] for command in document["commands"]]
    assert text.out.splitlines() == [command["shell"] for command in document["commands"]]
    for command in document["commands"]:
        assert command["shell"] == " | ".join(map(shlex.join, command["pipeline"]))


SAID_OF_FILES = {
    "nothing close": (
        SOUND,
        "warehouse",
        "'warehouse'; there are shop/api, shop/web",
    ),
    "something close": (SOUND, "shop/wep", "no repository 'shop/wep'; did you mean 'shop/web'?"),
    "many": (
        SOUND.replace("shop/web", ", ".join(f"shop/web{n}" for n in range(9))),
        "warehouse",
        "there are shop/api, shop/web0, shop/web1, shop/web2, shop/web3 and 5 more",
    ),
    "none": ("{account: '111122223333', region: eu-west-1, teams: {a: }}", "api", "there are none"),
    "odd teams": (
        "{account: '111122223333', region: eu-west-1, teams: {a: {repositories: [1, {}]}, b: []}}",
        "api",
        "there are none",
    ),
    "no environment": ("[]", "api", "is not an environment file: it has the keys account,"),
    "no teams": ("account: '111122223333'", "api", "is not an environment file: it has the keys"),
    "no YAML": ("{", "api", "not YAML: "),
    "an account without quotes": (
        SOUND.replace('"', ""),
        "shop/web",
        "dev.yaml:2: account: 111122223333: an account id is text, because of its",
    ),
    "no Region": (
        SOUND.replace("region", "place"),
        "shop/web",
        "region: None: a Region is written like 'eu-central-1'",
    ),
}


@pytest.mark.parametrize(
    ("text", "repository", "said"), SAID_OF_FILES.values(), ids=SAID_OF_FILES.keys()
)
def test_files_that_do_not_tell(
    run: Run, environment: Callable[[str], str], text: str, repository: str, said: str
) -> None:
    """What is wrong with a file is said in one line, with its name and what to write instead."""
    file = environment(text)
    result = run(repository, "--environment", file)

    assert (2, "", 1) == (result.status, result.out, result.err.count("\n"))
    assert file in result.err
    assert said in result.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("api", "give --environment FILE, or --account ID and --region REGION"),
        ("api --account 111122223333", "give --environment FILE, or --account ID and --region"),
        ("api --environment prod.yaml --region eu-west-1", "give --environment FILE, or"),
        ("api --environment none.yaml", "cannot read none.yaml: No such file or directory"),
        ("api --account 1 --region eu-west-1", "Invalid account (value: 1): an account id has 12"),
        (
            "api --account 111122223333 --region eu-west-1 --fips",
            "Invalid Region (value: eu-west-1): there is no FIPS host; the Regions with one",
        ),
        (
            "api --account 111122223333 --region eu-west-1 --tag 'a b'",
            "Invalid image tag (value: a b): a tag has 1 to 128 letters",
        ),
        (
            "api --account 111122223333 --region eu-west-1 --client helm",
            "Invalid chart version (value: latest): the tag of a chart is its version",
        ),
        ("api --client nerdctl", "argument --client: invalid choice: 'nerdctl'"),
    ],
)
def test_faults_are_one_line(run: Run, arguments: str, said: str) -> None:
    """A mistake ends with status 2 and one line that says what to write."""
    result = run(*shlex.split(arguments))

    assert (2, "", 1) == (result.status, result.out, result.err.count("\n"))
    assert result.err.startswith("ecr-constructs push-commands: ")
    assert said in result.err
