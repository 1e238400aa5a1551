"""Build a page for each rule, with a violation and its correction.

``python -m tests.support.rule_pages`` writes them to build/docs/rules. The examples are those that
the tests check, so a page shows what the rule really reports.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ecr_constructs.checks import RULES, Config, Rule, Template, check
from ecr_constructs.checks.selection import select
from scripts.rules import escaped
from tests.support.rule_examples import EXAMPLES

FOLDER = Path(__file__).parents[2] / "build" / "docs" / "rules"
_MAX_LINES = 60


def page(rule: Rule) -> str:
    """Return the page of a rule."""
    example = EXAMPLES[rule.id]
    message = next(
        finding.message
        for finding in check(example.faulty, config=Config(select=select(["default", rule.id])))
        if finding.rule == rule.id
    )
    lines = [
        f"# {rule.id}: {escaped(rule.summary)}",
        "",
        f"**{rule.severity.capitalize()}.** {escaped(rule.why)}",
        "",
        f"**Remedy.** {escaped(rule.remedy)}",
        "",
        f"**Source.** <{rule.source}>",
    ]
    if rule.is_opt_in:
        lines += ["", "Off by default: select it in the [configuration](../guides/checks.md)."]
    if rule.types:
        lines += ["", f"**Checks** {', '.join(f'`{kind}`' for kind in rule.types)}."]
    if rule.controls:
        lines += ["", f"**Controls:** {', '.join(rule.controls)}."]
    faulty = _block(example.written) if example.written else _shown(example.faulty)
    lines += ["", "## Violation", "", *faulty, "", f"> {escaped(message)}"]
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


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    for rule in RULES.values():
        (FOLDER / f"{rule.id}.md").write_text(page(rule), encoding="utf-8")
