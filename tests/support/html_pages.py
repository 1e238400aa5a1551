"""Read a page as a browser does: its elements, their texts, and whether they are balanced."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser

_VOID = ("meta", "input", "wbr", "link", "img", "br")


@dataclass
class Element:
    """An element, with the text of everything in it."""

    name: str
    attributes: dict[str, str | None]
    text: str = ""


class Page(HTMLParser):
    """The elements of a page, in the order in which they end."""

    def __init__(self, html: str) -> None:
        """Read it; each element must be closed."""
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert [] == self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        item = Element(tag, dict(attrs))
        (self.elements if tag in _VOID else self._open).append(item)

    def handle_endtag(self, tag: str) -> None:
        """Close the last element that was opened."""
        item = self._open.pop()
        assert tag == item.name
        self.elements.append(item)

    def handle_data(self, data: str) -> None:
        """Add text to all open elements."""
        for item in self._open:
            item.text += data

    def all(self, name: str, **attributes: str) -> list[Element]:
        """Return the elements with a name and attributes; an underscore at the end is left out."""
        return [
            item
            for item in self.elements
            if item.name == name
            and all(
                item.attributes.get(key.rstrip("_")) == value for key, value in attributes.items()
            )
        ]
