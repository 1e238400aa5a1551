"""``ecr-constructs lifecycle``: the arguments of its commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.arguments import add_now
from ecr_constructs.cli.lifecycle_check import run as run_check
from ecr_constructs.cli.lifecycle_preview import run as run_preview

if TYPE_CHECKING:
    import argparse

_POLICY_HELP = (
    "a policy's JSON, what `aws ecr get-lifecycle-policy` prints, or a synthesized template; "
    "- is standard input"
)
_IMAGES_HELP = "what `aws ecr describe-images --filter imageStatus=ANY` prints, pages in a row"
_MANIFESTS_HELP = "what `aws ecr batch-get-image` prints, for indexes and shared layers"


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the commands."""
    parser = commands.add_parser(
        "lifecycle",
        help="which images a lifecycle policy deletes, and why",
        description="Which images a lifecycle policy deletes, when, and why.",
    )
    subcommands = parser.add_subparsers(metavar="COMMAND", required=True)
    _add_check(subcommands)
    _add_preview(subcommands)


def _add_check(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "check",
        help="what is wrong with a policy",
        description="Say what ECR would refuse in a policy, and what its author did not mean. "
        "Exit status: 1 if there is any, from --fail-on up.",
    )
    _add_policy(parser)
    parser.add_argument("--images", metavar="FILE", help=_IMAGES_HELP)
    parser.add_argument("--manifests", metavar="FILE", help=_MANIFESTS_HELP)
    add_now(parser)
    parser.add_argument(
        "--pull-through-cache", action="store_true", help="images come through such a cache"
    )
    parser.add_argument(
        "--fail-on",
        choices=("note", "info", "warning", "error"),
        default="error",
        help="minimum severity that fails the command; info is note; default: error",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.set_defaults(run=run_check, prog=parser.prog)


def _add_preview(commands: argparse._SubParsersAction[Any]) -> None:
    parser = commands.add_parser(
        "preview",
        help="which images a policy deletes, when, and why",
        description="Apply a policy to an inventory, from files or from a live repository. "
        "Exit status: 1 if --service-preview finds that ECR would do something else.",
    )
    _add_policy(parser)
    inventory = parser.add_mutually_exclusive_group()
    inventory.add_argument("--images", metavar="FILE", help=_IMAGES_HELP)
    inventory.add_argument(
        "--live", metavar="REPOSITORY", help="read images, and policy if none is given, from ECR"
    )
    parser.add_argument("--manifests", metavar="FILE", help=_MANIFESTS_HELP)
    add_now(parser)
    parser.add_argument(
        "--against", metavar="OLD_POLICY", help="show only what changes from this policy"
    )
    parser.add_argument(
        "--days", type=int, default=90, metavar="N", help="how far to look ahead; default: 90"
    )
    parser.add_argument("--region", help="with --live; default: that of the environment")
    parser.add_argument(
        "--service-preview",
        action="store_true",
        help="with --live: ask ECR too (StartLifecyclePolicyPreview) and compare",
    )
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    parser.set_defaults(run=run_preview, prog=parser.prog)


def _add_policy(parser: argparse.ArgumentParser) -> None:
    policy = parser.add_mutually_exclusive_group()
    policy.add_argument("--policy", metavar="FILE", help=_POLICY_HELP)
    policy.add_argument(
        "--template", metavar="FILE", dest="policy", help="the same, for a synthesized template"
    )
    parser.add_argument(
        "--repository", metavar="NAME", help="which repository of a template, by name or id"
    )
