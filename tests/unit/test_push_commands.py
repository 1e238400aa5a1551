"""The commands that push an image, client by client."""

import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.image_tags import TAG_PATTERN
from ecr_constructs.model.names import NAME_MAX_LENGTH, NAME_PATTERN
from ecr_constructs.model.push_commands import CLIENTS, Image, push_commands

HOST = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
REGION = "eu-central-1"
CHART = Image(HOST, "charts/service", "1.4.0")
PASSWORD = f"aws ecr get-login-password --region {REGION}"
STDIN = f"--username AWS --password-stdin {HOST}"
REMOTE = f"{HOST}/charts/service:1.4.0"
EXPORT = "docker build --output type=docker,dest=image.tar ."


def engine(client: str) -> list[str]:
    return [
        f"{PASSWORD} | {client} login {STDIN}",
        f"{client} build --tag charts/service:1.4.0 .",
        f"{client} tag charts/service:1.4.0 {REMOTE}",
        f"{client} push {REMOTE}",
    ]


EXPECTED = {
    "docker": engine("docker"),
    "podman": engine("podman"),
    "buildah": engine("buildah"),
    "skopeo": [
        f"{PASSWORD} | skopeo login {STDIN}",
        EXPORT,
        f"skopeo copy docker-archive:image.tar docker://{REMOTE}",
    ],
    "crane": [
        f"{PASSWORD} | crane auth login {STDIN}",
        EXPORT,
        f"crane push image.tar {REMOTE}",
    ],
    "oras": [
        f"{PASSWORD} | oras login {STDIN}",
        "tar -czf artifact.tar.gz dist",
        f"oras push {REMOTE} artifact.tar.gz:application/vnd.oci.image.layer.v1.tar+gzip",
    ],
    "helm": [
        f"{PASSWORD} | helm registry login {STDIN}",
        "helm package --version 1.4.0 .",
        f"helm push service-1.4.0.tgz oci://{HOST}/charts",
    ],
}


@pytest.mark.parametrize("client", CLIENTS)
def test_commands(client: str) -> None:
    """Every client logs in with its own words, and pushes to the same place."""
    assert EXPECTED[client] == list(map(str, push_commands(client, CHART, region=REGION)))


def test_a_chart_at_the_root_is_pushed_to_the_registry_itself() -> None:
    """A chart of a repository without a slash has nothing between host and name."""
    *_, push = push_commands("helm", Image(HOST, "service", "1.4.0"), region=REGION)

    assert f"helm push service-1.4.0.tgz oci://{HOST}/" == str(push)


def test_the_password_comes_from_the_same_kind_of_endpoint() -> None:
    """Over IPv6 or FIPS the password is asked for there as well, not only the push made there."""
    login, *_ = push_commands("docker", CHART, region=REGION, dual_stack=True, fips=True)

    assert str(login).startswith(
        f"env AWS_USE_DUALSTACK_ENDPOINT=true AWS_USE_FIPS_ENDPOINT=true {PASSWORD} | "
    )


@given(
    client=st.sampled_from(sorted(CLIENTS.keys() - {"helm"})),
    name=st.from_regex(NAME_PATTERN, fullmatch=True).filter(
        lambda name: 1 < len(name) <= NAME_MAX_LENGTH
    ),
    tag=st.from_regex(TAG_PATTERN, fullmatch=True),
)
def test_a_shell_reads_what_is_meant(client: str, name: str, tag: str) -> None:
    """Whatever repository and tag are, a shell splits a line into the arguments it stands for."""
    for command in push_commands(client, Image(HOST, name, tag), region=REGION):
        programs = [shlex.split(each) for each in str(command).split(" | ")]
        assert list(map(list, command.pipeline)) == programs


@pytest.mark.parametrize("tag", ["", "a b", "-v1", ".v1", "v1+build", "x" * 129, "v1;reboot", "ü"])
def test_refuses_tags(tag: str) -> None:
    """What no registry takes as a tag is refused before it reaches a command."""
    with pytest.raises(ValueError, match="a tag has 1 to 128 letters") as fault:
        Image(HOST, "api", tag)

    assert str(fault.value).startswith(f"Invalid image tag (value: {tag}):")


def test_refuses_repository_names() -> None:
    """A name that ECR refuses is refused with its words."""
    with pytest.raises(ValueError, match="; write 'payments/api'"):
        Image(HOST, "Payments/API", "v1")


@pytest.mark.parametrize("tag", ["latest", "v1.4.0", "1.4", "01.4.0", "1.4.0-"])
def test_refuses_charts_without_a_version(tag: str) -> None:
    """Helm takes a chart's tag from its version, so it must be one."""
    with pytest.raises(ValueError, match=re.escape("write one such as '1.4.0'")):
        push_commands("helm", Image(HOST, "charts/service", tag), region=REGION)
