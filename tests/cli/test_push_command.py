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


LEVELS = {
    "development": ("development", "", "", False),
    "production": ("production", "", "", True),
    "a default": ("development", "{tag_mutability: immutable}", "", True),
    "a repository": ("production", "", "tag_mutability: mutable", False),
    "an exception": ("staging", "", "tag_mutability_exceptions: [latest]", False),
    "a default exception": ("staging", "{tag_mutability_exceptions: ['lat*']}", "", False),
    "an exception of another": (
        "staging",
        "{tag_mutability: mutable, tag_mutability_exceptions: [latest]}",
        "tag_mutability: immutable",
        True,
    ),
    "not written correctly": ("staging", "", "tag_mutability_exceptions: latest", False),
    "no profile": ("other", "", "", False),
}


@pytest.mark.parametrize(
    ("profile", "defaults", "settings", "is_warned"), LEVELS.values(), ids=LEVELS
)
def test_latest_is_no_tag_of_an_immutable_repository(
    run: Run, profile: str, defaults: str, settings: str, is_warned: bool
) -> None:
    """The environment file says so; the commands are printed, since the first push succeeds."""
    file = write(
        "prod.yaml",
        f"account: '111122223333'\nregion: eu-central-1\nprofile: {profile}\n"
        f"defaults: {defaults}\nteams:\n  shop:\n    repositories:\n"
        f"      - name: shop/web\n        {settings}\n",
    )
    command = ("push-commands", "shop/web", "--environment", file)

    result, named = run(*command, "--format", "json"), run(*command, "--tag", "v1")

    assert (0, is_warned) == (result.status, bool(result.json["warnings"]))
    assert is_warned == bool(result.err)
    assert (0, "") == (named.status, named.err)


URIS = {
    "public.ecr.aws/acme/web": "public.ecr.aws",
    "public.ecr.aws/acme/web --account 111122223333 --region us-east-1": "public.ecr.aws",
    "111122223333.dkr.ecr.eu-central-1.amazonaws.com/acme/web": "eu-central-1.amazonaws.com",
    "111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/acme/web": "cn-north-1.amazonaws.com.cn",
    "111122223333.dkr-ecr-fips.us-east-1.on.aws/acme/web": "dkr-ecr-fips.us-east-1.on.aws",
    # A Region that is newer than this version.
    "111122223333.dkr.ecr.eu-central-9.amazonaws.com/acme/web": "eu-central-9.amazonaws.com",
}


def test_a_region_of_a_uri_may_be_misspelled(run: Run) -> None:
    """Or newer than this version: a warning, with one that is like it."""
    result = run("push-commands", "111122223333.dkr.ecr.eu-centrl-1.amazonaws.com/api")

    assert (0, True) == (result.status, "'eu-central-1'" in result.err)


@pytest.mark.parametrize(("words", "host"), URIS.items())
def test_a_uri_names_its_registry(run: Run, words: str, host: str) -> None:
    """Neither account nor Region is asked for."""
    document = run("push-commands", *words.split(), "--format", "json").json

    assert document["registry"].endswith(host)
    assert document["image"] == f"{words.split(maxsplit=1)[0]}:latest"


@pytest.mark.parametrize(
    ("region", "suggestion"), [("eu-central-1", ""), ("eu-cental-1", "'eu-central-1'")]
)
def test_a_region_of_a_uri_may_be_misspelt(run: Run, region: str, suggestion: str) -> None:
    """It may also be newer than this version, so the commands are printed with a warning."""
    host = f"111122223333.dkr.ecr.{region}.amazonaws.com"
    result = run("push-commands", f"{host}/acme/web", "--tag", "v1")

    assert 0 == result.status
    assert f"docker push {host}/acme/web:v1" == result.out.splitlines()[3]
    assert bool(suggestion) == bool(result.err)
    assert suggestion in result.err


def test_platforms_are_named_once(run: Run) -> None:
    """Twice the same is no index."""
    words = "push-commands api --account 111122223333 --region us-east-1"
    twice = run(*words.split(), "--platform", "linux/arm64,linux/arm64")

    assert run(*words.split(), "--platform", "linux/arm64").out == twice.out


def test_a_credential_helper_is_set_up_in_a_file(run: Run) -> None:
    """The comment does nothing in a shell."""
    words = "push-commands api --account 111122223333 --region us-east-1 --credential-helper"
    document = run(*words.split(), "--format", "json").json
    comment, *commands = run(*words.split()).out.splitlines()

    helper = {"credHelpers": {"111122223333.dkr.ecr.us-east-1.amazonaws.com": "ecr-login"}}
    assert document["credentialHelper"] == {"file": "~/.docker/config.json", "content": helper}
    assert comment.startswith("# ~/.docker/config.json ")
    assert [step["shell"] for step in document["commands"]] == commands
    assert "login" not in [step["step"] for step in document["commands"]]


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
