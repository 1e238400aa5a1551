"""``ecr-constructs push-commands``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_text
from ecr_constructs.cli.output import json_text
from ecr_constructs.environment.source import home_of
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.partitions import registry_host
from ecr_constructs.model.printable import printable
from ecr_constructs.model.push_commands import CLIENTS, Command, Image, push_commands
from ecr_constructs.model.registry_id import RegistryId

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence

    from ecr_constructs.live.ecr import Repository


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Print the commands that log in, build, tag and push. They can be copied, or piped into "
        "sh. Exit status: 1 if --live finds that ECR will reject the push."
    )
    parser.add_argument("repository", metavar="REPOSITORY", help="the name, such as payments/api")
    parser.add_argument(
        "--environment",
        metavar="FILE",
        help="the environment file of the repository, for account and Region",
    )
    parser.add_argument("--account", metavar="ID", help="instead of --environment: 12 digits")
    parser.add_argument("--region", help="instead of --environment: such as eu-central-1")
    parser.add_argument("--tag", default="latest", help="default: latest")
    parser.add_argument("--client", choices=tuple(CLIENTS), default="docker")
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


def run(options: argparse.Namespace) -> int:
    """Print the commands; 1 if ``--live`` finds that ECR will reject the push."""
    home = _home(options)
    endpoint = {"dual_stack": options.dual_stack, "fips": options.fips}
    image = Image(registry_host(*home, **endpoint), options.repository, options.tag)
    commands = push_commands(options.client, image, region=home.region, **endpoint)
    warnings = _warnings(home, image) if options.live else []
    if options.format == "json":
        sys.stdout.write(json_text(_document(options.client, image, commands, warnings)))
    else:
        sys.stdout.writelines(f"{command}\n" for command in commands)
    # Standard output may be piped into a shell.
    sys.stderr.writelines(
        f"{options.prog}: warning: {printable(warning)}\n" for warning in warnings
    )
    return int(bool(warnings))


def _home(options: argparse.Namespace) -> RegistryId:
    if options.environment and not options.account and not options.region:
        return home_of(options.environment, read_text(options.environment), options.repository)
    if options.account and options.region and not options.environment:
        return RegistryId(options.account, options.region)
    message = "give --environment FILE, or --account ID and --region REGION"
    raise CommandError(Diagnostic("registry-missing", message))


def _warnings(home: RegistryId, image: Image) -> list[str]:
    from ecr_constructs.live.ecr import Repository  # noqa: PLC0415 - boto3 is slow and optional

    return list(rejections(Repository(image.repository, home.region, home.account), image.tag))


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
    client: str, image: Image, commands: Sequence[Command], warnings: Sequence[str]
) -> dict[str, Any]:
    return {
        "registry": image.host,
        "image": image.remote,
        "client": client,
        "commands": [
            {"step": command.step, "pipeline": command.pipeline, "shell": str(command)}
            for command in commands
        ],
        "warnings": warnings,
    }
