"""The page: one HTML file that loads nothing, and whose only script is its own."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from datetime import timedelta
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.lifecycle.simulation.engine import in_units
from ecr_constructs.model.members import objects
from ecr_constructs.report.page import charts
from ecr_constructs.report.page.figures import DAYS, images_of, size_of
from ecr_constructs.report.page.markup import Markup, element, join, text
from ecr_constructs.snapshot.registry_view import RegistryView

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.report.page.figures import Figures, Gap, RepositoryFigures
    from ecr_constructs.status.model import LiveFinding

_MOST_BARS = 12
_MOST_SUBJECTS = 12
_SCANS = {
    "SCAN_ON_PUSH": "on push",
    "CONTINUOUS_SCAN": "continuous",
    "MANUAL": "manual",
}
_MUTABILITY = {
    "MUTABLE": "mutable",
    "IMMUTABLE": "immutable",
    "MUTABLE_WITH_EXCLUSION": "mutable, with exceptions",
    "IMMUTABLE_WITH_EXCLUSION": "immutable, with exceptions",
}
_UNKNOWN = element("span", "not known", class_="unknown")


def to_html(figures: Figures, findings: Sequence[LiveFinding] = ()) -> str:
    """Return the page.

    The same snapshots give the same page: its times are those of the snapshots.

    Args:
        figures: The numbers.
        findings: The findings of `check` about what is live. Default: none.
    """
    script = _resource("page.js")
    digest = b64encode(sha256(script.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
    sections = [*_sections(figures, findings)]
    head = (
        '<meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{text(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"{element('title', _title(figures))}<style>{_resource('page.css')}</style>"
    )
    links = join(element("a", title, href=f"#{name}") for name, title, _ in sections if title)
    body = (
        f"{element('a', 'Skip to the repositories', href='#repositories', class_='skip')}"
        f"{_header(figures, links)}"
        f"{element('main', *(_section(*section) for section in sections))}"
        f"{_footer(figures)}<script>{script}</script>"
    )
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def _resource(name: str) -> str:
    return files("ecr_constructs.report.page").joinpath(name).read_text("utf-8")


def _sections(
    figures: Figures, findings: Sequence[LiveFinding]
) -> Iterator[tuple[str, str, Markup]]:
    yield "not-known", "Not known", _gaps(figures.gaps)
    if findings:
        yield "findings", "Findings", _findings(findings)
    yield "retention", "Storage and retention", _retention(figures)
    yield "teams", "Teams", _teams(figures)
    yield "repositories", "Repositories", _repositories(figures)
    yield "replication", "Replication", _replication(figures)


def _section(name: str, title: str, content: Markup) -> Markup:
    heading = element("h2", title, id=f"{name}-title")
    return element("section", heading, content, id=name, aria_labelledby=f"{name}-title")


def _title(figures: Figures) -> str:
    registries = [str(snapshot.registry) for snapshot in figures.snapshots]
    return (
        f"Container registry {registries[0]}"
        if len(registries) == 1
        else (f"{len(registries)} container registries")
    )


def _header(figures: Figures, links: Markup) -> Markup:
    snapshots = figures.snapshots
    times = sorted(snapshot.header.started for snapshot in snapshots)
    when = times[0] if times[0] == times[-1] else f"{times[0]} to {times[-1]}"
    return element(
        "header",
        element("h1", _title(figures)),
        element("p", f"As it was at {when.replace('T', ' ').replace('Z', ' UTC')}.", class_="lead"),
        element("nav", links, aria_label="Sections"),
        _key_figures(figures),
    )


def _key_figures(figures: Figures) -> Markup:
    repositories = figures.repositories
    without = sum(item.rules == 0 for item in repositories)
    leaving = sum(item.leaving or 0 for item in repositories)
    unread = _but(sum(item.contents is None for item in repositories))
    rows = [
        ("Repositories", f"{len(repositories):,}", pluralize(len(figures.teams), "team")),
        ("Images", f"{images_of(repositories):,}", unread),
        (
            "Stored, at most",
            in_units(size_of(repositories)),
            "layers that images share count again",
        ),
        (
            f"Leaving in {DAYS} days",
            f"{leaving:,}",
            _but(sum(item.leaving is None for item in repositories)) or "by lifecycle policy",
        ),
        (
            "Without lifecycle policy",
            f"{without:,}",
            _but(sum(item.rules is None for item in repositories)) or "keep every image",
        ),
    ]
    return element(
        "dl",
        *(
            element(
                "div",
                element("dt", name),
                element("dd", value, element("small", more) if more else ""),
            )
            for name, value, more in rows
        ),
        class_="figures",
    )


def _but(unknown: int) -> str:
    """Return what a number does not include."""
    return f"{pluralize(unknown, 'repository')} not known" if unknown else ""


def _gaps(gaps: Sequence[Gap]) -> Markup:
    if not gaps:
        return element(
            "div",
            element("p", "Every call behind this page was answered in full."),
            class_="gaps none",
        )
    lead = (
        "These answers are missing. What depends on them is marked, and counts neither as good nor "
        "as unused."
    )
    return element("div", element("p", lead), element("ul", *map(_gap, gaps)), class_="gaps")


def _gap(gap: Gap) -> Markup:
    name = " ".join(filter(None, (gap.source, gap.operation)))
    shown = ", ".join(gap.subjects[:_MOST_SUBJECTS])
    more = len(gap.subjects) - _MOST_SUBJECTS
    if more <= 0:
        return element("li", element("code", name), f": {gap.reason} ({shown})")
    return element(
        "li",
        element("code", name),
        f": {gap.reason} ({len(gap.subjects):,}: {shown} and {more:,} more)",
    )


def _retention(figures: Figures) -> Markup:
    left = figures.left
    start = figures.now
    days = [(start + timedelta(days=day)).date().isoformat() for day in range(DAYS + 1)]
    teams = list(figures.teams.items())
    rows = [
        (
            name,
            size_of(items),
            f"{in_units(size_of(items))}, {pluralize(images_of(items), 'image')}",
        )
        for name, items in teams[:_MOST_BARS]
    ]
    rest = [item for _, items in teams[_MOST_BARS:] for item in items]
    if rest:
        name = pluralize(len(teams) - _MOST_BARS, "other team")
        rows.append((name, size_of(rest), in_units(size_of(rest))))
    unknown = sum(item.left is None for item in figures.repositories)
    note = element(
        "p",
        f"What the lifecycle policies leave during {DAYS} days in which nothing is pushed or "
        "pulled, as ECR evaluates them once a day."
        + (
            f" {pluralize(unknown, 'repository')} of which that is not known "
            f"{'is' if unknown == 1 else 'are'} left out."
            if unknown
            else ""
        ),
        class_="note",
    )
    images = charts.area(
        left.images,
        title="Images left",
        subtitle=f"{left.images[0]:,} today, {left.images[-1]:,} in {DAYS} days",
        show=lambda value: f"{value:,}",
        days=days,
        tone="cool",
    )
    sizes = charts.area(
        left.size,
        title="Storage left, at most",
        subtitle=f"{in_units(left.size[0])} today, {in_units(left.size[-1])} in {DAYS} days",
        show=in_units,
        days=days,
        tone="warm",
    )
    by_team = element(
        "figure",
        element(
            "figcaption",
            element("strong", "Storage by team, at most"),
            element("span", "The sum of the sizes of images; layers that they share count again"),
        ),
        charts.bars(rows) if rows else element("p", "There are no repositories.", class_="note"),
    )
    return join([note, element("div", images, sizes, by_team, class_="pair")])


def _teams(figures: Figures) -> Markup:
    columns = ("Team", "Repositories", "Images", "Storage, at most", "Leaving", "Last push")
    rows = []
    for name, items in figures.teams.items():
        leaving = sum(item.leaving or 0 for item in items)
        unknown = _but(sum(item.contents is None for item in items))
        unread = element("small", unknown) if unknown else ""
        pushes = [item.contents.last_push for item in items if item.contents is not None]
        rows.append(
            element(
                "tr",
                element("th", _team(None if name == "not known" else name), scope="row"),
                _cell(columns[1], f"{len(items):,}", len(items)),
                _cell(columns[2], join([f"{images_of(items):,}", unread]), images_of(items)),
                _cell(columns[3], in_units(size_of(items)), size_of(items)),
                _cell(columns[4], f"{leaving:,}", leaving),
                element("td", max(pushes, default="") or "never", data_label=columns[5]),
            )
        )
    lead = element(
        "p", "By the tag ", element("code", figures.team_tag), " of repositories.", class_="note"
    )
    return join([lead, _table("team-table", columns, rows, numbers=(1, 2, 3, 4))])


def _team(name: str | None) -> object:
    return _UNKNOWN if name is None else name


def _cell(label: str, shown: object, value: int | None) -> Markup:
    value_text = "" if value is None else value
    return element("td", shown, class_="n", data_label=label, data_v=value_text)


def _table(
    name: str, columns: Sequence[str], rows: Iterable[Markup], *, numbers: Sequence[int]
) -> Markup:
    headers = [
        element("th", column, scope="col", class_="n" if number in numbers else None)
        for number, column in enumerate(columns)
    ]
    return element(
        "div",
        element(
            "table",
            element("thead", element("tr", *headers)),
            element("tbody", *rows),
            id=name,
            class_="cards",
        ),
        class_="scroll",
    )


_COLUMNS = (
    *("Repository", "Team", "Images", "Storage", f"Leaving in {DAYS} days", "Lifecycle policy"),
    *("Tags", "Scans", "Encryption", "Last push", "Last pull"),
)


def _repositories(figures: Figures) -> Markup:
    if not figures.repositories:
        return element("p", "There are no repositories.", class_="note")
    many = len(figures.snapshots) > 1
    options = [element("option", name, value=name) for name in sorted(figures.teams)]
    tools = element(
        "div",
        element("label", "Search", Markup('<input type="search" autocomplete="off">')),
        element("label", "Team", element("select", element("option", "all", value=""), *options)),
        element("output", aria_live="polite"),
        class_="tools",
        role="search",
        hidden=True,
    )
    rows = (_repository(item, many=many) for item in figures.repositories)
    return join([tools, _table("repository-table", _COLUMNS, rows, numbers=(2, 3, 4))])


def _repository(item: RepositoryFigures, *, many: bool) -> Markup:
    contents, description = item.contents, item.view.description
    where = element("small", str(item.registry)) if many else ""
    cells = [
        element("th", _path(item.view.name), where, scope="row"),
        element("td", _team(item.team), data_label=_COLUMNS[1]),
    ]
    if contents is None:
        cells += [_cell(_COLUMNS[2], _UNKNOWN, None), _cell(_COLUMNS[3], _UNKNOWN, None)]
    else:
        details = [
            f"{number:,} {name}"
            for number, name in ((contents.untagged, "untagged"), (contents.archived, "archived"))
            if number
        ]
        more = element("small", ", ".join(details)) if details else ""
        shown = join([f"{contents.images:,}", more])
        cells.append(_cell(_COLUMNS[2], shown, contents.images))
        cells.append(_cell(_COLUMNS[3], in_units(contents.size), contents.size))
    leaving = item.leaving
    spark = charts.spark(item.left.images) if item.left is not None else ""
    shown_leaving = _UNKNOWN if leaving is None else join([f"{leaving:,}", spark])
    cells += [
        _cell(_COLUMNS[4], shown_leaving, leaving),
        element("td", *_lifecycle(item), data_label=_COLUMNS[5]),
        _plain(_COLUMNS[6], _word(_MUTABILITY, description.get("imageTagMutability"))),
        _short(_COLUMNS[7], _word(_SCANS, item.view.registry.frequency_of(item.view.name).value)),
        _plain(_COLUMNS[8], _encryption(description)),
        _short(_COLUMNS[9], _UNKNOWN if contents is None else contents.last_push or "never"),
        _short(_COLUMNS[10], _UNKNOWN if contents is None else contents.last_pull or "none"),
    ]
    return element("tr", *cells, data_team="not known" if item.team is None else item.team)


def _path(name: str) -> Markup:
    """Return the name of a repository, which may be broken after a slash."""
    return element("span", join(name.split("/"), "/<wbr>"), class_="mono")


def _plain(label: str, value: object) -> Markup:
    return element("td", value, data_label=label)


def _short(label: str, value: object) -> Markup:
    return element("td", value, class_="d", data_label=label)


def _lifecycle(item: RepositoryFigures) -> list[object]:
    if item.rules is None:
        return [_UNKNOWN]
    if not item.rules:
        return ["none"]
    evaluated = item.view.evaluated
    when = f"evaluated {evaluated[:10]}" if evaluated else "not evaluated yet"
    return [pluralize(item.rules, "rule"), element("small", when, class_="d")]


def _word(words: Mapping[str, str], value: object) -> object:
    return words.get(value, value) if isinstance(value, str) else _UNKNOWN


def _encryption(description: Mapping[str, Any]) -> object:
    configuration = description.get("encryptionConfiguration")
    kind = configuration.get("encryptionType") if isinstance(configuration, dict) else None
    return {"AES256": "AES-256", "KMS": "KMS key", "KMS_DSSE": "KMS key, twice"}.get(
        str(kind), _UNKNOWN if kind is None else kind
    )


def _replication(figures: Figures) -> Markup:
    labels: dict[tuple[str, str], list[str]] = defaultdict(list)
    unknown: list[str] = []
    for snapshot in figures.snapshots:
        setting = RegistryView(snapshot).replication
        if setting.not_known is not None:
            unknown.append(str(snapshot.registry))
        for rule in objects((setting.value or {}).get("rules")):
            filters = [str(item.get("filter")) for item in objects(rule.get("repositoryFilters"))]
            label = ", ".join(f"{name}*" for name in filters) or "everything"
            deletes = rule.get("deleteReplication")
            if isinstance(deletes, dict) and deletes.get("enabled"):
                label += ", deletions too"
            for target in objects(rule.get("destinations")):
                name = f"{target.get('registryId', '?')}/{target.get('region', '?')}"
                labels[str(snapshot.registry), name].append(label)
    edges = [(source, target, "; ".join(texts)) for (source, target), texts in labels.items()]
    notes = [element("p", f"{name}: ", _UNKNOWN, class_="note") for name in unknown]
    if not edges:
        nothing = element("p", "Nothing is replicated.", class_="note")
        return join(notes or [nothing])
    listed = element(
        "ul",
        *(element("li", f"{source} to {target}: {label}") for source, target, label in edges),
    )
    picture = element("div", charts.graph(edges), class_="scroll", tabindex=0)
    as_text = element("details", element("summary", "As a list"), listed)
    return join([*notes, picture, as_text])


def _findings(findings: Sequence[LiveFinding]) -> Markup:
    by_rule: dict[tuple[str, str, str], list[LiveFinding]] = defaultdict(list)
    for finding in findings:
        by_rule[finding.rule, str(finding.severity), finding.message].append(finding)
    return element(
        "div",
        *(
            element(
                "details",
                element(
                    "summary",
                    element("span", severity, class_=severity),
                    f" {rule}: {message} ({len(group):,})",
                ),
                element("p", group[0].remedy),
                element("ul", *(element("li", item.subject, class_="mono") for item in group)),
            )
            for (rule, severity, message), group in by_rule.items()
        ),
        class_="findings",
    )


def _footer(figures: Figures) -> Markup:
    callers = sorted({snapshot.header.caller for snapshot in figures.snapshots})
    return element(
        "footer",
        element("p", "Read by ", element("span", ", ".join(callers), class_="mono"), "."),
        element(
            "p",
            "Sizes are in decimal units. Made by ecr-constructs from a snapshot; the page loads "
            "nothing and sends nothing.",
        ),
    )
