"""Write a project into a folder: all of it, or nothing."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# A repository that was just created or cloned has nothing else.
_TOLERATED = {".git"}
_SHOWN = 5


class ProjectFolderError(DiagnosticError):
    """The folder cannot take a project."""


def require_empty(folder: Path) -> None:
    """Make sure that a folder is empty but for ``.git``, or does not exist.

    Raises:
        ProjectFolderError: It is a file, or has files, which the message names.
    """
    if not folder.is_dir():
        # Also a link that leads nowhere.
        if folder.exists() or folder.is_symlink():
            message, remedy = f"{folder} is not a folder", "name one that is empty"
            raise ProjectFolderError(Diagnostic("folder-kind", message, remedy=remedy))
        return
    names = sorted(path.name for path in folder.iterdir() if path.name not in _TOLERATED)
    if names:
        further = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
        message = f"{folder} is not empty: {', '.join(names[:_SHOWN])}{further}"
        remedy = "name an empty folder, or one that does not exist"
        raise ProjectFolderError(Diagnostic("folder-not-empty", message, remedy=remedy))


def write_project(folder: Path, files: Mapping[str, str], check: Callable[[Path], None]) -> None:
    """Write files into an empty folder.

    They are written to a temporary folder in it and moved when they are complete, so that the
    folder that a shell is in stays the same.

    Args:
        folder: The folder. It is created if it does not exist, with those above it.
        files: The text of each file, by its path.
        check: Raises if the files, in the folder that it gets, are not good.

    Raises:
        ProjectFolderError: It is not empty.
        OSError: A file cannot be written. What was created is removed, then as after any error.
    """
    require_empty(folder)
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    names: list[str] = []
    staged: Path | None = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staged = Path(mkdtemp(prefix=".init-", dir=folder))
        for name, text in files.items():
            path = staged / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="\n")
        check(staged)
        names = sorted(path.name for path in staged.iterdir())
        for name in names:
            (staged / name).rename(folder / name)
        staged.rmdir()
    except BaseException:
        if staged is not None:
            # What is no longer in the temporary folder was moved; all else is not ours.
            for name in names:
                if not (staged / name).exists():
                    _remove(folder / name)
            _remove(staged)
        for path in missing:
            with suppress(OSError):
                path.rmdir()
        raise


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
