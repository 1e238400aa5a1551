"""Write the list of the rules of ``ecr-constructs check``: docs/rules.md.

`tests.support.rule_pages` builds a page with examples for each of them.
"""

from pathlib import Path

from ecr_constructs.checks import RULES

INDEX = Path(__file__).parent.parent / "docs" / "rules.md"
_FAMILIES = {
    "0": "Repositories",
    "1": "Lifecycle policies",
    "2": "Access",
    "3": "Registries",
    "4": "Pull through caches and creation templates",
    "5": "Events, alarms and CI",
    "6": "Templates",
    "7": "Consumers and VPC endpoints",
    "8": "Requirements of an organization, off by default",
    "9": "Suppressions",
}


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
            f"| {rule.id} | {rule.severity} | {escaped(rule.summary)} |"
            for rule in RULES.values()
            if rule.id[3] == digit
        ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return a text without the marks of Markdown."""
    return text.replace("*", "\\*").replace("<", "\\<").replace("|", "\\|")


if __name__ == "__main__":
    INDEX.write_text(index(), encoding="utf-8")
    print("wrote docs/rules.md")
