"""Write the list of the rules of ``ecr-constructs check``, and a page for each of them.

The list is committed as docs/rules.md; the pages are built into build/docs/rules.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ecr_constructs.checks import RULES, Rule, Template, check
from tests.support.rule_examples import EXAMPLES

_ROOT = Path(__file__).parent.parent
INDEX = _ROOT / "docs" / "rules.md"
_FOLDER = _ROOT / "build" / "docs" / "rules"
_FAMILIES = {
    "0": "Repositories",
    "1": "Lifecycle policies",
    "2": "Access",
    "3": "Registries",
    "4": "Pull through caches and creation templates",
    "5": "Events, topics and CI",
    "6": "Templates",
    "9": "Suppressions",
}
_MAX_LINES = 60


def index() -> str:
    """Return the list of all rules."""
    lines = [
        "# Rules",
        "",
        "The rules of `ecr-constructs check`; [how to use it](guides/checks.md).",
        "`ecr-constructs check --explain ID` prints the reason, the remedy and the source.",
        "`make update` generates this list, and a page with examples for each rule in",
        "`build/docs/rules`.",
    ]
    for digit, family in _FAMILIES.items():
        lines += ["", f"## {family}", "", "| rule | severity | requirement |", "|---|---|---|"]
        lines += [
            f"| {rule.id} | {rule.severity} | {_escaped(rule.summary)} |"
            for rule in RULES.values()
            if rule.id[3] == digit
        ]
    return "\n".join(lines) + "\n"


def page(rule: Rule) -> str:
    """Return the page of a rule."""
    example = EXAMPLES[rule.id]
    message = next(
        findings.message for findings in check(example.faulty) if findings.rule == rule.id
    )
    lines = [
        f"# {rule.id}: {_escaped(rule.summary)}",
        "",
        f"**{rule.severity.capitalize()}.** {_escaped(rule.why)}",
        "",
        f"**Remedy.** {_escaped(rule.remedy)}",
        "",
        f"**Source.** <{rule.source}>",
    ]
    if rule.types:
        lines += ["", f"**Checks** {', '.join(f'`{kind}`' for kind in rule.types)}."]
    if rule.controls:
        lines += ["", f"**Controls:** {', '.join(rule.controls)}."]
    faulty = _block(example.written) if example.written else _shown(example.faulty)
    lines += ["", "## Violation", "", *faulty, "", f"> {_escaped(message)}"]
    lines += ["", "## Compliant", "", *_shown(example.sound)]
    return "\n".join(lines) + "\n"


def _shown(templates: Sequence[Template]) -> list[str]:
    documents = [_yaml(template, several=len(templates) > 1) for template in templates]
    return _block("---\n".join(documents))


def _block(document: str) -> list[str]:
    text = document.rstrip("\n").splitlines()
    more = [f"# … and {len(text) - _MAX_LINES} lines like these"] if len(text) > _MAX_LINES else []
    # Not "yaml", so that the tests of the docs do not read it as an environment file.
    return ["```yml", *text[:_MAX_LINES], *more, "```"]


def _yaml(template: Template, *, several: bool) -> str:
    place = f"# {template.name}: {template.account}, {template.region}\n" if several else ""
    # Shared values are written out in full.
    text: str = yaml.dump(template.body, Dumper=_Plain, sort_keys=False, width=88)
    return place + text


class _Plain(yaml.SafeDumper):
    """Writes no anchors, and indents lists below their key."""

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value in full."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: FBT002
        """Indent lists below their key."""
        del indentless
        super().increase_indent(flow, False)  # noqa: FBT003 - as PyYAML calls it


def _escaped(text: str) -> str:
    return text.replace("*", "\\*").replace("<", "\\<").replace("|", "\\|")


if __name__ == "__main__":
    INDEX.write_text(index(), encoding="utf-8")
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    for rule in RULES.values():
        (_FOLDER / f"{rule.id}.md").write_text(page(rule), encoding="utf-8")
    print(f"wrote docs/rules.md, and {len(RULES)} pages to build/docs/rules")
