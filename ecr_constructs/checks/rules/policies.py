"""Policies that ECR or IAM rejects, and parts of policies that have no effect."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache

from ecr_constructs.checks.rule import (
    ECR_GUIDE,
    IAM_GUIDE,
    Problem,
    error_rule,
    problems_at,
)
from ecr_constructs.cloudformation.aws_metadata import actions_of
from ecr_constructs.cloudformation.effective_actions import ANY_VALUE, actions_matching
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    IDENTITY_TYPES,
    POLICY_SOURCES,
    RESOURCE_POLICY_TYPES,
    WITH_VARIABLES,
    Policy,
    matches,
    policies_of,
    statements_of,
)
from ecr_constructs.cloudformation.resource_types import (
    REGISTRY_POLICY,
    ROLE,
)
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.principals import (
    ACCOUNT_ID,
    account_id_errors,
    principal_arn_errors,
)
from ecr_constructs.model.repository_policy import POLICY_MAX_LENGTH
from ecr_constructs.model.tokens import is_unresolved

_REPOSITORY_POLICIES = f"{ECR_GUIDE}/repository-policies.html"
AUTHORIZATION = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html"
_ROOT = re.compile(r"arn:[^:]+:iam::(?P<account>[^:]*):root")
_VERSIONS = (WITH_VARIABLES, "2008-10-17")
_ELEMENTS = {
    *("Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"),
    *("Resource", "NotResource", "Condition"),
}
_SID = re.compile("[0-9A-Za-z]*")
_REQUIRED = {
    "identity": ("Action", "Resource"),
    "trust": ("Action", "Principal"),
}
_FORBIDDEN = {
    "identity": ("Principal", "NotPrincipal"),
    "trust": ("Resource", "NotResource"),
}
_KIND_NAMES = {"identity": "an identity policy", "trust": "a trust policy"}


def concerns_ecr(policy: Policy) -> bool:
    """Tell whether a policy is about ECR: a statement names its actions, if misspelt."""
    return any(
        action.lower().startswith("ecr") or _is_action_name(action)
        for statement in policy.statements
        for action in (*statement.actions, *statement.excluded_actions)
    )


def _is_action_name(action: str) -> bool:
    return action.isalpha() and bool(actions_matching(f"ecr:{action}", "ecr"))


def judged_policies(resource: Resource) -> Sequence[Policy]:
    """Return the policies of a resource; of an identity those about ECR, and its trust policy."""
    policies = policies_of(resource)
    if resource.type not in IDENTITY_TYPES:
        return policies
    about_ecr = [policy for policy in policies if concerns_ecr(policy)]
    trusts = [policy for policy in policies if policy.kind == "trust" and about_ecr]
    return [*trusts, *about_ecr]


@error_rule(
    "ECR201",
    "A policy is a valid policy document",
    types=[*RESOURCE_POLICY_TYPES, *IDENTITY_TYPES],
    properties=POLICY_SOURCES,
    why="ECR or IAM rejects the policy when the stack is deployed.",
    remedy="Write statements with Effect and Action; with Principal in the policy of a resource, "
    "at most 10,240 characters; with Resource in the policy of a role, user or group.",
    source=f"{IAM_GUIDE}/reference_policies_grammar.html",
)
def _readable(resource: Resource) -> Iterator[Problem]:
    for policy in judged_policies(resource):
        if not isinstance(policy.document, Mapping):
            yield Problem(policy.path, "the policy is not a JSON object with statements")
            continue
        content = policy.document.get("Statement")
        if not isinstance(content, list | Mapping | str) or content == []:
            yield Problem(policy.path, "the policy has no Statement")
        if resource.type in RESOURCE_POLICY_TYPES:
            yield from _length_problems(policy)
        yield from _version_problems(policy)
        for statement in policy.statements:
            yield from problems_at(statement.path, _element_errors(policy.kind, statement.body))
        if policy.kind == "identity":
            yield from _sid_problems(policy)


def _length_problems(policy: Policy) -> Iterator[Problem]:
    length = len(policy.text or compact(policy.document))
    if length > POLICY_MAX_LENGTH and not is_unresolved(compact(policy.document)):
        yield Problem(
            policy.path,
            f"a policy can have {POLICY_MAX_LENGTH:,} characters, this one has {length:,}",
            "Grant access to accounts or an organization instead of single principals.",
        )


def _version_problems(policy: Policy) -> Iterator[Problem]:
    version = policy.document.get("Version", _VERSIONS[0])
    if str(version) not in _VERSIONS and not is_unresolved(version):
        # A text of JSON has no places of its own.
        path = policy.path if policy.text else (*policy.path, "Version")
        yield Problem(
            path, f"the policy language has no version {version}", f"Write {_VERSIONS[0]!r}."
        )


def _element_errors(kind: str, body: Mapping[str, object]) -> Iterator[str]:
    effect = body.get("Effect")
    if not (isinstance(effect, str) and is_unresolved(effect)) and effect not in ("Allow", "Deny"):
        yield f"Effect must be Allow or Deny, got {effect!r}"
    for name in _REQUIRED.get(kind, ("Action", "Principal")):
        if name not in body and f"Not{name}" not in body:
            yield f"the statement has no {name}"
        elif name in body and f"Not{name}" in body:
            yield f"the statement has both {name} and Not{name}"
    for name in _FORBIDDEN.get(kind, ()):
        if name in body:
            yield f"{_KIND_NAMES[kind]} must not have {name}"
    for name in body:
        if name not in _ELEMENTS and not name.startswith("Fn::"):
            yield f"the element {name} does not exist"


def _sid_problems(policy: Policy) -> Iterator[Problem]:
    """Yield the statement ids that IAM rejects; policies of resources accept them.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html
    """
    sids = [(statement.path, statement.body.get("Sid")) for statement in policy.statements]
    uses = Counter(sid for _, sid in sids if isinstance(sid, str) and sid)
    for path, sid in sids:
        if not isinstance(sid, str) or is_unresolved(sid):
            continue
        if not _SID.fullmatch(sid):
            message = f"the Sid {sid!r} may have only letters and digits"
            yield Problem((*path, "Sid"), message, "Omit the other characters.")
        elif uses[sid] > 1:
            message = f"two statements have the Sid {sid!r}"
            yield Problem((*path, "Sid"), message, "Give each statement another Sid, or none.")


@error_rule(
    "ECR202",
    "A repository policy does not have a Resource",
    types=[kind for kind in RESOURCE_POLICY_TYPES if kind != REGISTRY_POLICY],
    properties=POLICY_SOURCES,
    why="A repository policy applies to its own repository; ECR rejects one with a Resource.",
    remedy="Omit Resource.",
    source=_REPOSITORY_POLICIES,
)
def _no_resource(resource: Resource) -> Iterator[Problem]:
    for statement in statements_of(resource):
        for name in ("Resource", "NotResource"):
            if name in statement.body:
                yield Problem((*statement.path, name), f"a repository policy must not have {name}")


@error_rule(
    "ECR203",
    "A registry policy names the repositories that it applies to",
    types=[REGISTRY_POLICY],
    why="ECR rejects a statement of a registry policy without Resource.",
    remedy="Write Resource: arn:aws:ecr:REGION:ACCOUNT:repository/PREFIX*.",
    source=f"{ECR_GUIDE}/registry-permissions.html",
)
def _with_resource(resource: Resource) -> Iterator[Problem]:
    for statement in statements_of(resource):
        if not {"Resource", "NotResource"} & set(statement.body):
            yield Problem(statement.path, "the statement has no Resource")


@error_rule(
    "ECR204",
    "Actions exist in ECR",
    types=[*RESOURCE_POLICY_TYPES, *IDENTITY_TYPES],
    properties=POLICY_SOURCES,
    why="An action that does not exist has no effect, and ECR rejects it in resource policies. An "
    "action that is newer than this version is reported too: suppress the finding.",
    remedy="Write an action of the service authorization reference.",
    source=AUTHORIZATION,
)
def _known_actions(resource: Resource) -> Iterator[Problem]:
    for policy in policies_of(resource):
        for statement in policy.statements if policy.kind != "trust" else ():
            for name, actions in (
                ("Action", statement.actions),
                ("NotAction", statement.excluded_actions),
            ):
                errors = (action_error(action, policy.kind) for action in actions)
                yield from problems_at((*statement.path, name), filter(None, errors))


@lru_cache(maxsize=4096)
def action_error(action: str, policy_kind: str) -> str | None:
    """Return what is wrong with an action of ECR in a kind of policy, if anything is."""
    service, colon, name = action.partition(":")
    service = service.lower()
    if is_unresolved(action) or (action == "*" and policy_kind == "identity"):
        return None
    wanted = "ecr-public" if policy_kind == "public repository" else "ecr"
    if service in ("ecr", "ecr-public"):
        if service != wanted and policy_kind != "identity":
            return f"{action!r} is not an action of {wanted}: it has no effect here"
        return _unknown_action(service, name)
    if not colon and action != "*" and (service.startswith("ecr") or _is_action_name(action)):
        return f"{action!r} has no service; write {wanted}:ACTION"
    if policy_kind == "identity" or action == "*":
        return None
    hint = "" if colon else "; the service is missing"
    return f"{action!r} is not an action of {wanted}:{hint}"


def _unknown_action(service: str, name: str) -> str | None:
    if actions_matching(f"{service}:{name}", service):
        return None
    existing = actions_of(service)
    alike = {action.lower(): action for action in existing if _is_harmless_for(action, name)}
    near = get_close_matches(name.lower(), alike, n=1)
    hint = f"; did you mean {service}:{alike[near[0]]}?" if near else ""
    return f"{service}:{name} is not an action that this version knows{hint}"


_READING = re.compile("get|list|describe|batch(get|check)", re.IGNORECASE)
_STRONG = ("delete", "policy", "tag")


def _is_harmless_for(action: str, name: str) -> bool:
    """Tell whether an action does no more than a misspelt one means.

    Whoever wrote a reading action does not want to delete or to change permissions.
    """
    action, name = action.lower(), name.lower()
    if _READING.match(action):
        return True
    is_reading = _READING.match(name) is not None
    return not is_reading and all(word in name for word in _STRONG if word in action)


@error_rule(
    "ECR205",
    "Principals are well-formed accounts, roles, users and services",
    types=[*RESOURCE_POLICY_TYPES, ROLE],
    properties=POLICY_SOURCES,
    why="ECR or IAM rejects a policy whose principal is malformed or contains a wildcard.",
    remedy="Write 'arn:aws:iam::ACCOUNT:root', the ARN of a role or user, or grant access to an "
    "organization with the condition aws:PrincipalOrgID.",
    source=f"{IAM_GUIDE}/reference_policies_elements_principal.html",
)
def _sound_principals(resource: Resource) -> Iterator[Problem]:
    policies = [item for item in judged_policies(resource) if item.kind != "identity"]
    for statement in (statement for policy in policies for statement in policy.statements):
        for kind, value in statement.principals:
            if not is_unresolved(value):
                path = (*statement.path, "Principal")
                yield from problems_at(path, _principal_errors(kind, value), f"{value!r}: ")


def _principal_errors(kind: str, value: str) -> Iterator[str]:
    if value == "*":
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
        if kind in ("Federated", "CanonicalUser"):
            yield f"{kind} has no wildcard"
    elif kind == "*":
        yield "only '*' is allowed without a type; write {'AWS': …} or {'Service': …}"
    elif kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
        yield f"the principal type {kind!r} does not exist; write AWS or Service"
    elif kind == "AWS":
        root = _ROOT.fullmatch(value)
        account = root["account"] if root else value
        if root or value.isdecimal():
            yield from (error.text for error in account_id_errors(account))
        elif ":iam:" in value or not value.startswith("arn:"):
            yield from (error.text for error in principal_arn_errors(value))
    elif kind == "Service" and not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", value):
        yield "a service principal has the form 'SERVICE.amazonaws.com'"


_PARTITION = re.compile(r"aws[a-z-]*|.*[*?].*")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]|.*[*?].*")
_NAME = re.compile(r"[a-z0-9._/*?-]+")
_URI = re.compile(r"\.dkr\.ecr[.-]|^public\.ecr\.aws/")
_PARTS = 6
_KINDS = {"ecr": ("repository",), "ecr-public": ("repository", "registry")}


@error_rule(
    "ECR210",
    "ARNs of repositories are well-formed",
    types=[*IDENTITY_TYPES, REGISTRY_POLICY],
    why="IAM accepts most malformed ARNs silently; they match no repository, so the statement has "
    "no effect.",
    remedy="Write arn:aws:ecr:REGION:ACCOUNT:repository/NAME; arn:aws:ecr-public::ACCOUNT:"
    "repository/NAME for a public repository.",
    source=AUTHORIZATION,
)
def _sound_arns(resource: Resource) -> Iterator[Problem]:
    for statement in statements_of(resource):
        services = {action.partition(":")[0].lower() for action in statement.actions}
        for name, values in (
            ("Resource", statement.resources),
            ("NotResource", statement.excluded_resources),
        ):
            for value in values:
                errors = _resource_errors(value, services, resource)
                shown = ANY_VALUE.sub("…", value)
                yield from problems_at((*statement.path, name), errors, f"{shown!r} ")


def _resource_errors(value: str, services: set[str], resource: Resource) -> Iterator[str]:
    arn = ANY_VALUE.sub("*", value)
    # The service of all actions, and of the ARN.
    wanted = next((kind for kind in _KINDS if services == {kind}), None)
    named = next((kind for kind in _KINDS if f":{kind}:" in arn), wanted)
    if services & set(_KINDS) and _URI.search(value) and not value.startswith("arn:"):
        yield "is the URI of a repository, not an ARN"
    elif named and not arn.startswith("*"):
        yield from _arn_errors(arn, named, wanted)
        yield from _registry_errors(arn, resource)


def _registry_errors(arn: str, resource: Resource) -> Iterator[str]:
    """Yield a problem if an ARN of a registry policy is of another account or Region."""
    own = resource.registry if resource.type == REGISTRY_POLICY else None
    parts = arn.split(":")
    if own is None or len(parts) < _PARTS:
        return
    for name, value, expected in (
        ("Region", parts[3], own.region),
        ("account", parts[4], own.account),
    ):
        if value and not matches(value, expected):
            yield f"is of the {name} {value}, but the registry is of {expected}"


def _arn_errors(arn: str, service: str, wanted: str | None) -> Iterator[str]:
    parts = arn.split(":", _PARTS - 1)
    if len(parts) < _PARTS or parts[0] != "arn":
        # A wildcard can match several parts.
        if "*" not in arn or not arn.startswith("arn:"):
            yield "is not the ARN of a repository"
        return
    _, partition, actual, region, account, name = parts
    if not _PARTITION.fullmatch(partition):
        yield f"has the invalid partition {partition!r}"
    if wanted and actual != wanted and "*" not in actual:
        yield f"belongs to {actual!r}, but the actions belong to {wanted}"
        return
    yield from _region_errors(service, region)
    if not (ACCOUNT_ID.fullmatch(account) or "*" in account or "?" in account):
        yield f"has the invalid account {account!r}" if account else "has no account"
    if name.startswith("*"):
        return
    kind, slash, rest = name.partition("/")
    if kind not in _KINDS[service] or not slash:
        yield f"ends in {name!r}; it must be 'repository/NAME'"
    elif not _NAME.fullmatch(rest):
        yield f"has the invalid repository name {rest!r}"


def _region_errors(service: str, region: str) -> Iterator[str]:
    if service == "ecr-public":
        if region and region != "*":
            yield f"has the Region {region}; ARNs of public repositories have none"
    elif not _REGION.fullmatch(region):
        yield f"has the invalid Region {region!r}" if region else "has no Region"
