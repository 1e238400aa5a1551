"""``ecr-constructs push-commands``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_text
from ecr_constructs.cli.output import print_json
from ecr_constructs.environment.source import EnvironmentFileError
from ecr_constructs.environment.target import home_of
from ecr_constructs.model.push_commands import CLIENTS, Command, Image, push_commands
from ecr_constructs.model.registry_host import registry_host
from ecr_constructs.model.registry_id import RegistryId

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "push-commands",
        help="what to type to push an image to a repository",
        description="Print the commands that log in, build, tag and push. They can be copied, or "
        "piped into sh. Exit status: 1 if --live finds a reason why the push will be refused.",
    )
    parser.add_argument("repository", metavar="REPOSITORY", help="its name, such as payments/api")
    parser.add_argument(
        "--environment",
        metavar="FILE",
        help="the environment file that the repository is in; it tells account and Region",
    )
    parser.add_argument("--account", metavar="ID", help="in place of --environment: 12 digits")
    parser.add_argument("--region", help="in place of --environment: such as eu-central-1")
    parser.add_argument("--tag", default="latest", help="default: latest")
    parser.add_argument("--client", choices=tuple(CLIENTS), default="docker")
    parser.add_argument(
        "--dual-stack", action="store_true", help="push to the host that has IPv6 addresses too"
    )
    parser.add_argument("--fips", action="store_true", help="push to the FIPS 140-3 host")
    parser.add_argument(
        "--live",
        action="store_true",
        help="ask ECR whether the repository exists, and the tag is immutable and taken",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run, prog=parser.prog)


def run(options: argparse.Namespace) -> int:
    """Print the commands; 1 if ``--live`` finds that the push will be refused."""
    home = _home(options)
    endpoint = {"dual_stack": options.dual_stack, "fips": options.fips}
    try:
        host = registry_host(*home, **endpoint)
        image = Image(host, options.repository, options.tag)
        commands = push_commands(options.client, image, region=home.region, **endpoint)
    except ValueError as error:
        raise CommandError(str(error)) from None
    warnings = _warnings(home, image) if options.live else []
    if options.format == "json":
        print_json(_document(options.client, image, commands, warnings))
    else:
        sys.stdout.writelines(f"{command}\n" for command in commands)
    # Beside what may be piped into a shell.
    sys.stderr.writelines(f"{options.prog}: warning: {warning}\n" for warning in warnings)
    return int(bool(warnings))


def _home(options: argparse.Namespace) -> RegistryId:
    if options.environment and not options.account and not options.region:
        text = read_text(options.environment)
        try:
            return home_of(options.environment, text, options.repository)
        except EnvironmentFileError as error:
            raise CommandError(str(error)) from None
    if options.account and options.region and not options.environment:
        return RegistryId(options.account, options.region)
    msg = "give --environment FILE, or --account ID and --region REGION"
    raise CommandError(msg)


def _warnings(home: RegistryId, image: Image) -> list[str]:
    from ecr_constructs.cli import push_review  # noqa: PLC0415 - boto3 is slow and optional
    from ecr_constructs.live import ecr as live  # noqa: PLC0415 - boto3 is slow and optional

    repository = live.Repository(image.repository, home.region, home.account)
    return list(push_review.warnings(repository, image.tag))


def _document(
    client: str, image: Image, commands: Sequence[Command], warnings: Sequence[str]
) -> dict[str, Any]:
    return {
        "registry": image.host,
        "image": image.remote,
        "client": client,
        "commands": [
            {"step": each.step, "pipeline": each.pipeline, "shell": str(each)} for each in commands
        ],
        "warnings": warnings,
    }
