"""Find wording and names that a reader has to read twice: `python -m scripts.words`.

The list is short on purpose: each entry is a habit that came back before it was listed here.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
CODE = ("ecr_constructs", "stacks", "local_aws", "benchmarks", "scripts", "tests", "examples")
PROSE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/**/*.md")

# A phrase, and what to write in its place.
PHRASES = {
    r"\bwhom\b": "name the principal",
    r"\bsurely\b": "'definitely', or nothing",
    r"\bfor ever\b": "permanently",
    r"\bstands? (?:twice|\d+ times)\b": "is duplicated",
    r"\bwhat is none\b": "is not a …",
    r"\bnobody knows\b": "unknown",
    r"\b(?:said|told) of\b": "name the subject",
    r"\bmade anew\b": "recreated",
    r"\blets? (?:in|go)\b": "allows; removes",
    r"\bcomes to nothing\b": "resolves to nothing",
}
# Names of loop variables and locals that say nothing about what they hold.
NAMES = {"each", "said", "told", "known", "found"}


def phrases(path: Path, text: str) -> Iterator[str]:
    """Yield each listed phrase of a text, with its place."""
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in PHRASES.items():
            if match := re.search(pattern, line, re.IGNORECASE):
                yield f"{path}:{number}: {match[0]!r}: {instead}"


def names(path: Path, text: str) -> Iterator[str]:
    """Yield each variable of a module whose name is listed, with its place."""
    tree = ast.parse(text)
    # An attribute is named in its class, where its name may be a key of JSON.
    attributes = {
        statement.target
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.AnnAssign)
    }
    for node in ast.walk(tree):
        if node in attributes:
            continue
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in NAMES:
            yield f"{path}:{node.lineno}: variable {node.id!r}: name what it holds"


def problems(root: Path) -> Iterator[str]:
    """Yield every problem below a folder, in the order of the files."""
    modules = [path for folder in CODE for path in sorted((root / folder).rglob("*.py"))]
    for path in modules:
        text = path.read_text("utf-8")
        if path != Path(__file__):
            yield from phrases(path.relative_to(root), text)
        yield from names(path.relative_to(root), text)
    for path in sorted(path for pattern in PROSE for path in root.glob(pattern)):
        yield from phrases(path.relative_to(root), path.read_text("utf-8"))


if __name__ == "__main__":
    lines = list(problems(ROOT))
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.exit(f"{len(lines)} words to write plainly" if lines else 0)
