"""What scans find: a file that says which image has which vulnerability.

```json
{"findings": [{"image": "payments/api:v1", "vulnerability": "CVE-2026-0001", "severity": "HIGH",
               "package": "openssl", "version": "3.0.7", "fixed_in": "3.0.8", "score": 8.2}]}
```

The server reads it as well, in an environment of its own: only the standard library is imported.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from local_aws import LocalAwsError

if TYPE_CHECKING:
    from pathlib import Path

SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNDEFINED")
_WORDS = ("vulnerability", "package", "version", "fixed_in")
_IMAGE = re.compile(r"[a-z0-9*._/-]+(?::[A-Za-z0-9*._-]+|@sha256:[0-9a-f]{64})?")
_REQUIRED = ("image", "vulnerability", "severity", "package")
_PATTERNS = {
    "image": _IMAGE,
    **dict.fromkeys(_WORDS, re.compile(r"\S+")),
    "severity": re.compile("|".join(SEVERITIES)),
    "title": re.compile(r".+"),
    "description": re.compile(r".+", re.DOTALL),
    "account": re.compile(r"[0-9]{12}"),
    "region": re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]"),
}
_ALLOWED = {
    **dict.fromkeys(_WORDS, "a text that is not empty, without spaces"),
    "title": "a line that is not empty",
    "description": "a text that is not empty",
    "image": "REPOSITORY, REPOSITORY:TAG or REPOSITORY@sha256:DIGEST, with * in name and tag",
    "severity": f"one of {', '.join(SEVERITIES)}",
    "account": "twelve digits",
    "region": "a Region such as eu-central-1",
}
_HIGHEST_SCORE = 10


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A vulnerability of images.

    Attributes:
        image: REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST; `*` stands for any text in
            repository and tag. Without tag and digest: every image of the repository.
        vulnerability: Its id, such as CVE-2026-0001.
        severity: One of SEVERITIES.
        package: The package that has it.
        version: The version of the package; by default 0.
        fixed_in: The version without it; by default there is none.
        score: Its CVSS score, 0 to 10; by default unknown.
        title: By default made of vulnerability and package.
        description: By default the title.
        exploit: Whether an exploit is known.
        account: The only account that it is found in; by default in each.
        region: The only Region that it is found in; by default in each.
    """

    image: str
    vulnerability: str
    severity: str
    package: str
    version: str = "0"
    fixed_in: str = ""
    score: float | None = None
    title: str = ""
    description: str = ""
    exploit: bool = False
    account: str = ""
    region: str = ""


def load(path: Path) -> list[Finding]:
    """Read the findings of a file.

    Args:
        path: A JSON document, `{"findings": [...]}`; the keys of a finding are the attributes of
            Finding.

    Raises:
        LocalAwsError: The file cannot be read, or something in it is not as above.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror})"
        raise LocalAwsError(msg) from None
    except (ValueError, RecursionError) as error:
        msg = f"{path} is not JSON ({str(error) or 'nested too deeply'})"
        raise LocalAwsError(msg) from None
    if not isinstance(document, dict) or set(document) != {"findings"}:
        _reject(path, "", 'is not {"findings": [...]}')
    if not isinstance(document["findings"], list):
        _reject(path, "findings", "is not a list")
    return [
        _finding(path, f"findings[{position}]", item)
        for position, item in enumerate(document["findings"])
    ]


def _finding(path: Path, place: str, item: Any) -> Finding:
    if not isinstance(item, dict):
        _reject(path, place, "is not an object")
    allowed = [*_PATTERNS, "score", "exploit"]
    for name in item:
        if name not in allowed:
            _reject(path, f"{place}.{name}", f"is not a key; use {', '.join(allowed)}")
    for name in _REQUIRED:
        if name not in item:
            _reject(path, f"{place}.{name}", "is missing")
    for name, pattern in _PATTERNS.items():
        value = item.get(name)
        if name in item and not (isinstance(value, str) and pattern.fullmatch(value)):
            _reject(path, f"{place}.{name}", f"is {value!r}; use {_ALLOWED[name]}")
    score = item.get("score", 0)
    is_number = isinstance(score, int | float) and not isinstance(score, bool)
    if not (is_number and 0 <= score <= _HIGHEST_SCORE):
        _reject(path, f"{place}.score", f"is {score!r}; use a number from 0 to {_HIGHEST_SCORE}")
    if not isinstance(item.get("exploit", False), bool):
        _reject(path, f"{place}.exploit", f"is {item['exploit']!r}; use true or false")
    return Finding(**item)


def _reject(path: Path, place: str, problem: str) -> NoReturn:
    msg = f"{path}: {place}{' ' if place else ''}{problem}"
    raise LocalAwsError(msg)
