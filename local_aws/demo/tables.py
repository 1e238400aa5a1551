"""Tables of what exists, 100 columns wide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from local_aws.demo.pushes import short

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from local_aws.demo.inventory import Found, Image


def repositories(found: Sequence[Found]) -> Table:
    """Return a row for each repository."""
    table = _table("Repository", "Tags", "Encryption", "Scan", "May pull")
    for each in found:
        table.add_row(
            each.name,
            each.mutability,
            "own key" if each.key else "AES-256",
            "on push" if each.scans_on_push else "no",
            "\n".join(each.pullers),
        )
    return table


def retention(found: Sequence[Found]) -> Table:
    """Return a row for each lifecycle policy, with all repositories that have it."""
    sharing: dict[tuple[str, ...], list[str]] = {}
    for each in found:
        sharing.setdefault(each.retention, []).append(each.name)
    table = _table("Retention", "Repositories", lines=True)
    for rules, names in sharing.items():
        table.add_row("\n".join(rules), ", ".join(names))
    return table


def images(found: Sequence[Found]) -> Table:
    """Return a row for each image with a tag, and one for the others of a repository."""
    table = _table("Repository", "Tags", "Kind", "Bytes", "Digest")
    for each in found:
        for row in _image_rows(each.images):
            table.add_row(each.name, *row)
    return table


def _image_rows(found: Sequence[Image]) -> Iterator[tuple[str, str, str, str]]:
    for image in found:
        if image.tags:
            yield ", ".join(image.tags), image.kind, f"{image.size:,}", short(image.digest)
    untagged = [image for image in found if not image.tags]
    if untagged:
        yield f"{len(untagged)} untagged", "", f"{sum(image.size for image in untagged):,}", ""


# Names and digests are whole, so that they can be copied; what else is long wraps at spaces.
_WIDTHS: dict[str, dict[str, Any]] = {
    "Repository": {"no_wrap": True},
    "Encryption": {"no_wrap": True},
    "Scan": {"no_wrap": True},
    "Digest": {"no_wrap": True},
    "Bytes": {"no_wrap": True, "justify": "right"},
    "Tags": {"min_width": 10, "max_width": 20},
    "May pull": {"min_width": 12},
}


def _table(*headers: str, lines: bool = False) -> Table:
    table = Table(box=box.SIMPLE_HEAD, header_style="bold", show_lines=lines, padding=(0, 1, 0, 0))
    for header in headers:
        table.add_column(header, **_WIDTHS.get(header, {}))
    return table
