"""Read files of any origin: regular files of a limited size, in any encoding of Unicode.

Who wrote a cloud assembly or a folder chooses what is in it: a device without an end, a pipe that
nobody writes to, a link to itself. Each is an error, and the reader never waits for it.
"""

import io
import json
import os
import select
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from ecr_constructs.cloudformation.errors import TemplateError

_GZIP = b"\x1f\x8b"
MAX_BYTES = 64 * 2**20
"""The size of a file other than an inventory; CloudFormation accepts templates of 1 MB."""

INVENTORY_MAX_BYTES = 2**30
"""The size of an inventory: a million images take about 600 MB."""

# Seconds until somebody must have opened a pipe to write to it; the writer may take longer.
_WAIT_FOR_WRITER = 2.0
_NONBLOCK = getattr(os, "O_NONBLOCK", 0)


def text_of(path: Path, *, most: int = MAX_BYTES, may_be_pipe: bool = False) -> str:
    """Read a text of UTF-8, UTF-16 or UTF-32.

    Raises:
        TemplateError: As `bytes_of`; or the text is in another encoding.
    """
    return decoded(bytes_of(path, most=most, may_be_pipe=may_be_pipe), path)


def bytes_of(path: Path, *, most: int = MAX_BYTES, may_be_pipe: bool = False) -> bytes:
    """Read a file.

    Args:
        path: The file.
        most: The number of bytes that it may have. Default: those of a template.
        may_be_pipe: Whether it may be a pipe, as a shell makes of ``<(command)``. Default: only a
            regular file, or the null device.

    Raises:
        TemplateError: ``file-unreadable``; ``file-kind``: not a regular file; ``file-too-large``.
    """
    try:
        # Path.open has no opener.
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            first = b""
            if may_be_pipe and stat.S_ISFIFO(status.st_mode):
                first = _first_byte(file, path)
            elif not stat.S_ISREG(status.st_mode) and not _is_null(status):
                msg = f"cannot read {path}: not a regular file"
                raise TemplateError(msg, code="file-kind", path=path)
            return first + limited(file, path, most)
    except (OSError, ValueError) as error:
        # A ValueError: the name has a null character, or half of a surrogate pair.
        reason = error.strerror if isinstance(error, OSError) else "no file has such a name"
        msg = f"cannot read {path}: {reason}"
        raise TemplateError(msg, code="file-unreadable", path=path) from None


def limited(file: BinaryIO, name: Path | str, most: int = MAX_BYTES) -> bytes:
    """Return what a file holds; the error of a larger one calls it `name`."""
    data = file.read(most + 1)
    if len(data) > most:
        msg = f"cannot read {name}: larger than {most // 2**20:,} MB"
        raise TemplateError(msg, code="file-too-large", path=_path(name))
    return data


def _without_waiting(name: str, flags: int) -> int:
    return os.open(name, flags | _NONBLOCK)


def _is_null(status: os.stat_result) -> bool:
    null = Path(os.devnull).stat()
    return (status.st_dev, status.st_ino) == (null.st_dev, null.st_ino)


def _first_byte(file: io.BufferedReader, path: Path) -> bytes:
    """Return the first byte of a pipe, if it is there already, and make reading wait for the rest.

    A pipe without a writer is at its end; with one that has not written yet, there is no answer.
    """
    first = file.raw.read(1)
    if first == b"":
        select.select([file], [], [], _WAIT_FOR_WRITER)
        first = file.raw.read(1)
    if first == b"":
        msg = f"cannot read {path}: a pipe, and nobody writes to it"
        raise TemplateError(msg, code="file-kind", path=path)
    os.set_blocking(file.fileno(), True)
    return first or b""


def decoded(data: bytes, name: Path | str) -> str:
    """Decode a text of UTF-8, UTF-16 or UTF-32.

    Raises:
        TemplateError: It is in another encoding; the message calls it `name`.
    """
    try:
        # As PowerShell writes UTF-16, with a mark of the byte order.
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        msg = f"cannot read {name}: not UTF-8 at byte {error.start}; save it as UTF-8"
        if data.startswith(_GZIP):
            msg = f"cannot read {name}: it is compressed with gzip; run gunzip first"
        raise TemplateError(msg, code="file-encoding", path=_path(name)) from None


def _path(name: Path | str) -> Path | None:
    return name if isinstance(name, Path) else None


# Unlike the methods of Path, these raise no error for a name that no file can have, a loop of
# links, or a folder that is closed to the user: there is no file to read then.


def is_file(path: str | Path) -> bool:
    """Tell whether a path is that of a regular file."""
    return os.path.isfile(path)  # noqa: PTH113


def is_folder(path: str | Path) -> bool:
    """Tell whether a path is that of a folder."""
    return os.path.isdir(path)  # noqa: PTH112


def is_pipe(path: str | Path) -> bool:
    """Tell whether a path is that of a pipe, which can be read only once."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def exists(path: str | Path) -> bool:
    """Tell whether something has a path."""
    return os.path.exists(path)  # noqa: PTH110


def real_path(path: str | Path) -> Path:
    """Return a path without links, whatever a file names; one that no file has is unchanged."""
    try:
        return Path(os.path.realpath(path))
    except ValueError:
        return Path(path)


def files_below(
    top: Path,
    suffixes: Collection[str],
    add_error: Callable[[OSError], None],
    skipped: Collection[str] = (),
) -> Iterator[Path]:
    """Yield the files of a folder and the folders below it, by name; follow links once.

    Args:
        top: The folder.
        suffixes: The extensions of the files, in lower case.
        add_error: Gets the error of a folder that cannot be listed.
        skipped: The names of folders to leave out. Default: none.
    """
    visited = {os.path.realpath(top)}
    for folder, folders, names in os.walk(top, onerror=add_error, followlinks=True):
        kept = []
        for name in sorted(folders):
            real = os.path.realpath(Path(folder, name))
            if name not in skipped and real not in visited:
                visited.add(real)
                kept.append(name)
        folders[:] = kept
        for path in (Path(folder, name) for name in sorted(names)):
            if path.suffix.lower() in suffixes:
                yield path


def unreadable(error: OSError) -> TemplateError:
    """Return the error of a folder that cannot be listed."""
    msg = f"cannot read {error.filename}: {error.strerror}"
    return TemplateError(msg, code="file-unreadable", path=Path(error.filename))
