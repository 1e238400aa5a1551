"""Roles that CI systems assume to push images: GitHub Actions, GitLab CI, Bitbucket, CircleCI."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ecr_constructs.checks.branches import each_branch
from ecr_constructs.checks.rule import IAM_GUIDE, Problem, error_rule, note_rule, warning_rule
from ecr_constructs.cloudformation.conditions import bare
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import Condition, Statement, matches, policies_of
from ecr_constructs.cloudformation.openness import Limit
from ecr_constructs.cloudformation.resource_types import OIDC_PROVIDER, ROLE
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.cloudformation.token_trust import (
    BITBUCKET,
    CIRCLECI,
    GITHUB,
    GITHUB_HOST,
    GITLAB,
    OTHER,
    POSITIVE,
    PROVIDER_ARN,
    REQUIRED,
    SHARED,
    TokenIssuer,
    claim_of,
    excludes_all,
    issuer_of,
    judges_of,
    provider_url,
    selectors_of,
    system_of,
    tests_of,
    token_limit,
    unread_claims,
    value_reach,
)
from ecr_constructs.model.ci import subjects
from ecr_constructs.model.ci.claims import sts_claims
from ecr_constructs.model.ci.subjects import Reach
from ecr_constructs.model.tokens import is_unresolved

_AUDIENCE = "sts.amazonaws.com"
_IN_CHINA = f"{_AUDIENCE}.cn"
_SOURCE = f"{IAM_GUIDE}/id_roles_create_for-idp_oidc.html"
_ASSUME = "sts:AssumeRoleWithWebIdentity"
# Allowed next to the action, perhaps by another statement.
_ADDITIONS = ("sts:tagsession", "sts:setsourceidentity", "sts:setcontext")


@dataclass(frozen=True, slots=True)
class _Trust:
    """A statement of a role that trusts an OIDC provider.

    Attributes:
        issuer: The URL of the provider without ``https://``, in lower case; ``""`` if unknown.
        principal: The provider as it is named.
        provider: The provider, if it is a resource of the templates.
    """

    role: Resource
    statement: Statement
    issuer: str
    principal: str
    provider: Resource | None

    @property
    def system(self) -> TokenIssuer:
        """The system of the issuer."""
        return system_of(self.issuer, self.statement.conditions)

    def tests(self, claim: str) -> list[Condition]:
        """Return the conditions that require values of a claim."""
        return tests_of(self.statement.conditions, claim)

    def path(self, test: Condition) -> Place:
        """Return the place of a condition."""
        return (*self.statement.path, "Condition", test.operator, test.key)

    def selectors(self) -> list[tuple[Condition, Reach]]:
        """Return the conditions that select projects, each with its reach."""
        return selectors_of(self.issuer, self.system, self.statement.conditions)

    @property
    def reach(self) -> Reach:
        """Whose tokens satisfy all conditions; those of nobody are reported by themselves."""
        reaches = [reach for _, reach in self.selectors() if reach is not Reach.NOBODY]
        return min(reaches, default=Reach.EVERYONE)


def _trusts(role: Resource) -> Iterator[_Trust]:
    """Yield what a role trusts OIDC providers with."""
    for policy in policies_of(role):
        for statement in policy.statements if policy.kind == "trust" else ():
            for kind, principal in statement.principals:
                if kind == "Federated" and statement.allows:
                    yield _trust(role, statement, principal)


def _trust(role: Resource, statement: Statement, principal: str) -> _Trust:
    provider = role.assembly.referred_to(principal)
    issuer = issuer_of(provider_url(role.assembly, principal), statement.conditions)
    return _Trust(role, statement, issuer, principal, provider)


def _trusts_of(role: Resource, *systems: TokenIssuer) -> Iterator[_Trust]:
    return (trust for trust in _trusts(role) if trust.issuer and trust.system in systems)


def _selection_problems(
    trust: _Trust, everyone: str, others: str = "strangers"
) -> Iterator[Problem]:
    """Yield a problem if others can assume a role, and for each value without a token."""
    selectors = trust.selectors()
    if not selectors:
        yield Problem(trust.statement.path, f"no condition on sub: {everyone} can assume the role")
    judges = judges_of(trust.issuer, trust.system)
    for test, _ in selectors:
        claim = "sub" if is_unresolved(test.key) else claim_of(test.key)
        if not test.values:
            yield Problem(trust.path(test), "no token matches an empty list")
        for value in test.values:
            reach = value_reach(judges[claim], test, value)
            if reach is Reach.NOBODY:
                yield Problem(trust.path(test), _nobody(trust, test, value))
            elif reach is Reach.EVERYONE and trust.reach is Reach.EVERYONE:
                yield Problem(trust.path(test), _open(value, everyone, others))


def _open(value: str, everyone: str, others: str) -> str:
    """Return that tokens of others have a value, of which some wildcards match everything."""
    if not value.strip("*"):
        return f"{value!r} allows {everyone} to assume the role"
    return f"{others} can get a token that {value!r} matches, and assume the role"


def _nobody(trust: _Trust, test: Condition, value: str) -> str:
    if bare(test.operator) != "stringlike" and re.search("[*?]", value):
        return f"{test.operator} treats {value!r} as literal text: no token matches"
    return f"{value!r} matches no token: {trust.system.form}"


@error_rule(
    "ECR510",
    "A role for GitHub Actions names the repository that can assume it",
    types=[ROLE],
    why="Without a condition on sub, or with one that matches repositories of other owners, every "
    "workflow on GitHub can assume the role. With one that matches no token, none can.",
    remedy=f"Add Condition: {{StringLike: {{{GITHUB_HOST}:sub: 'repo:OWNER/REPOSITORY:*'}}}}.",
    source=f"{_SOURCE}#idp_oidc_Create_GitHub",
)
@each_branch
def _names_repository(role: Resource) -> Iterator[Problem]:
    for trust in _trusts_of(role, GITHUB):
        yield from _selection_problems(trust, "every repository")


@error_rule(
    "ECR511",
    "A role for GitHub Actions names the audience",
    types=[ROLE],
    why="A token that a workflow requested for another service would be accepted.",
    remedy=f"Add Condition: {{StringEquals: {{{GITHUB_HOST}:aud: {_AUDIENCE}}}}}.",
    source=f"{_SOURCE}#idp_oidc_Create_GitHub",
)
def _names_audience(role: Resource) -> Iterator[Problem]:
    for trust in _trusts_of(role, GITHUB):
        # STS rejects tokens of other audiences than those of the provider.
        if set(_client_ids(trust) or ()) == {_AUDIENCE}:
            continue
        audiences = trust.tests("aud")
        if not audiences:
            yield Problem(trust.statement.path, "no condition on aud")
        for test in audiences:
            if any(map(subjects.is_literal_wildcard, test.values)):
                yield Problem(trust.path(test), "any audience is accepted")


def _client_ids(trust: _Trust) -> list[str] | None:
    """Return the audiences of a provider of the templates; None if they are unknown."""
    ids = trust.provider.get("ClientIdList") if trust.provider is not None else None
    if not isinstance(ids, list) or not all(isinstance(item, str) for item in ids):
        return None
    return None if any(map(is_unresolved, ids)) else ids


@note_rule(
    "ECR518",
    "A role for GitHub Actions accepts the audience of AWS's action",
    types=[ROLE],
    why="aws-actions/configure-aws-credentials requests a token for sts.amazonaws.com, unless a "
    "workflow sets another audience; tokens for other audiences cannot assume the role.",
    remedy=f"Write {_AUDIENCE}, or set the input audience in each workflow.",
    source="https://github.com/aws-actions/configure-aws-credentials#oidc",
)
def _usual_audience(role: Resource) -> Iterator[Problem]:
    """Compare the audiences, unless a provider of the templates shows which are accepted."""
    for trust in _trusts_of(role, GITHUB):
        for test in trust.tests("aud") if _client_ids(trust) is None else ():
            is_open = any(
                is_unresolved(value) or matches(value, _AUDIENCE) or matches(value, _IN_CHINA)
                for value in test.values
            )
            if test.values and not is_open:
                values = ", ".join(map(repr, test.values))
                yield Problem(trust.path(test), f"{values} is not the audience {_AUDIENCE}")


@warning_rule(
    "ECR512",
    "A role for GitHub Actions is limited to named repositories",
    types=[ROLE],
    why="Every repository of the owner, or every one whose name begins so, can assume the role: "
    "whoever may create a repository there may push.",
    remedy="Name the repository, and the branch or environment where possible.",
    source=f"{_SOURCE}#idp_oidc_Create_GitHub",
)
def _one_repository(role: Resource) -> Iterator[Problem]:
    for trust in _trusts_of(role, GITHUB):
        for test, reach in trust.selectors():
            if reach is trust.reach is Reach.OWNER:
                values = ", ".join(map(repr, test.values))
                yield Problem(trust.path(test), f"{values} matches several repositories")


@error_rule(
    "ECR513",
    "A role for GitLab CI names the project that can assume it",
    types=[ROLE],
    why="Without a condition on sub, or with one that matches any project, every pipeline of the "
    "GitLab instance can assume the role; anyone can register on gitlab.com.",
    remedy="Add Condition: {StringLike: {gitlab.com:sub: "
    "'project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH'}}.",
    source="https://docs.gitlab.com/ci/cloud_services/aws/",
)
@each_branch
def _names_gitlab_project(role: Resource) -> Iterator[Problem]:
    for trust in _trusts_of(role, GITLAB):
        yield from _selection_problems(trust, "every project")


@warning_rule(
    "ECR514",
    "A role for Bitbucket Pipelines or CircleCI names the repository that can assume it",
    types=[ROLE],
    why="The issuer covers a whole workspace or organization: without a condition on sub, each of "
    "its repositories can assume the role.",
    remedy="Add Condition: {StringLike: {ISSUER:sub: …}} with '{REPOSITORY-UUID}:*' of Bitbucket, "
    "or 'org/ID/project/ID/*' of CircleCI.",
    source=_SOURCE,
)
def _names_repository_of_tenant(role: Resource) -> Iterator[Problem]:
    everyone = "every repository of the workspace or organization"
    for trust in _trusts_of(role, BITBUCKET, CIRCLECI):
        yield from _selection_problems(trust, everyone, "its other repositories")


@error_rule(
    "ECR515",
    "Tokens of an identity provider can satisfy the trust policy",
    types=[ROLE, OIDC_PROVIDER],
    why="IAM rejects the provider or the policy, or accepts it and no token can assume the role.",
    remedy=f"Trust the ARN of the provider in this account, with the action {_ASSUME} and "
    "conditions on claims of this provider.",
    source=_SOURCE,
)
def _satisfiable(resource: Resource) -> Iterator[Problem]:
    if resource.type == OIDC_PROVIDER:
        url = resource.get("Url")
        if isinstance(url, str) and not is_unresolved(url) and not url.startswith("https://"):
            message = f"{url!r} must begin with https://"
            yield Problem(("Properties", "Url"), message, f"Write https://{url.split('//')[-1]}.")
        return
    for trust in _trusts(resource):
        if _names_oidc(trust):
            yield from _action_problems(trust)
            yield from _provider_problems(trust)
            yield from _key_problems(trust)
            yield from _claim_problems(trust)
            yield from _audience_problems(trust)


def _names_oidc(trust: _Trust) -> bool:
    is_provider = trust.provider is not None and trust.provider.type == OIDC_PROVIDER
    return is_provider or ":oidc-provider/" in trust.principal


def _action_problems(trust: _Trust) -> Iterator[Problem]:
    others = [name for name in trust.statement.actions if name.lower() not in _ADDITIONS]
    if others and not trust.statement.may(_ASSUME):
        path = (*trust.statement.path, "Action")
        message = f"identity providers do not assume a role by {', '.join(others)}"
        yield Problem(path, message, f"Write {_ASSUME}.")


def _provider_problems(trust: _Trust) -> Iterator[Problem]:
    match = PROVIDER_ARN.fullmatch(trust.principal)
    path = (*trust.statement.path, "Principal")
    if match is None:
        return
    # The URLs of other issuers can end with a slash.
    has_slash = match["issuer"].endswith("/") and trust.system is not OTHER
    if "://" in match["issuer"] or has_slash:
        message = f"the ARN {trust.principal} must end with the URL without https:// and '/'"
        yield Problem(path, message)
    own = trust.role.stack.account
    if own is not None and match["account"].isdecimal() and match["account"] != own:
        message = f"the provider is of account {match['account']}, the role of {own}"
        yield Problem(path, message)


def _key_problems(trust: _Trust) -> Iterator[Problem]:
    """Yield the conditions on claims of another issuer: the token does not have the key."""
    for claim in ("sub", "aud"):
        for test in trust.tests(claim):
            issuer = test.key.lower().rpartition(":")[0].rstrip("/")
            is_known = trust.issuer and issuer and not is_unresolved(test.key)
            is_optional = test.operator.lower().endswith("ifexists")
            if is_known and not is_optional and issuer != trust.issuer:
                message = f"tokens of {trust.issuer} have no key {test.key}"
                yield Problem(trust.path(test), message, f"Write {trust.issuer}:{claim}.")


def _claim_problems(trust: _Trust) -> Iterator[Problem]:
    """Yield the conditions on claims that STS does not compare, and a policy that IAM rejects."""
    conditions = trust.statement.conditions
    read = ", ".join(sts_claims(trust.issuer))
    remedy = f"Write a condition on sub{', or on ' if read else ''}{read}."
    for test in unread_claims(trust.issuer, trust.system, conditions):
        if excludes_all(test):
            message = f"STS does not compare the claim of {test.key}, so no token matches"
            yield Problem(trust.path(test), message, remedy)
    claims = REQUIRED.get(trust.issuer, ())
    if not claims or not trust.selectors():
        return
    # CreateRole answers MalformedPolicyDocument.
    values = [value for claim in claims for test in trust.tests(claim) for value in test.values]
    if not any(value.strip("*") for value in values):
        message = f"IAM requires a condition on {' or '.join(claims)} other than '*'"
        yield Problem(trust.statement.path, message)


def _audience_problems(trust: _Trust) -> Iterator[Problem]:
    ids = _client_ids(trust)
    for test in trust.tests("aud") if ids else ():
        is_open = any(
            is_unresolved(value) or any(matches(value, name) for name in ids or ())
            for value in test.values
        )
        if not is_open:
            message = f"the provider does not accept the audience {', '.join(test.values)}"
            yield Problem(trust.path(test), message, "Add it to the provider's ClientIdList.")


@warning_rule(
    "ECR516",
    "A condition on a claim is not true of every token",
    types=[ROLE],
    why="ForAllValues is for keys with several values, and is true if the key is absent. Tokens "
    "always have a sub and an aud, but such a condition on another claim admits all tokens "
    "without it. A claim that STS does not compare is always absent, so that IfExists and negated "
    "operators admit every token.",
    remedy="Write the operator without ForAllValues and IfExists, on a claim that STS compares.",
    source=f"{IAM_GUIDE}/reference_policies_condition-single-vs-multi-valued-context-keys.html",
)
def _effective_conditions(role: Resource) -> Iterator[Problem]:
    for trust in filter(_names_oidc, _trusts(role)):
        unread = list(unread_claims(trust.issuer, trust.system, trust.statement.conditions))
        for test in trust.statement.conditions:
            is_claim = claim_of(test.key) in ("sub", "aud", *sts_claims(trust.issuer))
            if test in unread and not excludes_all(test):
                message = f"STS does not compare the claim of {test.key}: every token passes"
                yield Problem(trust.path(test), message)
            elif is_claim and test.operator.lower().startswith("forall"):
                yield Problem(trust.path(test), f"{test.operator} compares a claim with one value")


@warning_rule(
    "ECR517",
    "A role for another identity provider names the subject that can assume it",
    types=[ROLE],
    why="Without a condition on a claim other than aud, every token of the issuer can assume the "
    "role: every service account of an EKS cluster, every organization of a shared service.",
    remedy="Add Condition: {StringEquals: {ISSUER:sub: SUBJECT}}.",
    source=_SOURCE,
)
def _names_subject(role: Resource) -> Iterator[Problem]:
    for trust in _trusts_of(role, OTHER):
        if trust.issuer in SHARED:
            # ECR215 reports these.
            continue
        others = [
            test
            for test in trust.statement.conditions
            if bare(test.operator) in POSITIVE and claim_of(test.key) not in ("sub", "aud")
        ]
        if _names_oidc(trust) and not others:
            yield from _selection_problems(trust, f"every token of {trust.issuer}")


def shared_issuer_problems(role: Resource, statement: Statement) -> Iterator[Problem]:
    """Yield a problem for each provider of many organizations that a role trusts as a whole."""
    for kind, principal in statement.principals:
        issuer = issuer_of(provider_url(role.assembly, principal), statement.conditions)
        is_open = token_limit(issuer, statement.conditions) is Limit.STRANGERS
        if kind == "Federated" and issuer in SHARED and is_open:
            message = f"every organization that uses {issuer} can assume the role"
            yield Problem((*statement.path, "Principal"), message)
