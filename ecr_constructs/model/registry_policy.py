"""Statements about the repositories of a registry: its policy, its VPC endpoints, and grants."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ecr_constructs.model import principals
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.names import filter_errors, namespace_errors, namespace_of
from ecr_constructs.model.pull_through_cache import IMPORT_ACTIONS
from ecr_constructs.model.repository_policy import PULL_ACTIONS, one_or_all
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.tokens import is_unresolved, literal_length
from ecr_constructs.model.validation import (
    item_errors,
    located,
    raise_if_invalid,
    reject,
    require_list,
)

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutRegistryPolicy.html
POLICY_MAX_LENGTH = 10_240
REPLICATION_ROLE = (
    "role/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
)


def allow_replication(
    registry_arn: str,
    partition: str,
    accounts: Sequence[str],
    prefixes: Sequence[str],
    *,
    tagging: bool,
) -> dict[str, Any]:
    """Return the statement that allows accounts to replicate into repositories of a registry.

    Its ARN is ``arn:aws:ecr:REGION:ACCOUNT:repository/``, to which prefixes are added. With
    `tagging`, a creation template may tag the repositories that ECR creates.

    ECR replicates with a service-linked role of the source. A condition names it, not the
    principal: ECR creates the role with the first replication configuration, and a policy cannot
    name a role that does not exist.
    https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-replication.html
    """
    actions = ["ecr:CreateRepository", "ecr:ReplicateImage", *["ecr:TagResource"] * tagging]
    _check("allow_replication_from", accounts, prefixes)
    roles = {f"arn:{partition}:iam::{account}:{REPLICATION_ROLE}" for account in accounts}
    return {
        **_statement(actions, registry_arn, partition, accounts, prefixes),
        "Condition": {"ArnEquals": {"aws:PrincipalArn": one_or_all(roles)}},
    }


def allow_create_on_push(
    registry_arn: str, partition: str, accounts: Sequence[str], prefixes: Sequence[str]
) -> dict[str, Any]:
    """Return the statement that allows accounts to create a repository by pushing to it.

    Arguments and errors are as for `allow_replication`.
    """
    _check("allow_create_on_push", accounts, prefixes)
    return _statement(["ecr:CreateRepository"], registry_arn, partition, accounts, prefixes)


def allow_pull_through(
    registry_arn: str,
    partition: str,
    accounts: Sequence[str],
    prefixes: Sequence[str],
    *,
    tagging: bool,
) -> dict[str, Any]:
    """Return the statement that allows accounts to import images with their first pull.

    Arguments and errors are as for `allow_replication`
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html).
    """
    actions = [*IMPORT_ACTIONS, *["ecr:TagResource"] * tagging]
    _check("allow_pull_through_from", accounts, prefixes)
    return _statement(actions, registry_arn, partition, accounts, prefixes)


def length_errors(policy: Mapping[str, Any]) -> Iterator[Diagnostic]:
    """Yield a problem if a policy is too long for ECR, whatever its deploy-time values are."""
    length = literal_length(compact(policy))
    if length > POLICY_MAX_LENGTH:
        yield Diagnostic(
            "registry-policy-length",
            f"must have at most {POLICY_MAX_LENGTH:,} characters, would have {length:,}",
            remedy="name shorter prefixes, or an organization instead of its accounts",
        )


def _statement(
    actions: list[str],
    registry_arn: str,
    partition: str,
    accounts: Sequence[str],
    prefixes: Sequence[str],
) -> dict[str, Any]:
    roots = {f"arn:{partition}:iam::{account}:root" for account in accounts}
    return {
        "Action": actions if len(actions) > 1 else actions[0],
        "Effect": "Allow",
        "Principal": {"AWS": one_or_all(roots)},
        "Resource": one_or_all(f"{registry_arn}{prefix}*" for prefix in prefixes),
    }


def _check(method: str, accounts: Sequence[str], prefixes: Sequence[str]) -> None:
    principals.check_each("accounts", accounts, principals.account_id_errors)
    require_list("prefixes", prefixes)
    values = {"accounts": list(accounts), "prefixes": list(prefixes)}
    raise_if_invalid(method, values, _grant_errors(accounts, prefixes))


def _grant_errors(accounts: Sequence[str], prefixes: Sequence[str]) -> Iterator[Diagnostic]:
    yield from item_errors("prefixes", prefixes, filter_errors)
    if not accounts:
        yield Diagnostic(
            "registry-policy-accounts-missing", "name at least one account", "accounts"
        )
    if not prefixes:
        message = "name at least one prefix: without one, every repository would be open"
        yield Diagnostic("registry-policy-prefixes-missing", message, "prefixes")


# --- VPC endpoints: https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html ---


def check_pulls(
    account: str,
    prefixes: Sequence[str],
    cache_prefixes: Sequence[str],
    further_registries: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Reject an account or prefixes that no registry has; deploy-time values pass."""
    require_list("prefixes", prefixes)
    require_list("cache_prefixes", cache_prefixes)
    principals.check_account("account", account)
    if not isinstance(further_registries, Mapping):
        reject(
            "private pulls",
            further_registries,
            "registries-not-by-account",
            "further_registries must be a mapping of accounts to prefixes",
            path="further_registries",
            remedy="write {'444455556666': []} for all repositories of an account",
        )
    principals.check_account_keys("further_registries", further_registries)
    for other, values in further_registries.items():
        require_list(f"further_registries[{other!r}]", values)
    errors = (
        *item_errors("prefixes", prefixes, filter_errors),
        *item_errors("cache_prefixes", cache_prefixes, namespace_errors),
        *(
            error
            for other, values in further_registries.items()
            for error in item_errors(f"further_registries[{other!r}]", values, filter_errors)
        ),
    )
    value = {"prefixes": prefixes, "cache_prefixes": cache_prefixes}
    raise_if_invalid("private pulls", value, errors)


def pull_statements(
    repositories_arn: str,
    prefixes: Sequence[str],
    cache_prefixes: Sequence[str],
    further: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Return the statements of the policy of both endpoints for ECR.

    The repositories of pull-through caches also import images. No prefix covers all repositories.
    `further` holds the prefixes of other registries by their ``repositories_arn``.
    """
    namespaces = [namespace_of(prefix) for prefix in cache_prefixes]
    beginnings = {*prefixes, *namespaces} if prefixes else {""}
    registries = [(repositories_arn, beginnings), *further.items()]
    pulled = sorted(
        {f"{arn}{beginning}*" for arn, values in registries for beginning in values or [""]}
    )
    # A login applies to the registry, not to a repository.
    statements = [_allow(["ecr:GetAuthorizationToken"], ["*"]), _allow(PULL_ACTIONS, pulled)]
    if namespaces:
        imported = sorted({f"{repositories_arn}{namespace}*" for namespace in namespaces})
        statements.append(_allow(IMPORT_ACTIONS, imported))
    return statements


def layers_statement(partition: str, region: str) -> dict[str, Any]:
    """Return the statement of the policy of the endpoint for S3.

    ECR stores layers in a bucket of its own, to which it redirects pulls.
    """
    bucket = f"arn:{partition}:s3:::prod-{region}-starport-layer-bucket/*"
    return _allow(["s3:GetObject"], [bucket])


def _allow(actions: Sequence[str], resources: Sequence[str]) -> dict[str, Any]:
    return {
        "Action": list(actions),
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Resource": list(resources),
    }


@dataclass(frozen=True, slots=True)
class GrantScope:
    """The repositories that a grant applies to, which need not exist yet.

    Every action on a repository supports conditions on the repository's tags
    (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html#amazonelasticcontainerregistry-repository).
    """

    prefix: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Validate both."""
        raise_if_invalid("grant", {"prefix": self.prefix, "tags": dict(self.tags)}, self._errors())

    def _errors(self) -> Iterator[Diagnostic]:
        if self.prefix is None and not self.tags:
            yield Diagnostic(
                "grant-scope-missing",
                "name a prefix, such as prefix='payments/', or tags, such as "
                "tags={'team': 'payments'}; prefix='' includes every present and future repository",
            )
        if self.prefix and not is_unresolved(self.prefix):
            yield from located("prefix", filter_errors(self.prefix))
        yield from tag_errors(self.tags)

    @property
    def pattern(self) -> str:
        """The part of the repositories' ARNs after ``repository/``."""
        return f"{self.prefix or ''}*"

    @property
    def conditions(self) -> dict[str, Any] | None:
        """The condition on the tags, or None."""
        tests = {f"aws:ResourceTag/{key}": value for key, value in sorted(self.tags.items())}
        return {"StringEquals": tests} if tests else None
