"""``ecr-constructs push-commands``."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cli.arguments import empty_option
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_text
from ecr_constructs.cli.output import json_text, note
from ecr_constructs.environment.source import destination_of
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.partitions import known_region_errors, read_host, registry_host
from ecr_constructs.model.printable import printable
from ecr_constructs.model.public_catalog import PUBLIC_REGION
from ecr_constructs.model.push_commands import (
    CLIENTS,
    PUBLIC_HOST,
    SHELLS,
    Command,
    Image,
    helper_configuration,
    push_commands,
)
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.validation import raise_if_invalid

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from ecr_constructs.live.ecr import Repository


_MOVING = "latest"
_VALUED = ("environment", "account", "region", "platform", "profile")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Print the commands that log in, build, tag and push. They can be copied, or piped into "
        "a shell. Exit status: 1 if --live finds that ECR will reject the push."
    )
    parser.add_argument(
        "repository",
        metavar="REPOSITORY",
        help="the name, such as payments/api, or the URI of the repository, which names the "
        f"registry: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME, {PUBLIC_HOST}/ALIAS/NAME",
    )
    parser.add_argument(
        "--environment",
        metavar="FILE",
        help="the environment file of the repository, for account and Region",
    )
    parser.add_argument("--account", metavar="ID", help="instead of --environment: 12 digits")
    parser.add_argument("--region", help="instead of --environment: such as eu-central-1")
    parser.add_argument("--tag", default=_MOVING, help=f"default: {_MOVING}")
    parser.add_argument("--client", choices=tuple(CLIENTS), default="docker")
    parser.add_argument(
        "--platform",
        metavar="PLATFORM[,PLATFORM]",
        help="what the image is built for, such as linux/amd64,linux/arm64; default: this machine",
    )
    parser.add_argument(
        "--shell", choices=SHELLS, default="sh", help="the shell that runs the commands"
    )
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help="the profile of the AWS CLI, for the password and for --live",
    )
    parser.add_argument(
        "--credential-helper",
        action="store_true",
        help="leave the login to the Amazon ECR credential helper; a comment shows its setup",
    )
    parser.add_argument(
        "--dual-stack", action="store_true", help="push to the host with IPv4 and IPv6"
    )
    parser.add_argument("--fips", action="store_true", help="push to the FIPS 140-3 host")
    parser.add_argument(
        "--live",
        action="store_true",
        help="ask ECR whether the repository exists and whether it accepts the tag",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run)


class _Target(NamedTuple):
    """Where an image is pushed to.

    Attributes:
        registry: Account and Region. None: the public registry.
        tag_mutability: Which tags may move, as far as a file says it.
        endpoint: The kind of the registry's host.
    """

    registry: RegistryId | None
    image: Image
    endpoint: dict[str, bool]
    tag_mutability: TagMutability | None = None


def run(options: argparse.Namespace) -> int:
    """Print the commands; 1 if ``--live`` finds that ECR will reject the push."""
    if empty := empty_option(options, _VALUED):
        message = f"{empty} is empty: is a variable not set?"
        raise CommandError(Diagnostic("argument-empty", message))
    target = _target(options)
    image = target.image
    commands = push_commands(
        options.client,
        image,
        region=target.registry.region if target.registry else PUBLIC_REGION,
        **target.endpoint,
        profile=options.profile,
        login=not options.credential_helper,
    )
    helper = helper_configuration(options.client, image.host) if options.credential_helper else None
    rejected = _rejections(target, options.profile) if options.live else []
    warnings = [*_doubts(target), *rejected]
    if options.format == "json":
        document = _document(options, image, commands, warnings)
        if helper:
            document["credentialHelper"] = {"file": helper[0], "content": helper[1]}
        sys.stdout.write(json_text(document))
    else:
        if helper:
            sys.stdout.write(f"# {helper[0]} needs {json.dumps(helper[1])}\n")
        sys.stdout.writelines(f"{command.text(options.shell)}\n" for command in commands)
    # Standard output may be piped into a shell.
    sys.stderr.writelines(
        f"{options.prog}: warning: {printable(warning)}\n" for warning in warnings
    )
    return int(bool(rejected))


def _target(options: argparse.Namespace) -> _Target:
    platforms = tuple(dict.fromkeys(options.platform.split(","))) if options.platform else ()
    host, slash, name = options.repository.partition("/")
    endpoint = {"dual_stack": options.dual_stack, "fips": options.fips}
    if slash and host == PUBLIC_HOST:
        _only_uri(options, region=PUBLIC_REGION, is_public=True)
        return _Target(None, Image(host, name, options.tag, platforms), endpoint)
    parts = read_host(host) if slash else None
    if parts is not None:
        _only_uri(options, account=parts.account, region=parts.region)
        endpoint = {"dual_stack": parts.dual_stack, "fips": parts.fips}
        registry = RegistryId(parts.account, parts.region)
        host = registry_host(*registry, **endpoint)
        return _Target(registry, Image(host, name, options.tag, platforms), endpoint)
    registry, tag_mutability = _registry(options)
    host = registry_host(*registry, **endpoint)
    raise_if_invalid("Region", registry.region, known_region_errors(registry.region))
    image = Image(host, options.repository, options.tag, platforms)
    return _Target(registry, image, endpoint, tag_mutability)


def _only_uri(
    options: argparse.Namespace,
    *,
    region: str,
    account: str | None = None,
    is_public: bool = False,
) -> None:
    """Reject options that contradict the URI of a repository, which names its registry."""
    contradicting = {
        "--environment": options.environment,
        "--account": options.account not in (None, account) and not is_public,
        "--region": options.region not in (None, region),
        "--dual-stack": options.dual_stack,
        "--fips": options.fips,
        "--live": options.live and is_public,
    }
    for option, is_wrong in contradicting.items():
        if is_wrong:
            message = f"{options.repository} names its registry; {option} is not for it"
            raise CommandError(Diagnostic("uri-contradicted", message, remedy=f"omit {option}"))


def _registry(options: argparse.Namespace) -> tuple[RegistryId, TagMutability | None]:
    if options.environment and not options.account and not options.region:
        text = read_text(options.environment)
        return destination_of(options.environment, text, options.repository)
    if options.account and options.region and not options.environment:
        return RegistryId(options.account, options.region), None
    message = (
        "give --environment FILE, or --account ID and --region REGION, or the repository's URI"
    )
    raise CommandError(Diagnostic("registry-missing", message))


def _doubts(target: _Target) -> Iterator[str]:
    """Yield what is probably a mistake: a Region, and a tag that is meant to move."""
    mutability, image = target.tag_mutability, target.image
    # In a URI it may be newer than this version, so that it is not an error.
    region = target.registry.region if target.registry else PUBLIC_REGION
    for error in known_region_errors(region):
        yield f"{region} {error.message}; {error.remedy}"
    if image.tag == _MOVING and mutability is not None and not mutability.may_move(image.tag):
        yield (
            f"the tags of {image.repository} are {mutability}: ECR accepts {image.tag} once, and "
            "then rejects another image; give --tag"
        )


def _rejections(target: _Target, profile: str | None) -> list[str]:
    # boto3 is slow and optional.
    from ecr_constructs.live.connection import Connection  # noqa: PLC0415
    from ecr_constructs.live.ecr import Repository  # noqa: PLC0415

    image = target.image
    account, region = target.registry or (None, None)
    connection = Connection(region, account=account, profile=profile, note=note)
    with connection.readable("describe_images"):
        return list(rejections(Repository(image.repository, connection=connection), image.tag))


def rejections(repository: Repository, tag: str) -> Iterator[str]:
    """Yield each reason why a live repository will reject a push of a tag."""
    settings = repository.describe()
    if settings is None:
        yield (
            f"the repository {repository.name} does not exist; deploy it first, unless a creation "
            "template creates it on push"
        )
        return
    mutability = TagMutability(
        settings["imageTagMutability"].startswith("IMMUTABLE"),
        tuple(
            exclusion["filter"]
            for exclusion in settings.get("imageTagMutabilityExclusionFilters", [])
        ),
    )
    if mutability.may_move(tag):
        return
    answer = repository.ask(
        "describe_images", absent="ImageNotFoundException", imageIds=[{"imageTag": tag}]
    )
    if answer:
        image = answer["imageDetails"][0]
        yield (
            f"{repository.name}:{tag} is taken by {image['imageDigest']} since "
            f"{image['imagePushedAt']:%Y-%m-%d}, and its tags are {mutability}; ECR rejects "
            "another image: choose another tag"
        )


def _document(
    options: argparse.Namespace,
    image: Image,
    commands: Sequence[Command],
    warnings: Sequence[str],
) -> dict[str, Any]:
    return {
        "registry": image.host,
        "image": image.remote,
        "client": options.client,
        "commands": [
            {
                "step": command.step,
                "pipeline": command.pipeline,
                "shell": command.text(options.shell),
            }
            for command in commands
        ],
        "warnings": warnings,
    }
