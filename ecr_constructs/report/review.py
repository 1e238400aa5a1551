"""A review as text, JSON, and annotations of GitHub Actions; comment.py has the comment.

Equal changes of several resources are one entry, except in JSON.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.template import dotted
from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.report.document import Block, Colour, Heading, Lines, Table, plain
from ecr_constructs.report.escaping import Command, visible, workflow_command
from ecr_constructs.review.change import KINDS, SEVERITIES
from ecr_constructs.review.disclosure import shown
from ecr_constructs.review.groups import groups
from ecr_constructs.review.phrases import strip_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.unread import Unread
    from ecr_constructs.review import Change, Kind, Review
    from ecr_constructs.review.groups import Group
    from ecr_constructs.review.recipes.recipe import Recipe

MARKER = "<!-- ecr-constructs review -->"
"""The first line of a comment, by which an earlier comment is found."""


class _Style(NamedTuple):
    """How a severity is shown on a terminal and in GitHub Actions."""

    colour: Colour
    command: Command


_STYLES = {
    Severity.ERROR: _Style("red", "error"),
    Severity.WARNING: _Style("yellow", "warning"),
    Severity.NOTE: _Style("cyan", "notice"),
}


def titled(kind: Kind) -> str:
    """Return a kind as a title: ``Access widened``."""
    return kind.replace("-", " ").capitalize()


def condition(group: Group) -> str:
    """Return ``If Env is prod: ``, or nothing if a change applies to every deployment."""
    return f"{group.when[:1].upper()}{group.when[1:]}: " if group.when else ""


def _sums(review: Review) -> str:
    """Return the numbers of changes by severity, of findings, and of parts that were not read."""
    counts = Counter(change.severity for change in review.changes)
    changes = ", ".join(pluralize(counts[name], name) for name in SEVERITIES)
    parts = f" {not_read(review)}." if review.unread else ""
    return f"{changes}. {findings(review)}{parts}"


def findings(review: Review) -> str:
    """Return the number of findings of check, as a sentence."""
    counts = review.findings
    return f"Findings of check: {counts.new:,} new, {counts.known:,} known, {counts.gone:,} gone."


def kinds(review: Review) -> Table:
    """Return a table of the kinds of changes, with their numbers by severity."""
    counts = Counter((change.kind, change.severity) for change in review.changes)
    rows = [
        (titled(kind), *(_number(counts[kind, name]) for name in SEVERITIES))
        for kind in dict.fromkeys(change.kind for change in review.changes)
    ]
    return Table(("kind", *(f"{name}s" for name in SEVERITIES)), rows)


def _number(count: int) -> str:
    return f"{count:,}" if count else ""


def no_change(review: Review) -> str:
    """Return what is said instead of changes."""
    return f"No change in what was read; {not_read(review)}:" if review.unread else "No change."


def not_read(review: Review) -> str:
    """Return how many parts of the templates were not read."""
    count = len(review.unread)
    return f"{pluralize(count, 'part')} {'was' if count == 1 else 'were'} not read"


def unread(part: Unread) -> str:
    """Return a part that was not read, in one line: template, resource, line and reason."""
    line = f":{part.line}" if part.line is not None else ""
    place = f"{part.template}{line} {part.resource}".rstrip()
    return f"{place}: {part.message}"


def blocks(review: Review) -> Iterator[Block]:
    """Yield the changes of each severity, with what they mean."""
    if not review.changes:
        lines = [f"    {visible(unread(part))}" for part in review.unread]
        yield Lines([no_change(review), *lines])
        yield from _not_known(review)
        return
    entries = groups(review.changes)
    for severity in SEVERITIES:
        listed = [group for group in entries if group.severity == severity]
        if listed:
            count = sum(len(group.changes) for group in listed)
            yield Heading(pluralize(count, severity), _STYLES[severity].colour)
            yield Lines([line for group in listed for line in _lines(group)])
    for recipe in review.recipes:
        yield Heading(f"Recipe: {visible(recipe.title)}")
        yield Lines(recipe_lines(recipe))
    if review.unread:
        yield Heading(f"Not read: {pluralize(len(review.unread), 'part')}")
        yield Lines([visible(unread(part)) for part in review.unread])
    yield from _not_known(review)
    yield kinds(review)
    yield Lines([_sums(review)])


def _not_known(review: Review) -> Iterator[Block]:
    """Yield where images may be in use that were not looked at."""
    if review.not_known:
        yield Heading(not_known_title(review))
        yield Lines([visible(str(item)) for item in review.not_known])


def not_known_title(review: Review) -> str:
    """Return the title of what was not looked at for images in use."""
    return f"Not known: {pluralize(len(review.not_known), 'place')} where images may be in use"


def recipe_lines(recipe: Recipe) -> list[str]:
    """Return the outcome, the steps with their commands, and the cautions of a recipe."""
    lines = [visible(recipe.outcome)] if recipe.outcome else []
    for number, step in enumerate(recipe.steps, start=1):
        lines.append(f"{number}. {visible(step.summary)}")
        lines += [f"       {visible(command)}" for command in step.commands]
    return [*lines, *(f"Note: {visible(caution)}" for caution in recipe.cautions)]


def _lines(group: Group) -> Iterator[str]:
    yield visible(f"{condition(group)}{group.summary}")
    yield from (f"    {visible(line)}" for line in (*group.details, *group.members))
    [*_, change] = group.changes
    where = " ".join(change.place) if len(group.changes) == 1 else f"{len(group.changes):,} changes"
    yield f"    [{group.kind}] {visible(where)}".rstrip()


def to_json(review: Review) -> dict[str, Any]:
    """Return the changes as JSON; docs/guides/review.md describes the keys."""
    by_kind = Counter(change.kind for change in review.changes)
    by_severity = Counter(change.severity for change in review.changes)
    counts = review.findings
    return {
        "changes": list(map(_to_json, review.changes)),
        "groups": list(_groups(review)),
        "notRead": [
            {
                "code": part.code,
                "template": part.template,
                "resource": part.resource,
                "path": dotted(part.path),
                "line": part.line,
                "message": part.message,
            }
            for part in review.unread
        ],
        "notKnown": [item.to_json() for item in review.not_known],
        "recipes": list(map(_recipe, review.recipes)),
        "summary": {
            "severities": {name: by_severity[name] for name in SEVERITIES},
            "kinds": {name: by_kind[name] for name in KINDS},
            "findings": {"new": counts.new, "known": counts.known, "gone": counts.gone},
            "notRead": len(review.unread),
            "recipes": len(review.recipes),
        },
    }


def _recipe(recipe: Recipe) -> dict[str, Any]:
    return {
        "kind": recipe.kind,
        "title": recipe.title,
        "outcome": recipe.outcome,
        "subjects": [
            {
                "repository": subject.name,
                "stack": subject.stack,
                "resource": subject.resource,
                "account": subject.account,
                "region": subject.region,
                "newRepository": subject.new_name,
                "newStack": subject.new_stack,
                "newResource": subject.new_resource,
            }
            for subject in recipe.subjects
        ],
        "steps": [
            {"summary": step.summary, "commands": list(step.commands)} for step in recipe.steps
        ],
        "cautions": list(recipe.cautions),
    }


def _groups(review: Review) -> Iterator[dict[str, Any]]:
    """Yield the entries of the other formats, with the positions of their changes."""
    # Equal changes may be there twice.
    positions = {id(change): number for number, change in enumerate(review.changes)}
    for group in groups(review.changes):
        yield {
            "kind": group.kind,
            "severity": group.severity,
            "when": group.when,
            "summary": group.summary,
            "changes": [positions[id(change)] for change in group.changes],
        }


def _to_json(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "severity": change.severity,
        "stack": change.stack,
        "resource": change.resource,
        "type": change.type,
        "repository": change.repository,
        "when": change.when,
        "summary": change.summary,
        "before": _value(change.before),
        "after": _value(change.after),
        "details": list(change.details),
        "properties": list(change.properties),
        "findings": [_finding(finding) for finding in change.findings],
    }


def _finding(finding: Change) -> dict[str, Any]:
    return {
        **_value(finding.after),
        "severity": finding.severity,
        "summary": finding.summary,
        "details": list(finding.details),
    }


def _value(value: Any) -> Any:
    return json.loads(strip_tokens(json.dumps(shown(value))))


def to_github(review: Review) -> str:
    """Return workflow commands that annotate a run of GitHub Actions, and the counts."""
    lines = [
        workflow_command(
            _STYLES[group.severity].command,
            "\n".join((f"{condition(group)}{group.summary}", *group.details, *group.members)),
            title=f"{titled(group.kind)}: {group.label}",
        )
        for group in groups(review.changes)
    ]
    lines += [
        workflow_command("notice", "\n".join(recipe_lines(recipe)), title=f"Recipe: {recipe.title}")
        for recipe in review.recipes
    ]
    lines += [
        workflow_command("notice", unread(part), title=f"Not read: {part.code}")
        for part in review.unread
    ]
    if review.not_known:
        text = "\n".join(str(item) for item in review.not_known)
        lines.append(workflow_command("notice", text, title=not_known_title(review)))
    if not review.changes:
        return "\n".join([*lines, no_change(review).replace(":", ".")]) + "\n"
    end = Lines([_sums(review)])
    return "\n".join([*lines, plain([kinds(review), end])])
