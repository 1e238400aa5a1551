"""``ecr-constructs lifecycle``: ``preview``, and ``check`` as another name of the command check."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ecr_constructs.cli.arguments import (
    add_formats,
    add_limit,
    add_pulled_within,
    limit_of,
    pulled_within,
)
from ecr_constructs.cli.check import add_policy_options, check_policy
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_policy
from ecr_constructs.cli.lifecycle_inputs import add_inputs, check_inputs
from ecr_constructs.cli.output import emit, json_text, progress
from ecr_constructs.model.diagnostics import Diagnostic, Severity
from ecr_constructs.model.lifecycle.simulation.forecast import forecast
from ecr_constructs.model.lifecycle.simulation.image_uses import use_conflicts
from ecr_constructs.model.lifecycle.simulation.preview import (
    changes,
    document,
    service_response,
)
from ecr_constructs.report.document import Heading
from ecr_constructs.report.lifecycle_preview import (
    View,
    conflict_blocks,
    conflicts_document,
    explanation_blocks,
    preview_blocks,
    service_blocks,
)

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Iterable
    from typing import Any

    from ecr_constructs.cli.lifecycle_inputs import PreviewInput, PreviewInputs
    from ecr_constructs.live.lifecycle_preview import Comparison
    from ecr_constructs.model.lifecycle.simulation.forecast import Forecast
    from ecr_constructs.model.lifecycle.simulation.image_uses import UseConflict
    from ecr_constructs.report.document import Block

    Render = Callable[[str], str | list[Block]]

# With more images the forecast takes seconds.
_MANY = 10_000


def add_to(parser: ArgumentParser) -> None:
    """Add the commands."""
    parser.description = "Check a lifecycle policy, or show which images it deletes, when, and why."
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="find errors in a policy; the same as ecr-constructs check POLICY",
        description="Find what ECR rejects in a policy, and rules that never match or are probably "
        "mistakes. Exit status: 1 if there is a finding of the severity --fail-on or above.",
    )
    _add_policy(check)
    add_policy_options(check)
    check.set_defaults(run=_check)
    preview = commands.add_parser(
        "preview",
        help="show which images a policy deletes, when, and why",
        description="Apply a policy to an inventory, from files or from a live repository. "
        "Exit status: 1 if --service-preview finds that ECR decides otherwise, or --in-use that "
        "the policy deletes an image that runs or is started next.",
    )
    _add_policy(preview)
    add_inputs(preview)
    preview.add_argument(
        "--in-use",
        action="append",
        default=[],
        metavar="FILE|FOLDER",
        help="snapshots with workloads: report the images in use that the policy deletes; without "
        "--images or --live, the images are those of the snapshot, and the policy too without "
        "--policy; may be repeated",
    )
    preview.add_argument(
        "--against", metavar="OLD_POLICY", help="show only what changes from this policy"
    )
    preview.add_argument(
        "--days", type=int, default=90, metavar="N", help="how far to look ahead; default: 90"
    )
    preview.add_argument(
        "--service-preview",
        action="store_true",
        help="with --live: compare with a preview by ECR (StartLifecyclePolicyPreview)",
    )
    _add_answer(preview)
    preview.set_defaults(run=_preview)


def _add_answer(parser: ArgumentParser) -> None:
    """Add the options that select what is shown."""
    parser.add_argument(
        "--explain",
        action="append",
        default=[],
        metavar="IMAGE",
        help="show what each rule does to this image: a tag, a digest or the beginning of a "
        "digest; may be repeated",
    )
    add_pulled_within(parser)
    add_limit(parser, "the rows of each table of images")
    add_formats(parser, ("text", "json", "markdown", "ecr"))


def _add_policy(parser: ArgumentParser) -> None:
    policy = parser.add_mutually_exclusive_group()
    policy.add_argument(
        "--policy",
        metavar="FILE",
        help="the JSON of a policy, the output of `aws ecr get-lifecycle-policy`, a template in "
        "JSON or YAML, or a cloud assembly; - is standard input",
    )
    policy.add_argument(
        "--template", metavar="FILE", dest="policy", help="the same as --policy, for a template"
    )
    parser.add_argument(
        "--repository", metavar="NAME", help="the repository of a template, by name or logical id"
    )


def _check(options: Namespace) -> int:
    if options.policy is None:
        raise CommandError(Diagnostic("policy-missing", "--policy or --template is required"))
    return check_policy(read_policy(options.policy, options.repository), options)


def _preview(options: Namespace) -> int:
    """Preview policies; 1 if ECR would decide otherwise, or if they delete images in use."""
    limit_of(options)
    inputs = check_inputs(options)
    previews = []
    for source in inputs:
        with inputs.isolated(source.inventory.repository_name):
            previews.append((source, *_preview_of(source, options)))

    def render(form: str) -> str | list[Block]:
        if inputs.are_many:
            return _many(inputs, [(source, write(form)) for source, write, _ in previews])
        [(_, write, _)] = previews
        return write(form)

    if previews:
        emit(options, render)
    if inputs.errors:
        raise CommandError(*(item for _, item in inputs.errors))
    return int(any(fails for _, _, fails in previews))


def _preview_of(source: PreviewInput, options: Namespace) -> tuple[Render, bool]:
    """Return the report on one repository in each format, and whether it fails the command."""
    policy, inventory, repository = source.policy, source.inventory, source.repository
    simulation = policy.simulate(inventory, now=options.now)
    many = len(inventory) > _MANY
    with progress("looking ahead", options.days, long=many) as advance:
        ahead = forecast(simulation, options.days, advance)
    changed = None
    if source.old is not None:
        changed = changes(source.old.simulate(inventory, now=simulation.now), simulation)
    explained = list(map(simulation.find, options.explain))
    view = View(limit_of(options), pulled_within(options))
    conflicts = _conflicts(source, ahead)
    comparison: Comparison | None = None
    if repository and options.service_preview:
        from ecr_constructs.live.lifecycle_preview import compare  # noqa: PLC0415 - needs boto3

        comparison = compare(repository, simulation)

    def render(form: str) -> str | list[Block]:
        if form == "ecr":
            return json_text(service_response(simulation))
        if form == "json":
            content = document(
                simulation,
                ahead,
                changed,
                pulled_within_days=view.pulled_within_days,
                explained=explained,
            )
            if source.uses is not None:
                content["inUse"] = conflicts_document(conflicts, source.uses.not_known)
            if comparison is not None:
                content["servicePreview"] = comparison.to_json()
            return json_text(content)
        if explained:
            blocks = list(explanation_blocks(simulation, ahead, explained))
        else:
            blocks = list(preview_blocks(simulation, ahead, changed, view))
        if source.uses is not None:
            blocks = [*conflict_blocks(conflicts, source.uses.not_known), *blocks]
        return blocks if comparison is None else [*blocks, *service_blocks(comparison)]

    return render, _fails(conflicts) or bool(comparison and comparison.disagreements)


def _conflicts(source: PreviewInput, ahead: Forecast) -> list[UseConflict]:
    return [] if source.uses is None else [*use_conflicts(ahead, source.uses.by_digest)]


def _fails(conflicts: Iterable[UseConflict]) -> bool:
    return any(conflict.severity == Severity.ERROR for conflict in conflicts)


def _many(
    inputs: PreviewInputs, reports: Iterable[tuple[PreviewInput, str | list[Block]]]
) -> str | list[Block]:
    """Return the reports on several repositories as one."""
    documents: list[dict[str, Any]] = []
    blocks: list[Block] = []
    for source, report in reports:
        name = source.inventory.repository_name
        if isinstance(report, str):
            documents.append({"repositoryName": name, "preview": json.loads(report)})
        else:
            blocks += [Heading(f"Repository {name}"), *report]
    if not documents:
        return blocks
    errors = [
        {"repositoryName": name, "code": item.code, "message": str(item)}
        for name, item in inputs.errors
    ]
    return json_text({"repositories": documents, "errors": errors})
