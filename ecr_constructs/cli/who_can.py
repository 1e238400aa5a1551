"""``ecr-constructs who-can``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.access.callers import read_principal
from ecr_constructs.access.questions import VERBS
from ecr_constructs.access.select import query_snapshots, query_templates
from ecr_constructs.cli.arguments import add_formats
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import emit, json_text
from ecr_constructs.cli.snapshots import add_snapshots, chosen_snapshots
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.report.who_can import blocks, to_json

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from ecr_constructs.report.document import Block

NO, NOT_KNOWN = 1, 4
_SOURCES = ("registry", "repositories", "identities")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "List the principals that can pull from a repository, push to it, delete its images or "
        "administer it, with the policies that allow it; or tell whether one principal can. Exit "
        "status with --principal: 0 for yes, 1 for no, 4 for not known; without: 0."
    )
    parser.add_argument("verb", choices=(*VERBS,), metavar="VERB", help=", ".join(VERBS))
    parser.add_argument(
        "repository",
        metavar="REPOSITORY",
        help="a name, an ARN, or a URI; of a template, a logical id",
    )
    source = add_snapshots(parser, "policies, roles and users")
    source.add_argument(
        "--templates",
        action="append",
        metavar="PATH",
        help="a cloud assembly such as cdk.out, a template, or a folder of templates; may be "
        "repeated",
    )
    parser.add_argument(
        "--principal",
        metavar="ARN",
        help="the ARN of a role, a user, a session or an account, an account id, or a service such "
        "as lambda.amazonaws.com: answer whether it can",
    )
    add_formats(parser, ("text", "json", "markdown"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Answer the question."""
    verb = VERBS[options.verb]
    named = read_principal(options.principal) if options.principal is not None else None
    if options.templates is not None:
        if options.region is not None or options.profile is not None:
            message = "--region and --profile are for --live; templates have their own"
            raise CommandError(Diagnostic("argument-without-live", message))
        query = query_templates(load(options.templates), options.repository, verb)
    else:
        snapshots = chosen_snapshots(options, _SOURCES)
        query = query_snapshots(snapshots, options.repository, verb)
    result = query.one(named) if named is not None else query.everyone()

    formats: dict[str, Callable[[], str | list[Block]]] = {
        "text": lambda: list(blocks(result, is_one=named is not None)),
        "json": lambda: json_text(to_json(result, principal=options.principal)),
        "markdown": lambda: list(blocks(result, is_one=named is not None)),
    }
    emit(options, lambda form: formats[form]())
    if named is None:
        return 0
    return {True: 0, False: NO, None: NOT_KNOWN}[result.principals[0].answer]
