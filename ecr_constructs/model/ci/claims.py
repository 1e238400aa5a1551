"""The claims of CI tokens that STS compares, next to the subject and the audience.

AWS has a list of condition keys for each issuer; a condition on another claim is never true, since
its key is absent from the request. The lists are those of September 2026:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html#awssecuritytokenservice-policy-keys
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from ecr_constructs.model.ci.subjects import (
    Judge,
    Reach,
    github_repository,
    github_workflow,
    is_literal_wildcard,
    of_owner,
    of_project,
)
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved

# The keys that every issuer has.
STANDARD = frozenset({"amr", "aud", "email", "oaud", "sub"})

# With what judges the projects that a claim selects; None: it selects no projects.
_GITHUB: dict[str, Judge | None] = {
    "actor": None,
    "actor_id": None,
    "enterprise_id": of_owner,
    "environment": None,
    "job_workflow_ref": github_workflow,
    "ref": None,
    "repository": github_repository,
    "repository_id": of_project,
    "repository_owner_id": of_owner,
    "workflow": None,
}
_GITLAB: dict[str, Judge | None] = {
    "namespace_id": of_owner,
    "pipeline_source": None,
    "project_id": of_project,
    "ref_protected": None,
    "runner_environment": None,
    "user_access_level": None,
    "user_email": None,
    "user_id": None,
    "user_login": None,
}
_CIRCLECI: dict[str, Judge | None] = {"project-id": of_project}

# Not GitHub Enterprise Server and not a self-managed GitLab, of which STS reads no more than of
# any issuer (https://docs.gitlab.com/ci/cloud_services/aws/).
_BY_ISSUER: tuple[tuple[re.Pattern[str], Mapping[str, Judge | None]], ...] = (
    (
        re.compile(
            r"token\.actions\.githubusercontent\.com(?:/[^/]+)?|token\.actions\.[^/]+\.ghe\.com"
            r"|github\.com/enterprises/[^/]+"
        ),
        _GITHUB,
    ),
    (re.compile(r"gitlab\.com"), _GITLAB),
    (re.compile(r"oidc\.circleci\.com/org/[^/]+"), _CIRCLECI),
)
_ID = re.compile(r"[0-9]+")
ClaimValue = str | bool | int | Sequence[str | bool | int]


def sts_claims(issuer: str) -> Mapping[str, Judge | None]:
    """Return the claims of an issuer's tokens that STS compares, next to those of all issuers.

    Args:
        issuer: The URL without ``https://``, in lower case.
    """
    return next((claims for pattern, claims in _BY_ISSUER if pattern.fullmatch(issuer)), {})


def claim_key(issuer: str, claim: str) -> str:
    """Return the condition key of a claim of an issuer's tokens."""
    is_circleci = issuer.startswith("oidc.circleci.com/") and claim not in STANDARD
    return f"{issuer}:oidc.circleci.com/{claim}" if is_circleci else f"{issuer}:{claim}"


def texts_of(value: ClaimValue) -> list[str]:
    """Return the values of a claim as texts; numbers and booleans are written as in tokens."""
    values = [value] if isinstance(value, str | int) else value
    return [str(item).lower() if isinstance(item, bool) else str(item) for item in values]


def claim_errors(issuer: str, claims: Mapping[str, ClaimValue]) -> Iterator[Diagnostic]:
    """Yield each problem of claims that a project requires; deploy-time values pass."""
    judges = sts_claims(issuer)
    for name, value in claims.items():
        path = f"claims[{name!r}]"
        if name not in judges:
            choices = ", ".join(judges)
            yield Diagnostic(
                "ci-claim-not-read",
                f"STS does not compare the claim {name} of tokens of {issuer}, so that no token "
                "would be admitted",
                path,
                f"write one of {choices}" if judges else "remove it; STS reads the subject only",
            )
            continue
        texts = texts_of(value)
        if not texts:
            yield Diagnostic("ci-claim-empty", "no token matches an empty list", path)
        for text in texts:
            yield from _value_errors(name, text, path, judges[name])


def _value_errors(name: str, text: str, path: str, judge: Judge | None) -> Iterator[Diagnostic]:
    if is_unresolved(text):
        return
    if not text or is_literal_wildcard(text):
        yield Diagnostic(
            "ci-claim-matches-all", f"{text!r} would match every value", path, "write the value"
        )
    elif "${" in text:
        message = f"{text!r} contains '${{', which begins a variable of IAM"
        yield Diagnostic("ci-claim-variable", message, path)
    elif name.endswith("_id") and not _ID.fullmatch(text):
        yield Diagnostic("ci-claim-id-format", f"{text!r} is not an id, which has digits", path)
    elif judge and judge(text) in (Reach.EVERYONE, Reach.NOBODY):
        message = f"{text!r} selects projects of unknown owners, or none"
        yield Diagnostic("ci-claim-selects-strangers", message, path, "name the owner")
