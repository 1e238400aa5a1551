"""Check with pyright what users copy: `python -m scripts.typed`.

It reads tests/typing, the examples and the Python blocks of README.md and docs, those of a document
together, as they are run.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parent.parent
PYRIGHT = ROOT / "node_modules" / ".bin" / "pyright"
CHECKED = ("tests/typing", "examples")
DOCUMENTS = ("README.md", "docs/**/*.md")
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# CDK's classes name the parameters of some methods otherwise than its interfaces do, which is an
# error of its stubs wherever one of these classes is given for the interface.
_OF_CDK = re.compile(r'is incompatible with protocol "I\w+"(?s:.*)Parameter name mismatch: "(\w+)"')


def code_of(text: str) -> str:
    """Return the Python blocks of a document, each on its own lines."""
    code, end = "", 0
    for block in _BLOCK.finditer(text):
        code += "\n" * text.count("\n", end, block.start(1)) + block[1]
        end = block.end(1)
    return code


def documents(root: Path) -> Iterator[Path]:
    """Yield the documents with Python blocks."""
    for pattern in DOCUMENTS:
        for path in sorted(root.glob(pattern)):
            if _BLOCK.search(path.read_text(encoding="utf-8")):
                yield path


def errors(report: Any, root: Path, folder: Path) -> Iterator[str]:
    """Yield the errors of a report of pyright, except those of CDK itself."""
    for problem in report["generalDiagnostics"]:
        if _OF_CDK.search(problem["message"]):
            continue
        path = Path(problem["file"])
        if path.is_relative_to(folder):
            path = root / path.relative_to(folder).with_suffix(".md")
        line = problem["range"]["start"]["line"] + 1
        yield f"{path.relative_to(root)}:{line}: {problem['message']}"


def main() -> int:
    """Print every error, and return 1 if there is one."""
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        for path in documents(ROOT):
            code = folder / path.relative_to(ROOT).with_suffix(".py")
            code.parent.mkdir(parents=True, exist_ok=True)
            code.write_text(code_of(path.read_text(encoding="utf-8")), encoding="utf-8")
        settings = json.loads((ROOT / "pyrightconfig.json").read_text(encoding="utf-8"))
        include = [str(folder), *(str(ROOT / path) for path in CHECKED)]
        paths = {"include": include, "extraPaths": [str(ROOT)], "venvPath": str(ROOT)}
        config = folder / "pyrightconfig.json"
        config.write_text(json.dumps({**settings, **paths}), encoding="utf-8")
        command = [str(PYRIGHT), "--project", str(config), "--outputjson"]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if not run.stdout.startswith("{"):
            sys.stderr.write(run.stderr or run.stdout)
            return 2
        lines = [*errors(json.loads(run.stdout), ROOT, folder)]
    print("\n".join(lines) or "0 errors")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
