"""``ecr-constructs lifecycle``: the arguments of its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.arguments import add_formats, add_now
from ecr_constructs.cli.lifecycle_check import run as run_check
from ecr_constructs.cli.lifecycle_preview import run as run_preview

if TYPE_CHECKING:
    import argparse

_POLICY_HELP = (
    "the JSON of a policy, the output of `aws ecr get-lifecycle-policy`, a template in JSON or "
    "YAML, or a cloud assembly; - is standard input"
)
_IMAGES_HELP = "the output of `aws ecr describe-images --filter imageStatus=ANY`, pages in a row"
_MANIFESTS_HELP = "the output of `aws ecr batch-get-image`, for indexes and shared layers"


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    parser = commands.add_parser(
        "lifecycle",
        help="check and preview lifecycle policies",
        description="Check a lifecycle policy, or show which images it deletes, when, and why.",
    )
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_check(subcommands)
    _add_preview(subcommands)


def _add_check(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "check",
        help="find errors in a policy",
        description="Find what ECR rejects in a policy, and rules that never match or are probably "
        "mistakes. Exit status: 1 if there is a finding of the severity --fail-on or above.",
    )
    _add_policy(parser)
    parser.add_argument("--images", metavar="FILE", help=_IMAGES_HELP)
    parser.add_argument("--manifests", metavar="FILE", help=_MANIFESTS_HELP)
    add_now(parser)
    parser.add_argument(
        "--pull-through-cache",
        action="store_true",
        help="images of a pull-through cache",
    )
    parser.add_argument(
        "--fail-on",
        choices=("note", "info", "warning", "error"),
        default="error",
        help="minimum severity that fails the command; info means note; default: error",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run_check, prog=parser.prog)


def _add_preview(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "preview",
        help="show which images a policy deletes, when, and why",
        description="Apply a policy to an inventory, from files or from a live repository. "
        "Exit status: 1 if --service-preview finds that ECR decides otherwise.",
    )
    _add_policy(parser)
    inventory = parser.add_mutually_exclusive_group()
    inventory.add_argument("--images", metavar="FILE", help=_IMAGES_HELP)
    inventory.add_argument(
        "--live",
        metavar="REPOSITORY",
        help="read images (without --policy also that) from ECR",
    )
    parser.add_argument("--manifests", metavar="FILE", help=_MANIFESTS_HELP)
    add_now(parser)
    parser.add_argument(
        "--against", metavar="OLD_POLICY", help="show only what changes from this policy"
    )
    parser.add_argument(
        "--days", type=int, default=90, metavar="N", help="how far to look ahead; default: 90"
    )
    parser.add_argument("--region", help="with --live; default: the Region of the environment")
    parser.add_argument(
        "--service-preview",
        action="store_true",
        help="with --live: compare with a preview by ECR (StartLifecyclePolicyPreview)",
    )
    add_formats(parser, ("text", "json", "markdown"))
    parser.set_defaults(run=run_preview, prog=parser.prog)


def _add_policy(parser: argparse.ArgumentParser) -> None:
    policy = parser.add_mutually_exclusive_group()
    policy.add_argument("--policy", metavar="FILE", help=_POLICY_HELP)
    policy.add_argument(
        "--template", metavar="FILE", dest="policy", help="the same as --policy, for a template"
    )
    parser.add_argument(
        "--repository", metavar="NAME", help="the repository of a template, by name or logical id"
    )
