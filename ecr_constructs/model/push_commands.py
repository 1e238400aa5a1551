"""The commands that push an image with each client, as data.

Nothing is run: a command is a pipeline of argument lists, and its text is quoted for a shell.
"""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import NamedTuple

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import check_repository_name, image_tag_errors
from ecr_constructs.model.public_catalog import PUBLIC_REGION, public_name_errors
from ecr_constructs.model.validation import raise_if_invalid, reject

Arguments = tuple[str, ...]

PUBLIC_HOST = "public.ecr.aws"
# The pattern and the lengths of RegistryAliasName in the API model of ECR Public.
_ALIAS = re.compile(r"(?=.{2,50}\Z)[a-z][a-z0-9]+(?:[._-][a-z0-9]+)*")
# https://semver.org/#spec-item-9, without '+', which a tag cannot have.
_CHART_VERSION = re.compile(r"(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*)){2}(?:-[0-9A-Za-z.-]+)?")
# https://github.com/containerd/platforms/blob/main/platforms.go, with an operating system.
_PLATFORM = re.compile(r"[a-z0-9]+/[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)?")
_ARCHIVE = "image.tar"
_LAYOUT = "image"
_FILES = "artifact.tar.gz"
_FILES_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
# PowerShell makes a list of what has a comma, and splits an option at a dot or colon:
# https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_parsing
_BARE_IN_POWERSHELL = re.compile(r"[A-Za-z0-9_./:=-]*[A-Za-z0-9_/=-]|\.")

SHELLS = ("sh", "powershell")
HELPER = "ecr-login"
"""The name of the Amazon ECR credential helper in a client's configuration."""


@dataclass(frozen=True, slots=True)
class Command:
    """A step, and its command line: the output of one program is the input of the next."""

    step: str
    pipeline: tuple[Arguments, ...]

    def __str__(self) -> str:
        """Return the command line for a POSIX shell."""
        return " | ".join(map(shlex.join, self.pipeline))

    def text(self, shell: str) -> str:
        """Return the command line for one of the `SHELLS`."""
        if shell == "sh":
            return str(self)
        first, *others = self.pipeline
        variables: list[str] = []
        if first[0] == "env":
            variables = [*takewhile(lambda word: "=" in word, first[1:])]
            first = first[len(variables) + 1 :]
        settings = (word.partition("=") for word in variables)
        prefix = "".join(f"$env:{name} = {_quoted(value)}; " for name, _, value in settings)
        return prefix + " | ".join(
            " ".join(map(_in_powershell, program)) for program in (first, *others)
        )


def _in_powershell(word: str) -> str:
    is_split = word.startswith("-") and re.search("[.:]", word)
    if _BARE_IN_POWERSHELL.fullmatch(word) and not is_split:
        return word
    return _quoted(word)


def _quoted(word: str) -> str:
    return "'{}'".format(word.replace("'", "''"))


@dataclass(frozen=True, slots=True)
class Image:
    """An image that is to be pushed, with a valid name and tag.

    Attributes:
        host: The host of the registry; `PUBLIC_HOST` of a public one.
        repository: The name of the repository; in a public registry after the registry's alias.
        tag: The tag.
        platforms: The platforms that it is built for: ``linux/arm64``. Default: that of the
            machine.
    """

    host: str
    repository: str
    tag: str
    platforms: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Validate the parts of the reference."""
        if self.is_public:
            alias, _, name = self.repository.partition("/")
            raise_if_invalid("registry alias", alias, _alias_errors(alias))
            raise_if_invalid("repository name", name, public_name_errors(name))
        else:
            check_repository_name(self.repository)
        raise_if_invalid("image tag", self.tag, image_tag_errors(self.tag))
        for platform in self.platforms:
            raise_if_invalid("platform", platform, _platform_errors(platform))

    @property
    def is_public(self) -> bool:
        """Whether it is pushed to Amazon ECR Public."""
        return self.host == PUBLIC_HOST

    @property
    def local(self) -> str:
        """The image's name on the machine where it is built."""
        name = self.repository.partition("/")[2] if self.is_public else self.repository
        return f"{name}:{self.tag}"

    @property
    def remote(self) -> str:
        """The image's name in the registry."""
        return f"{self.host}/{self.repository}:{self.tag}"

    @property
    def built_for(self) -> Arguments:
        """The option that names the platforms."""
        return ("--platform", ",".join(self.platforms)) if self.platforms else ()

    @property
    def is_index(self) -> bool:
        """Whether it is built for several platforms, so that an index is pushed."""
        return len(self.platforms) > 1


def _alias_errors(alias: str) -> Iterator[Diagnostic]:
    if not _ALIAS.fullmatch(alias):
        message = "has 2 to 50 lowercase letters and digits, between them a single '.', '_' or '-'"
        yield Diagnostic("registry-alias-format", message)


def _platform_errors(platform: str) -> Iterator[Diagnostic]:
    if not _PLATFORM.fullmatch(platform):
        message = "is an operating system and an architecture"
        yield Diagnostic("platform-format", message, remedy="write one such as 'linux/arm64'")


def push_commands(
    client: str,
    image: Image,
    *,
    region: str,
    dual_stack: bool = False,
    fips: bool = False,
    profile: str | None = None,
    login: bool = True,
) -> tuple[Command, ...]:
    """Return the commands, from login to push, in order.

    A client whose push names the tag has no command for the step ``tag``, and one that builds and
    pushes at once has none for the step ``build``.

    Args:
        client: One of the `CLIENTS`.
        image: The image.
        region: The Region of a private registry.
        dual_stack: Whether the password comes from an endpoint with IPv6 addresses.
        fips: Whether the password comes from a FIPS endpoint.
        profile: The profile of the AWS CLI. Default: its own default.
        login: Whether to log in; not if a credential helper does, which then has the profile.

    Raises:
        ValidationError: ``client-platform``: the client pushes files, which have no platform.
            ``chart-version-format``: the tag of a chart is not a semantic version.
    """
    kind = CLIENTS[client]
    if image.platforms and not kind.takes_platforms:
        message = f"{client} pushes files, which have no platform"
        reject("platform", ",".join(image.platforms), "client-platform", message)
    commands = tuple(kind.after_login(kind.login[0], image))
    if not login:
        # The helper asks for the password in the environment of the client that pushes.
        return tuple(_with_profile(command, profile) for command in commands)
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoints.html
    variables = ["AWS_USE_DUALSTACK_ENDPOINT=true"] * dual_stack
    variables += ["AWS_USE_FIPS_ENDPOINT=true"] * fips
    env = ("env", *variables) if variables else ()
    service = "ecr-public" if image.is_public else "ecr"
    at = ("--region", PUBLIC_REGION if image.is_public else region)
    caller = ("--profile", profile) if profile else ()
    password = (*env, "aws", service, "get-login-password", *at, *caller)
    stdin = (*kind.login, "--username", "AWS", "--password-stdin", image.host)
    return (Command("login", (password, stdin)), *commands)


def _with_profile(command: Command, profile: str | None) -> Command:
    if profile is None or command.step != "push":
        return command
    program, *others = command.pipeline
    return Command(command.step, (("env", f"AWS_PROFILE={profile}", *program), *others))


def _engine(client: str, image: Image) -> Iterator[Command]:
    """Build into the client's own store, give the image its remote name, push that.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-push-ecr-image.html
    """
    yield _command("build", client, "build", *image.built_for, "--tag", image.local, ".")
    yield _command("tag", client, "tag", image.local, image.remote)
    yield _command("push", client, "push", image.remote)


def _buildx(client: str, image: Image) -> Iterator[Command]:
    """Build and push at once: the store of an engine may not hold an index.

    https://docs.docker.com/build/building/multi-platform/
    """
    build = (client, "buildx", "build", *image.built_for)
    yield _command("push", *build, "--tag", image.remote, "--push", ".")


def _docker(client: str, image: Image) -> Iterator[Command]:
    return _buildx(client, image) if image.is_index else _engine(client, image)


def _podman(client: str, image: Image) -> Iterator[Command]:
    """Collect the images of several platforms in a manifest list.

    https://docs.podman.io/en/latest/markdown/podman-manifest.1.html
    """
    if not image.is_index:
        yield from _engine(client, image)
        return
    yield _command("build", client, "build", *image.built_for, "--manifest", image.local, ".")
    remote = f"docker://{image.remote}"
    yield _command("push", client, "manifest", "push", "--all", image.local, remote)


def _nerdctl(client: str, image: Image) -> Iterator[Command]:
    """Push all platforms of an image.

    https://github.com/containerd/nerdctl/blob/main/docs/multi-platform.md
    """
    if not image.is_index:
        yield from _engine(client, image)
        return
    yield _command("build", client, "build", *image.built_for, "--tag", image.remote, ".")
    yield _command("push", client, "push", "--all-platforms", image.remote)


def _exported(image: Image, kind: str) -> Command:
    # Every driver of buildx writes `type=docker`; `type=oci` needs another than the default one:
    # https://docs.docker.com/build/exporters/oci-docker/
    program = ("docker", "buildx", "build") if image.is_index else ("docker", "build")
    return _command("build", *program, *image.built_for, "--output", kind, ".")


def _skopeo(client: str, image: Image) -> Iterator[Command]:
    """Copy an image that an engine exported.

    https://github.com/containers/skopeo/blob/main/docs/skopeo-copy.1.md
    """
    remote = f"docker://{image.remote}"
    if image.is_index:
        yield _exported(image, f"type=oci,dest={_ARCHIVE}")
        yield _command("push", client, "copy", "--all", f"oci-archive:{_ARCHIVE}", remote)
    else:
        yield _exported(image, f"type=docker,dest={_ARCHIVE}")
        yield _command("push", client, "copy", f"docker-archive:{_ARCHIVE}", remote)


def _crane(client: str, image: Image) -> Iterator[Command]:
    """Push an image that an engine exported; of an index a folder.

    https://github.com/google/go-containerregistry/blob/main/cmd/crane/doc/crane_push.md
    """
    path, kind = _ARCHIVE, f"type=docker,dest={_ARCHIVE}"
    if image.is_index:
        path, kind = _LAYOUT, f"type=oci,dest={_LAYOUT},tar=false"
    yield _exported(image, kind)
    yield _command("push", client, "push", path, image.remote)


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


class Client(NamedTuple):
    """A client.

    Attributes:
        login: Its login command.
        after_login: The commands after it.
        takes_platforms: Whether it pushes images, which have platforms.
        configuration: The file that names a credential helper for a registry. None: it has none,
            or names helpers in another way.
    """

    login: Arguments
    after_login: Callable[[str, Image], Iterator[Command]]
    takes_platforms: bool = True
    configuration: str | None = "~/.docker/config.json"


# https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md
_CONTAINERS = "~/.config/containers/auth.json"
CLIENTS: dict[str, Client] = {
    "docker": Client(("docker", "login"), _docker),
    "buildx": Client(("docker", "login"), _buildx),
    "podman": Client(("podman", "login"), _podman, configuration=_CONTAINERS),
    "buildah": Client(("buildah", "login"), _podman, configuration=_CONTAINERS),
    # It has one setting for all registries: https://runfinch.com/docs/managing-finch/
    "finch": Client(("finch", "login"), _nerdctl, configuration=None),
    "nerdctl": Client(("nerdctl", "login"), _nerdctl),
    "skopeo": Client(("skopeo", "login"), _skopeo, configuration=_CONTAINERS),
    "crane": Client(("crane", "auth", "login"), _crane),
    "oras": Client(("oras", "login"), _oras, takes_platforms=False),
    "helm": Client(("helm", "registry", "login"), _helm, takes_platforms=False, configuration=None),
}
"""The clients by name."""


def helper_configuration(client: str, host: str) -> tuple[str, dict[str, dict[str, str]]]:
    """Return the file that names a client's credential helpers, and what to add to it.

    https://github.com/awslabs/amazon-ecr-credential-helper

    Raises:
        ValidationError: ``client-helper``: the client names no helper for a registry in a file.
    """
    file = CLIENTS[client].configuration
    if file is None:
        able: Sequence[str] = [name for name, kind in CLIENTS.items() if kind.configuration]
        message = f"cannot name the helper of one registry; {', '.join(able)} can"
        reject("client", client, "client-helper", message)
    return file, {"credHelpers": {host: HELPER}}
