"""The commands that push an image, client by client."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.names import NAME_MAX_LENGTH, NAME_PATTERN, TAG_PATTERN
from ecr_constructs.model.push_commands import CLIENTS, Image, push_commands
from tests.support.errors import by_code, rejection_test

HOST = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
REGION = "eu-central-1"
CHART = Image(HOST, "charts/service", "1.4.0")
PASSWORD = f"aws ecr get-login-password --region {REGION}"
STDIN = f"--username AWS --password-stdin {HOST}"
REMOTE = f"{HOST}/charts/service:1.4.0"
TAGS = ["", "a b", "-v1", ".v1", "v1+build", "x" * 129, "v1;reboot", "ü"]
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
    "crane": [f"{PASSWORD} | crane auth login {STDIN}", EXPORT, f"crane push image.tar {REMOTE}"],
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
    """Every client has its own commands and pushes to the same repository."""
    assert EXPECTED[client] == list(map(str, push_commands(client, CHART, region=REGION)))


def test_a_chart_at_the_root_is_pushed_to_the_registry_itself() -> None:
    """The address of a chart without a namespace ends with the host."""
    *_, push = push_commands("helm", Image(HOST, "service", "1.4.0"), region=REGION)

    assert f"helm push service-1.4.0.tgz oci://{HOST}/" == str(push)


def test_the_password_comes_from_the_same_kind_of_endpoint() -> None:
    """The password comes from an IPv6 or FIPS endpoint too."""
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
def test_a_shell_splits_a_command_into_its_arguments(client: str, name: str, tag: str) -> None:
    """Quoting is right for every repository and tag."""
    for command in push_commands(client, Image(HOST, name, tag), region=REGION):
        programs = [shlex.split(program) for program in str(command).split(" | ")]
        assert list(map(list, command.pipeline)) == programs


# A name or tag that registries reject never reaches a command; the tag of a chart is its version.
IMAGES = {
    **by_code({"image-tag-format": [("api", tag) for tag in TAGS]}),
    "a name": (("Payments/API", "v1"), "repository-name-characters"),
}
test_images = rejection_test(
    lambda name, tag: push_commands("docker", Image(HOST, name, tag), region=REGION), IMAGES
)
CHARTS = by_code({"chart-version-format": ["latest", "v1.4.0", "1.4", "01.4.0", "1.4.0-"]})
test_charts = rejection_test(
    lambda tag: push_commands("helm", Image(HOST, "charts/service", tag), region=REGION), CHARTS
)
