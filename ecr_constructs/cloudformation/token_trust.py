"""Judge whose tokens satisfy a trust policy for an identity provider: CI systems and others."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from ecr_constructs.cloudformation.conditions import bare
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.iam_policy import Condition
from ecr_constructs.cloudformation.openness import Limit, is_optional
from ecr_constructs.model.ci import subjects
from ecr_constructs.model.ci.claims import STANDARD, claim_key, sts_claims
from ecr_constructs.model.ci.subjects import Judge, Reach, reach_of
from ecr_constructs.model.tokens import is_unresolved

# What IAM requires of a trust policy: a condition on one of these claims other than '*'.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
REQUIRED = {
    "token.actions.githubusercontent.com": ("sub", "job_workflow_ref"),
    "gitlab.com": ("sub",),
}
GITHUB_HOST = "token.actions.githubusercontent.com"
PROVIDER_ARN = re.compile(r"arn:[^:]+:iam::(?P<account>[^:]*):oidc-provider/(?P<issuer>.+)")
POSITIVE = ("stringequals", "stringlike", "stringequalsignorecase")
_KEY = re.compile(r"(?P<issuer>.+):(?P<claim>[a-z_]+)", re.IGNORECASE)


class TokenIssuer(NamedTuple):
    """A system that issues tokens, such as a CI system.

    Attributes:
        issuer: Matches the URLs of its issuers, in lower case and without ``https://``.
        judge: Judges its subjects.
        form: What its subjects look like.
        is_of_tenant: Whether an issuer belongs to one workspace or organization.
    """

    issuer: re.Pattern[str]
    judge: Judge
    form: str
    is_of_tenant: bool = False


# An enterprise may have an issuer of its own:
# https://docs.github.com/en/enterprise-cloud@latest/actions/reference/security/oidc
GITHUB = TokenIssuer(
    re.compile(
        rf"(?:.*/)?{re.escape(GITHUB_HOST)}(?:/[^/]+)?|token\.actions\.[^/]+\.ghe\.com"
        r"|[^/]+/_services/token|github\.com/enterprises/[^/]+"
    ),
    subjects.github_subject,
    "GitHub's subjects have the form repo:OWNER/REPOSITORY:…",
)
GITLAB = TokenIssuer(
    re.compile(r"gitlab\.[a-z0-9.-]+"),
    subjects.gitlab_subject,
    "GitLab's subjects have the form project_path:GROUP/PROJECT:…",
)
BITBUCKET = TokenIssuer(
    re.compile(r"api\.bitbucket\.org/2\.0/workspaces/[^/]+/pipelines-config/identity/oidc"),
    subjects.bitbucket_subject,
    "Bitbucket's subjects have the form {REPOSITORY-UUID}:…",
    is_of_tenant=True,
)
CIRCLECI = TokenIssuer(
    re.compile(r"oidc\.circleci\.com/org/[^/:]+"),
    subjects.circleci_subject,
    "CircleCI's subjects have the form org/ID/project/ID/…",
    is_of_tenant=True,
)
OTHER = TokenIssuer(re.compile(r".+"), subjects.any_subject, "")
_SYSTEMS = (GITHUB, GITLAB, BITBUCKET, CIRCLECI)

# Issuers with the users of many organizations, and the claims that name one of them. AWS lists
# the claim that a trust policy must evaluate.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_oidc_secure-by-default.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
_BY_SUBJECT = (
    *("app.terraform.io", "oidc.codefresh.io", "proidc.upbound.io"),
    *("scalr.io", "studio.datachain.ai/api", "tokens.cloud.shisho.dev"),
    *(
        "oidc-configuration.audit-log.githubusercontent.com",
        "vstoken.actions.githubusercontent.com",
    ),
    # IBM Turbonomic, which changes its issuers.
    "oidc.op1.openshiftapps.com/2c51blsaqa9gkjt0o9rt11mle8mmropu",
    "oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb",
    "rh-oidc.s3.us-east-1.amazonaws.com/22ejnvnnturfmt6km08idd0nt4hekbn7",
    "rh-oidc.s3.us-east-1.amazonaws.com/23e3sd27sju1hoou6ohfs68vbno607tr",
    "rh-oidc.s3.us-east-1.amazonaws.com/23ne21h005qjl3n33d8dui5dlrmv2tmg",
    "rh-oidc.s3.us-east-1.amazonaws.com/24jrf12m5dj7ljlfb4ta2frhrcoadm26",
)
_BY_AUDIENCE = (
    *("api.pulumi.com/oidc", "cognito-identity.amazonaws.com", "oidc.vercel.com"),
    "sandboxes.cloud",
)
SHARED = {
    **dict.fromkeys(_BY_SUBJECT, ("sub",)),
    **dict.fromkeys(_BY_AUDIENCE, ("aud",)),
    **dict.fromkeys(("graph.facebook.com", "www.amazon.com"), ("app_id",)),
    "accounts.google.com": ("aud", "google/organization_number", "oaud", "sub"),
    "agent.buildkite.com": ("sub", "organization_id", "organization_slug", "pipeline_id"),
    # Microsoft Sentinel, of which the session's name is the workspace.
    "sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d": ("rolesessionname",),
}
# The text before a wildcard names the owner: organization:acme:pipeline:*.
_ONE_OWNER = re.compile(r"[^:]+:[^:]+:.*", re.DOTALL)


def claim_of(key: str) -> str:
    """Return the claim that a condition key is about, in lower case."""
    name = key.lower().rpartition(":")[2]
    # CircleCI's other claims follow the host.
    return name.rpartition("/")[2] if name.startswith("oidc.circleci.com/") else name


def provider_url(assembly: TemplateSet, principal: str) -> str:
    """Return the URL of a provider that a principal names, or an empty text if it is unknown."""
    provider = assembly.referred_to(principal)
    url = provider.get("Url") if provider is not None else None
    arn = PROVIDER_ARN.fullmatch(principal)
    if arn or isinstance(url, str):
        return arn["issuer"] if arn else str(url)
    # The providers that IAM knows are named by their host: cognito-identity.amazonaws.com.
    return "" if is_unresolved(principal) or principal.startswith("arn:") else principal


def issuer_of(issuer: str, conditions: Iterable[Condition]) -> str:
    """Return a URL without ``https://``, in lower case; if unresolved that of the conditions.

    An empty text if it is unknown.
    """
    if not issuer or is_unresolved(issuer):
        keys = (_KEY.fullmatch(test.key) for test in conditions)
        issuer = next((key["issuer"] for key in keys if key and "." in key["issuer"]), "")
    return re.sub("^https?://", "", issuer.lower()).rstrip("/")


def system_of(issuer: str, conditions: Sequence[Condition]) -> TokenIssuer:
    """Return the system that an issuer, in lower case and without ``https://``, belongs to."""
    for system in _SYSTEMS:
        if system.issuer.fullmatch(issuer):
            return system
    # A self-managed GitLab is known by its subjects, or by its audience, which is its URL.
    subject_values = [value for test in tests_of(conditions, "sub") for value in test.values]
    audiences = [value.lower() for test in tests_of(conditions, "aud") for value in test.values]
    is_gitlab = any(value.startswith("project_path:") for value in subject_values)
    return GITLAB if is_gitlab or f"https://{issuer}" in audiences else OTHER


def tests_of(conditions: Iterable[Condition], claim: str) -> list[Condition]:
    """Return the conditions that require values of a claim."""
    return [
        test
        for test in conditions
        if bare(test.operator) in POSITIVE
        and (is_unresolved(test.key) or claim_of(test.key) == claim)
    ]


def judges_of(issuer: str, system: TokenIssuer) -> dict[str, Judge]:
    """Return the claims that select projects and that STS compares, with what judges them."""
    claims = {name: judge for name, judge in sts_claims(issuer).items() if judge is not None}
    of_subject = partial(_of_organization, issuer) if system is CIRCLECI else system.judge
    return {"sub": of_subject, **claims}


def _of_organization(issuer: str, subject: str) -> Reach:
    """Judge a subject of CircleCI, whose organization is that of the issuer."""
    start = f"org/{issuer.rpartition('/')[2]}/"
    literal = re.split("[*?]", subject, maxsplit=1)[0]
    if not (literal.startswith(start) or start.startswith(literal)):
        return Reach.NOBODY
    return CIRCLECI.judge(subject)


def selectors_of(
    issuer: str, system: TokenIssuer, conditions: Sequence[Condition]
) -> list[tuple[Condition, Reach]]:
    """Return the conditions that select projects, each with its reach."""
    unread = list(unread_claims(issuer, system, conditions))
    return [
        (test, subjects.widest(value_reach(judge, test, value) for value in test.values))
        for claim, judge in judges_of(issuer, system).items()
        for test in tests_of(conditions, claim)
        if test not in unread
    ]


def unread_claims(
    issuer: str, system: TokenIssuer, conditions: Iterable[Condition]
) -> Iterator[Condition]:
    """Yield the conditions on claims that STS does not compare: their keys are always absent."""
    if system is OTHER:
        return
    keys = {claim_key(issuer, name).lower() for name in (*sts_claims(issuer), *STANDARD)}
    # Of CircleCI, keys without the issuer look right too.
    starts = (f"{issuer}:", "oidc.circleci.com/") if system is CIRCLECI else f"{issuer}:"
    for test in conditions:
        key = test.key.lower()
        # The key of another issuer is reported by itself.
        is_own = key.startswith(starts) and not is_unresolved(key)
        if is_own and claim_of(key) not in STANDARD and key not in keys:
            yield test


def excludes_all(test: Condition) -> bool:
    """Tell whether a condition is false without its key."""
    if bare(test.operator) == "null":
        return {value.lower() for value in test.values} == {"false"}
    return bare(test.operator) in POSITIVE and not is_optional(test)


def value_reach(judge: Judge, test: Condition, value: str) -> Reach:
    """Return whose tokens have one value of a condition."""
    return reach_of(judge, value, is_wild=bare(test.operator) == "stringlike")


def token_limit(provider: str, conditions: Sequence[Condition]) -> Limit:
    """Judge whose tokens satisfy conditions on the claims of a federated principal.

    A provider that is not known to be shared is that of one company or cluster, or is not: without
    a condition on the subject that is `Limit.UNKNOWN`.
    """
    if ":saml-provider/" in provider:
        return Limit.LIMITED
    arn = PROVIDER_ARN.fullmatch(provider)
    issuer = issuer_of(arn["issuer"] if arn else provider, conditions)
    system = system_of(issuer, conditions)
    if system is OTHER:
        return _shared_limit(issuer, conditions) if issuer in SHARED else _other_limit(conditions)
    reaches = [reach for _, reach in selectors_of(issuer, system, conditions)]
    is_unread = any(map(excludes_all, unread_claims(issuer, system, conditions)))
    if Reach.NOBODY in reaches or is_unread:
        return Limit.NOBODY
    is_open = min(reaches, default=Reach.EVERYONE) is Reach.EVERYONE
    return Limit.STRANGERS if is_open and not system.is_of_tenant else Limit.LIMITED


def _shared_limit(issuer: str, conditions: Sequence[Condition]) -> Limit:
    is_limited = any(
        all(_names_owner(test, value) for value in test.values)
        for claim in SHARED[issuer]
        for test in (*tests_of(conditions, claim), *_numbers_of(conditions, claim))
    )
    return Limit.LIMITED if is_limited else Limit.STRANGERS


def _numbers_of(conditions: Sequence[Condition], claim: str) -> Iterator[Condition]:
    for test in conditions:
        if bare(test.operator) == "numericequals" and claim_of(test.key) == claim:
            yield test


def _names_owner(test: Condition, value: str) -> bool:
    stem = re.split("[*?]", value)[0] if bare(test.operator) == "stringlike" else value
    return stem == value or (claim_of(test.key) == "sub" and _ONE_OWNER.fullmatch(stem) is not None)


def _other_limit(conditions: Sequence[Condition]) -> Limit:
    named = [
        test
        for test in conditions
        if bare(test.operator) in POSITIVE
        and claim_of(test.key) != "aud"
        and not test.key.lower().startswith("aws:")
    ]
    reaches = [
        subjects.widest(value_reach(subjects.any_subject, test, value) for value in test.values)
        for test in named
    ]
    return Limit.LIMITED if min(reaches, default=Reach.EVERYONE) < Reach.EVERYONE else Limit.UNKNOWN
