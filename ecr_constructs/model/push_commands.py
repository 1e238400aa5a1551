"""The commands that push an image with each client, as data.

Nothing is run: a command is a pipeline of argument lists, and its text is quoted for POSIX shells.
"""

import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ecr_constructs.model.names import check_repository_name, image_tag_errors
from ecr_constructs.model.validation import raise_if_invalid, reject

Arguments = tuple[str, ...]

# https://semver.org/#spec-item-9, without '+', which a tag cannot have.
_CHART_VERSION = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){2}(?:-[0-9A-Za-z.-]+)?")
_ARCHIVE = "image.tar"
_FILES = "artifact.tar.gz"
_FILES_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"


@dataclass(frozen=True, slots=True)
class Command:
    """A step, and its command line: the output of one program is the input of the next."""

    step: str
    pipeline: tuple[Arguments, ...]

    def __str__(self) -> str:
        """Return the command line for a POSIX shell."""
        return " | ".join(map(shlex.join, self.pipeline))


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is to be pushed, with a valid name and tag."""

    host: str
    repository: str
    tag: str

    def __post_init__(self) -> None:
        """Validate the parts of the reference."""
        check_repository_name(self.repository)
        raise_if_invalid("image tag", self.tag, image_tag_errors(self.tag))

    @property
    def local(self) -> str:
        """The image's name on the machine where it is built."""
        return f"{self.repository}:{self.tag}"

    @property
    def remote(self) -> str:
        """The image's name in the registry."""
        return f"{self.host}/{self.local}"


def push_commands(
    client: str, image: Image, *, region: str, dual_stack: bool = False, fips: bool = False
) -> tuple[Command, ...]:
    """Return the commands, from login to push, in order.

    A client whose push names the tag has no command for the step ``tag``. The password comes from
    an endpoint with IPv6 addresses if `dual_stack`, from a FIPS endpoint if `fips`.
    """
    login, after_login = CLIENTS[client]
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
    variables = ["AWS_USE_DUALSTACK_ENDPOINT=true"] * dual_stack
    variables += ["AWS_USE_FIPS_ENDPOINT=true"] * fips
    env = ("env", *variables) if variables else ()
    password = (*env, "aws", "ecr", "get-login-password", "--region", region)
    stdin = (*login, "--username", "AWS", "--password-stdin", image.host)
    return (Command("login", (password, stdin)), *after_login(login[0], image))


def _engine(client: str, image: Image) -> Iterator[Command]:
    """Build into the client's own store, give the image its remote name, push that.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-ecr-image.html
    """
    yield _command("build", client, "build", "--tag", image.local, ".")
    yield _command("tag", client, "tag", image.local, image.remote)
    yield _command("push", client, "push", image.remote)


def _archived() -> Command:
    # Every driver of buildx writes this format; `type=oci` needs another driver than the default:
    # https://docs.docker.com/build/exporters/oci-docker/
    return _command("build", "docker", "build", "--output", f"type=docker,dest={_ARCHIVE}", ".")


def _skopeo(client: str, image: Image) -> Iterator[Command]:
    """Copy an image that an engine exported.

    https://github.com/containers/skopeo/blob/main/docs/skopeo-copy.1.md
    """
    yield _archived()
    yield _command("push", client, "copy", f"docker-archive:{_ARCHIVE}", f"docker://{image.remote}")


def _crane(client: str, image: Image) -> Iterator[Command]:
    """Push an image that an engine exported.

    https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane_push.md
    """
    yield _archived()
    yield _command("push", client, "push", _ARCHIVE, image.remote)


def _oras(client: str, image: Image) -> Iterator[Command]:
    """Push the files of a folder, which need not be an image.

    https://oras.land/docs/commands/oras_push
    """
    yield _command("build", "tar", "-czf", _FILES, "dist")
    yield _command("push", client, "push", image.remote, f"{_FILES}:{_FILES_TYPE}")


def _helm(client: str, image: Image) -> Iterator[Command]:
    """Push a chart: its name is the last part of the repository's, its version is the tag.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/push-oci-artifact.html and
    https://helm.sh/docs/topics/registries/
    """
    if not _CHART_VERSION.fullmatch(image.tag):
        reject(
            "chart version",
            image.tag,
            "chart-version-format",
            "the tag of a chart is its version, which is semantic",
            remedy="write one such as '1.4.0'",
        )
    parent, _, chart = image.repository.rpartition("/")
    yield _command("build", client, "package", "--version", image.tag, ".")
    yield _command(
        "push", client, "push", f"{chart}-{image.tag}.tgz", f"oci://{image.host}/{parent}"
    )


def _command(step: str, *arguments: str) -> Command:
    return Command(step, (arguments,))


CLIENTS: dict[str, tuple[Arguments, Callable[[str, Image], Iterator[Command]]]] = {
    "docker": (("docker", "login"), _engine),
    "podman": (("podman", "login"), _engine),
    "buildah": (("buildah", "login"), _engine),
    "skopeo": (("skopeo", "login"), _skopeo),
    "crane": (("crane", "auth", "login"), _crane),
    "oras": (("oras", "login"), _oras),
    "helm": (("helm", "registry", "login"), _helm),
}
"""The login command of each client, and the commands after it."""
