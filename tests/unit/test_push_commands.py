"""The commands that push an image, client by client."""

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.names import NAME_MAX_LENGTH, NAME_PATTERN, TAG_PATTERN
from ecr_constructs.model.push_commands import (
    CLIENTS,
    PUBLIC_HOST,
    Command,
    Image,
    helper_configuration,
    push_commands,
)
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
    "buildx": [
        f"{PASSWORD} | docker login {STDIN}",
        f"docker buildx build --tag {REMOTE} --push .",
    ],
    "finch": engine("finch"),
    "nerdctl": engine("nerdctl"),
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


BOTH = "--platform linux/amd64,linux/arm64"
EXPORT_BOTH = f"docker buildx build {BOTH} --output"
TWO_PLATFORMS = {
    "docker": [f"docker buildx build {BOTH} --tag {REMOTE} --push ."],
    "buildx": [f"docker buildx build {BOTH} --tag {REMOTE} --push ."],
    "podman": [
        f"podman build {BOTH} --manifest charts/service:1.4.0 .",
        f"podman manifest push --all charts/service:1.4.0 docker://{REMOTE}",
    ],
    "buildah": [
        f"buildah build {BOTH} --manifest charts/service:1.4.0 .",
        f"buildah manifest push --all charts/service:1.4.0 docker://{REMOTE}",
    ],
    "finch": [f"finch build {BOTH} --tag {REMOTE} .", f"finch push --all-platforms {REMOTE}"],
    "nerdctl": [f"nerdctl build {BOTH} --tag {REMOTE} .", f"nerdctl push --all-platforms {REMOTE}"],
    "skopeo": [
        f"{EXPORT_BOTH} type=oci,dest=image.tar .",
        f"skopeo copy --all oci-archive:image.tar docker://{REMOTE}",
    ],
    "crane": [
        f"{EXPORT_BOTH} type=oci,dest=image,tar=false .",
        f"crane push image {REMOTE}",
    ],
}


@pytest.mark.parametrize("client", [name for name, kind in CLIENTS.items() if kind.takes_platforms])
def test_several_platforms(client: str) -> None:
    """An index is pushed, with the images of all platforms."""
    image = replace(CHART, platforms=("linux/amd64", "linux/arm64"))

    _, *commands = push_commands(client, image, region=REGION)

    assert TWO_PLATFORMS[client] == list(map(str, commands))


def test_one_platform_is_built_as_usual() -> None:
    image = replace(CHART, platforms=("linux/arm64/v8",))

    _, build, *_ = push_commands("docker", image, region=REGION)

    assert str(build) == "docker build --platform linux/arm64/v8 --tag charts/service:1.4.0 ."


def test_a_public_registry_has_a_login_of_its_own() -> None:
    """Its password comes from one Region, and the local name has no alias."""
    image = Image(PUBLIC_HOST, "acme/tools/cli", "v1")

    login, build, tag, push = map(str, push_commands("docker", image, region=REGION))

    assert login == (
        "aws ecr-public get-login-password --region us-east-1 | "
        "docker login --username AWS --password-stdin public.ecr.aws"
    )
    assert build == "docker build --tag tools/cli:v1 ."
    assert tag == "docker tag tools/cli:v1 public.ecr.aws/acme/tools/cli:v1"
    assert push == "docker push public.ecr.aws/acme/tools/cli:v1"


def test_a_profile_is_that_of_the_password() -> None:
    login, *_ = push_commands("docker", CHART, region=REGION, profile="build account")

    assert str(login).startswith(f"{PASSWORD} --profile 'build account' | ")


def test_a_credential_helper_needs_no_login() -> None:
    """The client's own file names the helper."""
    commands = push_commands("podman", CHART, region=REGION, login=False)

    assert engine("podman")[1:] == list(map(str, commands))
    assert helper_configuration("podman", HOST) == (
        "~/.config/containers/auth.json",
        {"credHelpers": {HOST: "ecr-login"}},
    )


def test_a_credential_helper_has_the_profile() -> None:
    """It asks for the password in the environment of the client that pushes."""
    build, push = push_commands("skopeo", CHART, region=REGION, login=False, profile="it's")

    assert "AWS_PROFILE" not in str(build)
    assert str(push).startswith("""env 'AWS_PROFILE=it'"'"'s' skopeo copy docker-archive""")
    assert push.text("powershell").startswith("$env:AWS_PROFILE = 'it''s'; skopeo copy")


def test_powershell() -> None:
    """Variables are set before the command; a comma would make a list."""
    image = replace(CHART, platforms=("linux/amd64", "linux/arm64"))
    login, build, _ = push_commands("crane", image, region=REGION, fips=True, profile="it's")

    assert login.text("powershell") == (
        "$env:AWS_USE_FIPS_ENDPOINT = 'true'; "
        f"{PASSWORD} --profile 'it''s' | crane auth login {STDIN}"
    )
    assert build.text("powershell") == (
        "docker buildx build --platform 'linux/amd64,linux/arm64' "
        "--output 'type=oci,dest=image,tar=false' ."
    )
    assert Command("push", (("x", "-a.b"),)).text("powershell") == "x '-a.b'"
    assert build.text("sh") == str(build)


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
PUBLIC = by_code(
    {
        "registry-alias-format": ["a/web", "Acme/web", "acme-/web", f"{'a' * 51}/web"],
        "public-repository-name-format": ["acme/Web"],
    }
)
test_public_names = rejection_test(lambda name: Image(PUBLIC_HOST, name, "v1"), PUBLIC)
PLATFORMS = by_code({"platform-format": ["", "arm64", "linux/", "a/b/c/d", "Linux/x"]})
test_platforms = rejection_test(lambda platform: Image(HOST, "api", "v1", (platform,)), PLATFORMS)
test_clients_without_platforms = rejection_test(
    lambda client: push_commands(
        client, Image(HOST, "charts/api", "1.4.0", ("linux/arm64",)), region=REGION
    ),
    by_code({"client-platform": ["oras", "helm"]}),
)
test_clients_without_helpers = rejection_test(
    lambda client: helper_configuration(client, HOST), by_code({"client-helper": ["finch", "helm"]})
)
