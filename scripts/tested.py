"""Remember that `make test` has passed, so that `make test-all` need not repeat it.

Usage: ``python -m scripts.tested record``, after the tests have passed; ``python -m scripts.tested
holds`` restores their coverage if COVERAGE is set, or fails if any file has changed since.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).parent.parent
COVERAGE = ROOT / ".coverage"
RECORD = ROOT / "build" / "tested"
# What is installed or generated; all other folders may hold something that a test reads.
_SKIPPED = {
    *(".git", ".venv", ".venv-local-aws", "node_modules", "build", "dist", "cdk.out"),
    *(".cdk", ".local-aws", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis"),
    "__pycache__",
}


def files() -> Iterator[Path]:
    """Yield every file of the checkout, in a stable order."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - _SKIPPED)
        paths = (Path(folder, name) for name in sorted(names))
        yield from (path for path in paths if not path.name.startswith(".coverage"))


def digest() -> str:
    """Return a hash of the names and the contents of all files, and of the interpreter."""
    result = sha256(sys.version.encode())
    for path in files():
        result.update(f"\0{path.relative_to(ROOT)}\0".encode())
        result.update(path.read_bytes())
    return result.hexdigest()


def record() -> None:
    """Keep that the tests have just passed, and their coverage."""
    RECORD.mkdir(parents=True, exist_ok=True)
    (RECORD / "coverage").unlink(missing_ok=True)
    if os.environ.get("COVERAGE"):
        shutil.copy(COVERAGE, RECORD / "coverage")
    (RECORD / "digest").write_text(digest(), "utf-8")


def holds() -> bool:
    """Restore the coverage, and tell whether nothing has changed since."""
    kept = RECORD / "digest"
    if not kept.is_file() or kept.read_text("utf-8") != digest():
        return False
    if os.environ.get("COVERAGE"):
        if not (RECORD / "coverage").is_file():
            return False
        shutil.copy(RECORD / "coverage", COVERAGE)
    return True


if __name__ == "__main__":
    if sys.argv[1:] == ["record"]:
        record()
    else:
        sys.exit(not holds())
