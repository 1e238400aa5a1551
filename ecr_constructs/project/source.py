"""Where the files of a project come from, and where it installs this package from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from ecr_constructs.model.validation import reject

_PACKAGE = Path(__file__).parent.parent
_URL = re.compile(r"(?:git\+)?(?:https|ssh|file)://[\w.~:/?#@!&()*+,;=%-]+", re.ASCII)
_COMMIT = re.compile(r"git\+(?P<url>https://[^@#]+?)(?:\.git)?@(?P<commit>[0-9a-f]{40})")
# A user of HTTPS is a token; that of SSH is `git`.
_PASSWORD = re.compile(r"((?:git\+)?(?:https://|ssh://[^/@:]+:))[^/@]+@")
_GITHUB = "https://github.com/"


@dataclass(frozen=True)
class Source:
    """Where pip installs this package from.

    Attributes:
        specifier: What follows the package's name in a requirement: ``@ git+https://…`` or
            ``==0.1.0``.
    """

    specifier: str

    @property
    def requirement(self) -> str:
        """The requirement of the project."""
        separator = " " if self.specifier.startswith("@") else ""
        return f"ecr-constructs[app,cli]{separator}{self.specifier}"

    @property
    def is_local(self) -> bool:
        """Whether only this machine can install it."""
        return self.specifier.startswith("@ file:")

    @property
    def commit(self) -> tuple[str, str] | None:
        """The address of the Git repository, and the commit; None if there is none."""
        match = _COMMIT.fullmatch(self.specifier.removeprefix("@ "))
        return (match["url"], match["commit"]) if match else None

    @property
    def action(self) -> tuple[str, str] | None:
        """The owner and name of the repository on GitHub, and the commit; None if it is not."""
        if self.commit is None or not self.commit[0].startswith(_GITHUB):
            return None
        return self.commit[0].removeprefix(_GITHUB), self.commit[1]


def source_of(url: str) -> Source:
    """Return the source that a URL names.

    Args:
        url: What pip takes: ``git+https://github.com/acme/ecr-constructs@`` and a commit, or the
            URL of a wheel or a folder.

    Raises:
        ValidationError: It is not a URL that pip installs from.
    """
    if not _URL.fullmatch(url):
        message = "is not a URL that pip installs from"
        remedy = "write one such as git+https://github.com/acme/ecr-constructs@COMMIT"
        reject("--source", url, "source-url", message, remedy=remedy)
    if _PASSWORD.match(url):
        message = "has a password, which would be written into the project"
        remedy = "leave it out, and configure it where pip runs, such as in a .netrc file"
        reject("--source", _PASSWORD.sub(r"\1…@", url), "source-password", message, remedy=remedy)
    return Source(f"@ {url}")


def installed_source(name: str = "ecr-constructs") -> Source:
    """Return where this package was installed from, as pip has recorded it.

    The record is https://packaging.python.org/en/latest/specifications/direct-url/. Without one,
    an index was the source, and the version is what names it. If the package is not installed, the
    source is the checkout that it runs from.
    """
    try:
        installed = distribution(name)
    except PackageNotFoundError:
        return Source(f"@ {_PACKAGE.parent.as_uri()}")
    record = installed.read_text("direct_url.json")
    if record is None:
        return Source(f"=={installed.version}")
    document = json.loads(record)
    url = document["url"]
    if "vcs_info" in document:
        url = f"git+{url}@{document['vcs_info']['commit_id']}"
    return Source(f"@ {url}")


def files_folder(package: Path = _PACKAGE) -> Path:
    """Return the folder of the files that a project copies.

    The wheel has them in a folder of its own; a checkout has them where they are used.
    """
    packed = package / "_project"
    return packed if packed.is_dir() else package.parent
