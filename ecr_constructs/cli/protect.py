"""``ecr-constructs protect``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cli.arguments import add_formats, add_limit, add_now, limit_of
from ecr_constructs.cli.errors import CommandError, one_line
from ecr_constructs.cli.output import emit, json_text, note, progress
from ecr_constructs.cli.usage import add_usage, usage_of
from ecr_constructs.model.diagnostics import Diagnostic, Severity
from ecr_constructs.report.protect import protect_blocks, protect_document
from ecr_constructs.snapshot.usage.protect import GRACE_DAYS, plan_protection, released_tag

if TYPE_CHECKING:
    import argparse

    from ecr_constructs.live.connection import Connection
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.report.document import Block
    from ecr_constructs.snapshot.usage.protect import Plan


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Plan a tag for each image that workloads use, which a first lifecycle rule keeps, and "
        "take it off a grace time after the last use. Exit status: 1 if a lifecycle policy deletes "
        "an image in use in spite of its tag."
    )
    add_usage(parser)
    parser.add_argument(
        "--environment",
        required=True,
        metavar="NAME",
        help="the name in the tags, in-use-NAME-DIGEST; each environment has its own tags",
    )
    parser.add_argument(
        "--grace-days",
        type=int,
        default=GRACE_DAYS,
        metavar="N",
        help="how many days an image keeps its tag after its last use; default: %(default)s",
    )
    parser.add_argument(
        "--accept-not-known",
        action="store_true",
        help="remove tags although images may be in use where the snapshots did not look",
    )
    parser.add_argument(
        "--apply",
        action="store_true",
        help="put and remove the tags; reading a manifest for it counts as a pull",
    )
    add_limit(parser)
    add_now(parser)
    add_formats(parser, ("text", "json", "markdown"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Plan or put the tags; 1 if they do not protect an image."""
    limit = limit_of(options)
    result = usage_of(options, asks_aws=options.apply)
    plan = plan_protection(
        result,
        options.environment,
        grace_days=options.grace_days,
        now=options.now,
        accept_not_known=options.accept_not_known,
    )
    applied = _apply(plan, options) if options.apply else None

    def render(form: str) -> str | list[Block]:
        if form == "json":
            return json_text(protect_document(plan, result, applied))
        return [*protect_blocks(plan, result, applied, limit)]

    emit(options, render)
    if applied:
        count = f"{len(applied):,} of {len(plan.steps):,}"
        message = f"the tags of {count} images could not be changed: {next(iter(applied.values()))}"
        raise CommandError(Diagnostic("protect-incomplete", message, remedy="run it again"))
    return int(any(item.severity == Severity.ERROR for _, item in plan.after.conflicts))


def _apply(plan: Plan, options: argparse.Namespace) -> dict[int, str]:
    """Put and remove the tags; return the errors by the position of their steps."""
    from ecr_constructs.live import LiveError  # noqa: PLC0415 - boto3 is optional
    from ecr_constructs.live.connection import Connection  # noqa: PLC0415
    from ecr_constructs.live.in_use_tags import TaggedRepository  # noqa: PLC0415

    connections: dict[RegistryId, Connection] = {}
    errors: dict[int, str] = {}
    with progress("changing tags", len(plan.steps)) as advance:
        for number, step in enumerate(plan.steps):
            advance(1)
            if not step.put and not step.remove:
                continue
            registry = step.repository.registry
            if registry not in connections:
                connections[registry] = Connection(
                    registry.region, account=registry.account, profile=options.profile, note=note
                )
            repository = TaggedRepository(step.repository.name, connections[registry])
            last = released_tag(plan.environment, step.digest[7:])
            try:
                repository.change(step.digest, step.put, step.remove, last)
            except LiveError as error:
                errors[number] = one_line(error)
    return errors
