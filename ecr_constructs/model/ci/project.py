"""CI projects: which of their jobs are admitted, and the limits of the role that these assume."""

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from ecr_constructs.model.ci.claims import ClaimValue, claim_key, texts_of
from ecr_constructs.model.ci.issuer import CiIssuer
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import item_errors, require_list

# The characters that Git allows in a ref, with the wildcards, as far as a policy can contain them.
# https://git-scm.com/docs/git-check-ref-format
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_REF = re.compile(r"[^\x00- \x7f~^:\\\[\u0100-\U0010ffff]+")
_TEXT = re.compile(r"[^\x00-\x1f\x7f\u0100-\U0010ffff]+")
_EXAMPLES = {"branches": "main", "tags": "v*", "environments": "prod"}
_PATTERN_EXAMPLES = {"branches": "release/*", "tags": "v*", "environments": "prod-*"}

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html
MIN_SESSION_HOURS = 1
MAX_SESSION_HOURS = 12
ROLE_NAME_MAX_LENGTH = 64
_ROLE_NAME = re.compile(r"[\w+=,.@-]+", re.ASCII)
# Clients read the manifest of a tag before they move it; CDK's grant_push does not include this.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
READ_MANIFEST = "ecr:BatchGetImage"


class CiProject(ABC):
    """The jobs of one project in a CI system: an issuer, and the subjects of their tokens.

    Attributes:
        claims: Further claims that a token must have, all of them, with the accepted values of
            each; ``*`` matches any characters. Only those that STS compares: of GitHub.com and
            gitlab.com several, of CircleCI the project, of others none.
    """

    __slots__ = ()
    claims: Mapping[str, ClaimValue] = MappingProxyType({})

    @property
    @abstractmethod
    def issuer(self) -> CiIssuer:
        """The issuer of the tokens."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The project's name in the CI system: ``acme/payments-api``."""

    @property
    @abstractmethod
    def subjects(self) -> tuple[str, ...]:
        """The values of the claim ``sub`` that are accepted; ``*`` and ``?`` are wildcards."""

    @property
    def required_claims(self) -> dict[str, list[str]]:
        """The claims that a token must have next to its subject, with the accepted values."""
        claims = {name: texts_of(value) for name, value in self.claims.items()}
        return {**self._selected_claims, **claims}

    @property
    def _selected_claims(self) -> dict[str, list[str]]:
        """The claims that follow from the selection of jobs."""
        return {}

    def conditions(self) -> dict[str, dict[str, Any]]:
        """Return the conditions of a trust policy that admits these jobs and no others.

        All values of a claim are tested by one operator, since all operators must match. It is
        ``StringEquals`` if no value has a wildcard.
        """
        issuer = self.issuer
        conditions: dict[str, dict[str, Any]] = {}
        claims = {"aud": [issuer.audience], "sub": list(self.subjects), **self.required_claims}
        for name, values in claims.items():
            wild = any("*" in value or "?" in value for value in values)
            tests = conditions.setdefault("StringLike" if wild else "StringEquals", {})
            tests[claim_key(issuer.path, name)] = values[0] if len(values) == 1 else values
        return conditions


def selection_errors(
    project: CiProject, *keywords: str, selects_others: bool = False
) -> Iterator[Diagnostic]:
    """Yield each problem of the branches, tags or environments; deploy-time values pass.

    At least one of the keywords must select jobs, unless the project `selects_others`.
    """
    for keyword in keywords:
        values = getattr(project, keyword)
        require_list(keyword, values)
        yield from item_errors(keyword, values, partial(_value_errors, keyword))
    if not selects_others and not any(getattr(project, keyword) for keyword in keywords):
        choices = [f"{keyword} such as [{_EXAMPLES[keyword]!r}]" for keyword in keywords]
        message = "names only the project, so that every job of every branch could push"
        remedy = f"give {' or '.join(choices)}"
        yield Diagnostic("ci-selection-missing", message, remedy=remedy)


def push_role_errors(
    *, repositories: int, session_hours: int, role_name: str | None
) -> Iterator[Diagnostic]:
    """Yield each reason why IAM would reject a role for CI, or why the role would be useless."""
    if not repositories:
        yield Diagnostic(
            "push-role-repositories-missing",
            "repositories is empty, so the role could push nothing",
            "repositories",
            "name at least one",
        )
    if not MIN_SESSION_HOURS <= session_hours <= MAX_SESSION_HOURS:
        yield Diagnostic(
            "push-role-session-hours",
            f"session_hours must be {MIN_SESSION_HOURS} to {MAX_SESSION_HOURS}, got "
            f"{session_hours}",
            "session_hours",
        )
    if role_name is None or is_unresolved(role_name):
        return
    if not _ROLE_NAME.fullmatch(role_name) or len(role_name) > ROLE_NAME_MAX_LENGTH:
        yield Diagnostic(
            "push-role-name-format",
            f"role_name {role_name!r} must be 1 to {ROLE_NAME_MAX_LENGTH} letters, digits "
            "and characters of '_+=,.@-'",
            "role_name",
        )


def _value_errors(keyword: str, value: str) -> Iterator[Diagnostic]:
    if not value.strip("*?/"):
        yield Diagnostic(
            "ci-selection-matches-all",
            f"{value!r} would admit all {keyword}, without any review",
            remedy=f"name each, or write a pattern such as {_PATTERN_EXAMPLES[keyword]!r}",
        )
    elif value.startswith("refs/"):
        yield Diagnostic(
            "ci-selection-is-ref",
            f"{value!r} is a whole ref",
            remedy=f"write {value.split('/', 2)[-1]!r}",
        )
    elif "${" in value:
        yield Diagnostic(
            "ci-selection-variable", f"{value!r} contains '${{', which begins a variable of IAM"
        )
    elif not (_TEXT if keyword == "environments" else _REF).fullmatch(value):
        yield Diagnostic(
            "ci-selection-characters",
            f"{value!r} contains a character that Git or IAM rejects in such a name",
        )
