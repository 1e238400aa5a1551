"""Resolve the registry section: what each registry of an environment has of its own."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ecr_constructs.cloudformation.template import Place, dotted
from ecr_constructs.environment.caches import AnyCache, Template
from ecr_constructs.environment.endpoints import Endpoint
from ecr_constructs.environment.events import AnyEvent
from ecr_constructs.environment.inheritance import (
    CACHE_DEFAULTS,
    Context,
    Levels,
    Settings,
    acknowledged_by,
    reject_replica,
    same_replicas,
    setting_problems,
    settings_of,
)
from ecr_constructs.environment.parts import as_written
from ecr_constructs.environment.policies import statement_problems
from ecr_constructs.environment.public import PublicRepository
from ecr_constructs.environment.registry import (
    Alarms,
    HomeRegistry,
    RegistryPolicy,
    ReplicaRegistry,
    Signing,
    TaggingGrant,
)
from ecr_constructs.environment.resolved_registry import (
    ResolvedCache,
    ResolvedPolicy,
    ResolvedRegistry,
    ResolvedTemplate,
)
from ecr_constructs.environment.source import Problem, problems_at
from ecr_constructs.model import registry_policy
from ecr_constructs.model.creation_template import CreationTemplate, Occasion, role_errors
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.eks_add_ons import eks_account
from ecr_constructs.model.event_targets import account_errors, region_errors
from ecr_constructs.model.names import namespace_of
from ecr_constructs.model.partitions import partition_of, regions
from ecr_constructs.model.public_catalog import REGION as PUBLIC_REGION
from ecr_constructs.model.pull_through_cache import MAX_RULES, PullThroughRule
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.repository_policy import Access, document
from ecr_constructs.model.signing import SigningRule, profile_region_errors
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.validation import (
    ValidationError,
    count_errors,
    located,
    raise_if_invalid,
)
from ecr_constructs.model.wildcards import matcher

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What a registry section is resolved with.

    Attributes:
        context: The organization and the registries.
        section: The section; None: the file has none.
        defaults: The levels that count after those of a creation template.
        has_alerts: Whether the environment has a topic for alerts.
        replicated: Prefixes of the creation templates that every replica has.
    """

    context: Context
    section: HomeRegistry | None
    defaults: Levels
    has_alerts: bool
    replicated: tuple[str, ...] = ()


def resolve_registries(
    surrounding: Surrounding,
) -> tuple[dict[RegistryId, ResolvedRegistry], list[Problem]]:
    """Return the settings of each registry of an environment, and every problem with them."""
    context, section = surrounding.context, surrounding.section
    problems: list[Problem] = []
    if section is not None:
        problems += same_replicas(context, section.replicas or (), ("registry", "replicas"))
        for name in section.replicas or ():
            if context.replica(name) is None:
                with _at((), problems):
                    reject_replica(context, name, f"registry.replicas['{name}']")
        if section.replica is not None and len(context.registries) == 1:
            message, remedy = "there are no replicas", "list them in replica_regions"
            problems.append(Problem(("registry", "replica"), "replica-missing", message, remedy))
    registries = {}
    for registry in context.registries:
        resolver = _Resolver(surrounding, registry)
        registries[registry] = resolver.resolve()
        problems += resolver.problems
    return registries, problems


@contextmanager
def _at(place: Place, problems: list[Problem]) -> Iterator[None]:
    """Collect the problems of a value at a place."""
    try:
        yield
    except ValidationError as error:
        problems += problems_at(place, error)


class _Resolver:
    """Resolves the section for one registry."""

    def __init__(self, surrounding: Surrounding, registry: RegistryId) -> None:
        """Find the parts of the section that are about the registry, the nearest first."""
        self.problems: list[Problem] = []
        self._surrounding = surrounding
        self._registry = registry
        context = surrounding.context
        self._is_home = registry == context.home
        self._partition = partition_of(registry.region)
        self._arn = f"arn:{self._partition}:ecr:{registry.region}:{registry.account}:repository/"
        self._origins: dict[str, Place] = {}
        section = surrounding.section
        self._home: ReplicaRegistry | None = section
        self._own: dict[Place, ReplicaRegistry] = {}
        if section is not None and self._is_home:
            self._own = {("registry",): section}
        elif section is not None:
            for name, part in (section.replicas or {}).items():
                if context.replica(name) == registry:
                    self._own["registry", "replicas", name] = part
            if section.replica is not None:
                self._own["registry", "replica"] = section.replica

    def resolve(self) -> ResolvedRegistry:
        """Return what the registry has, with every problem in `problems`."""
        scanning = self._value("scanning", inherited=True)
        settings = self._value("account_settings", inherited=True)
        same_account = self._registry.account == self._surrounding.context.home.account
        exclusions = self._value("pull_time_exclusions", inherited=same_account)
        caches = tuple(self._each("pull_through_caches", self._cache))
        templates = tuple(self._each("creation_templates", self._template))
        self._claim_prefixes(caches, templates)
        resolved = ResolvedRegistry(
            registry=self._registry,
            scanning=scanning and scanning.configuration(),
            caches=caches,
            templates=templates,
            policy=self._policy(caches),
            signing=tuple(self._each("signing", self._signing)),
            pull_time_exclusions=tuple(exclusions or ()),
            account_settings=settings.model_dump(exclude_none=True) if settings else {},
            alarms=self._alarms(),
            events=tuple(self._each("events", self._event)),
            endpoints=tuple(self._each("endpoints", self._endpoint)),
            public_repositories=tuple(self._public()),
            acknowledged=self._acknowledged(),
            origins=self._origins,
        )
        with _at(self._origins.get("pull_through_caches", ()), self.problems):
            errors = count_errors("pull-through-cache-count", caches, MAX_RULES, "caches")
            raise_if_invalid("pull through caches", self._registry, errors)
        secrets = [
            (cache.new_credential.name, (*cache.place, "credential"))
            for cache in caches
            if cache.new_credential is not None
        ]
        self._claim("credential-duplicate", secrets, "write the ARN of one secret, or two names")
        self._claim_each("events", lambda item: item.construct_id, "give it another name")
        self._claim_each("endpoints", lambda item: item.vpc, "a VPC has one set of endpoints")
        self._claim_each(
            "public_repositories", lambda item: item.name, "names are unique in a registry"
        )
        return resolved

    def _value(self, key: str, *, inherited: bool = False) -> Any:
        """Return the nearest value of a key, if any, and record where it is."""
        for place, part in self._own.items():
            if (value := getattr(part, key, None)) is not None:
                self._origins[key] = (*place, key)
                return value
        value = getattr(self._home, key, None) if inherited else None
        if value is not None:
            self._origins[key] = ("registry", key)
        return value

    def _each(self, key: str, resolve: Callable[[Any, Place], _T | None]) -> Iterator[_T]:
        """Yield what each item of a list resolves to; one that is wrong is left out."""
        for index, item in enumerate(self._value(key) or ()):
            place = (*self._origins[key], index)
            with _at(place, self.problems):
                if (resolved := resolve(item, place)) is not None:
                    yield resolved

    def _claim(self, code: str, claims: Iterable[tuple[object, Place]], remedy: str) -> None:
        """Report what an earlier item of the file claims already."""
        first: dict[object, Place] = {}
        for claimed, place in claims:
            if first.setdefault(claimed, place) != place:
                message = f"the same as {dotted(first[claimed])}"
                self.problems.append(Problem(place, code, message, remedy))

    def _claim_each(self, key: str, identity: Callable[[Any], object], remedy: str) -> None:
        claims = [
            (identity(item), (*self._origins[key], index))
            for index, item in enumerate(self._value(key) or ())
        ]
        self._claim(f"{_CLAIMS[key]}-duplicate", claims, remedy)

    # --- repositories that ECR creates ---

    def _cache(self, cache: AnyCache, place: Place) -> ResolvedCache | None:
        upstream = cache.upstream_registry()
        given = cache.repository_prefix
        prefix = upstream.default_prefix if given is None else given
        rule = PullThroughRule(upstream, prefix, cache.upstream_repository_prefix)
        errors = [*rule.errors(), *upstream.errors_from(*self._registry, regions())]
        if upstream.role_arn is not None:
            role = role_errors(upstream.role_arn, self._registry.account, with_path=True)
            errors += located("role", role)
        if cache.import_accounts and not namespace_of(prefix):
            message = "every repository would be open to imports by these accounts"
            remedy = "write a repository_prefix other than ROOT"
            errors.append(Diagnostic("import-into-root", message, "import_accounts", remedy))
        raise_if_invalid("pull through cache", prefix, map(_at_key, errors))
        levels: Levels = {place: cache, ("cache",): CACHE_DEFAULTS}
        settings = self._settings(levels)
        if settings is None:
            return None
        self._check_template(prefix, ["PULL_THROUGH_CACHE"], settings)
        self._check_role("template_role", cache.template_role)
        return ResolvedCache(
            prefix=prefix,
            upstream=upstream,
            new_credential=cache.new_credential,
            upstream_prefix=cache.upstream_repository_prefix,
            import_accounts=tuple(cache.import_accounts or ()),
            settings=settings,
            template_role=cache.template_role,
            acknowledged=acknowledged_by(levels, settings),
            place=place,
        )

    def _template(self, template: Template, place: Place) -> ResolvedTemplate | None:
        occasions = [OCCASIONS[name] for name in template.applied_for]
        levels: Levels = {place: template, **self._surrounding.defaults}
        if occasions == ["PULL_THROUGH_CACHE"]:
            levels = {place: template, ("cache",): CACHE_DEFAULTS}
        settings = self._settings(levels)
        if settings is None:
            return None
        self._check_template(template.prefix, occasions, settings, template.description)
        self._check_role("role", template.role)
        return ResolvedTemplate(
            prefix=template.prefix,
            applied_for=tuple(occasions),
            description=template.description,
            settings=settings,
            role=template.role,
            acknowledged=acknowledged_by(levels, settings),
            place=place,
        )

    def _settings(self, levels: Levels) -> Settings | None:
        own = next(iter(levels.values()))
        context = self._surrounding.context
        if own.encryption is not None or ("cache",) in levels:
            # The key is one of this registry; that of the defaults is one of the home registry.
            context = replace(context, registries=(self._registry,))
        place = next(iter(levels))
        if own.policy_statements:
            self.problems += statement_problems(
                "AWS::ECR::Repository",
                (*place, "policy_statements"),
                [statement.document() for statement in own.policy_statements],
                own.acknowledge or {},
            )
        try:
            return settings_of(context, levels)
        except ValidationError as error:
            self.problems += setting_problems(levels, error)
            return None

    def _check_template(
        self,
        prefix: str,
        occasions: Sequence[Occasion],
        settings: Settings,
        description: str | None = None,
    ) -> None:
        CreationTemplate(
            prefix=prefix,
            applied_for=occasions,
            description=description,
            tag_mutability=settings.tag_mutability,
            encryption=settings.encrypted_with("${Token[Key]}", self._registry),
            lifecycle=settings.lifecycle,
            access=Access(**settings.access),
            tags=settings.tags,
        )

    def _check_role(self, key: str, role: str | None) -> None:
        if role is not None:
            errors = located(key, role_errors(role, self._registry.account))
            raise_if_invalid("role of a creation template", role, errors)

    def _claim_prefixes(
        self, caches: Sequence[ResolvedCache], templates: Sequence[ResolvedTemplate]
    ) -> None:
        # A cache has a creation template of its own.
        claims = [
            *((cache.prefix.rstrip("/"), cache.place) for cache in caches),
            *((template.prefix.rstrip("/"), template.place) for template in templates),
        ]
        self._claim("creation-template-duplicate", claims, "a prefix has one creation template")
        for template in templates:
            is_reserved = template.prefix.rstrip("/") in self._surrounding.replicated
            if is_reserved and not self._is_home and "REPLICATION" not in template.applied_for:
                message = "a replica needs the template of this prefix for replication, too"
                remedy = "add replication to applied_for"
                code, place = "template-without-replication", (*template.place, "applied_for")
                self.problems.append(Problem(place, code, message, remedy))

    # --- the registry policy ---

    def _policy(self, caches: Sequence[ResolvedCache]) -> ResolvedPolicy:
        policy: RegistryPolicy | None = self._value("policy")
        place = self._origins.get("policy", ("registry", "policy"))
        statements: list[Mapping[str, Any]] = []
        if policy is not None:
            statements = [item.document() for item in policy.statements or ()]
        elif self._home is not None and self._home.policy is not None:
            self._origins["policy"] = place
            statements = [
                document
                for item in self._home.policy.statements or ()
                if self._concerns(document := item.document())
            ]
        imports = [
            TaggingGrant(
                accounts=[*cache.import_accounts],
                prefixes=[namespace_of(cache.prefix)],
                tagging=bool(cache.settings.tags),
            )
            for cache in caches
            if cache.import_accounts
        ]
        own = policy or RegistryPolicy()
        resolved = ResolvedPolicy(
            replication_from=tuple(own.replication_from or ()),
            create_on_push=tuple(own.create_on_push or ()),
            pull_through_from=(*(own.pull_through_from or ()), *imports),
            statements=tuple(statements),
        )
        self._check_policy(place, resolved)
        return resolved

    def _concerns(self, statement: Mapping[str, Any]) -> bool:
        """Tell whether a statement is about repositories of this registry, too."""
        if "NotResource" in statement:
            return True
        resources = statement["Resource"]
        here = ["ecr", *reversed(self._registry)]
        return any(
            resource == "*"
            or all(
                matcher(part)(value)
                for part, value in zip(resource.split(":")[2:5], here, strict=False)
            )
            for resource in ([resources] if isinstance(resources, str) else resources)
        )

    def _check_policy(self, place: Place, policy: ResolvedPolicy) -> None:
        where = self._arn, self._partition
        rendered = [
            *policy.statements,
            *(
                registry_policy.allow_create_on_push(*where, grant.accounts, grant.prefixes)
                for grant in policy.create_on_push
            ),
            *(
                allow(*where, grant.accounts, grant.prefixes, tagging=grant.tagging)
                for allow, grants in (
                    (registry_policy.allow_replication, policy.replication_from),
                    (registry_policy.allow_pull_through, policy.pull_through_from),
                )
                for grant in grants
            ),
        ]
        with _at(place, self.problems):
            errors = registry_policy.length_errors(document(rendered))
            raise_if_invalid("registry policy", rendered, errors)
        if policy.statements and self._origins.get("policy") == place:
            self.problems += statement_problems(
                "AWS::ECR::RegistryPolicy",
                (*place, "statements"),
                policy.statements,
                self._acknowledged(),
            )

    # --- other parts ---

    def _signing(self, signing: Signing, place: Place) -> SigningRule:
        del place
        rule = signing.rule()
        errors = profile_region_errors(rule.profile_arn, self._registry.region)
        raise_if_invalid("signing rule", rule.profile_arn, located("profile", errors))
        return rule

    def _event(self, event: AnyEvent, place: Place) -> AnyEvent:
        del place
        errors = (
            *region_errors(event.target, self._registry.region),
            *account_errors(event.target, event.role, self._registry.account),
        )
        raise_if_invalid("event target", event.target, errors)
        return event

    def _endpoint(self, endpoint: Endpoint, place: Place) -> Endpoint:
        del place
        if endpoint.eks_add_ons:
            with as_written({"*": "eks_add_ons"}):
                eks_account(self._registry.region)
        errors = [
            Diagnostic(
                "endpoint-availability-zone",
                f"{subnet.availability_zone!r} is not an Availability Zone of "
                f"{self._registry.region}",
                f"subnets[{index}].availability_zone",
            )
            for index, subnet in enumerate(endpoint.subnets)
            if not _is_zone(subnet.availability_zone, self._registry.region)
        ]
        raise_if_invalid("endpoint", endpoint.vpc, errors)
        return endpoint

    def _alarms(self) -> Alarms | None:
        alarms: Alarms | None = self._value("alarms")
        if alarms is None:
            return None
        place = self._origins["alarms"]
        if alarms.topic is None and not (self._is_home and self._surrounding.has_alerts):
            message = "there is no topic to notify"
            where = "or `alerts`, whose topic is used" if self._is_home else "of this Region"
            remedy = f"write topic: ARN, {where}"
            self.problems.append(Problem(place, "alarms-topic-missing", message, remedy))
        if alarms.topic is not None:
            with _at(place, self.problems):
                errors = located("topic", region_errors(alarms.topic, self._registry.region))
                raise_if_invalid("topic", alarms.topic, errors)
        claims = [
            ((repository, item.period_minutes), (*place, "pulls", index, "repositories", number))
            for index, item in enumerate(alarms.pulls or ())
            for number, repository in enumerate(item.repositories)
        ]
        self._claim("pull-alarms-repository-duplicate", claims, "write both thresholds in one item")
        return alarms

    def _public(self) -> Sequence[PublicRepository]:
        repositories: Sequence[PublicRepository] = self._value("public_repositories") or ()
        if repositories and self._partition != "aws":
            message = f"Amazon ECR Public exists only in {PUBLIC_REGION}"
            place = self._origins["public_repositories"]
            self.problems.append(Problem(place, "public-repository-region", message))
        defaults = self._surrounding.defaults[("defaults",)].tags or {}
        resolved = []
        for index, repository in enumerate(repositories):
            tags = {**defaults, **(repository.tags or {})}
            with _at((*self._origins["public_repositories"], index), self.problems):
                raise_if_invalid("tags", tags, tag_errors(tags))
            resolved.append(repository.model_copy(update={"tags": tags}))
        return resolved

    def _acknowledged(self) -> dict[str, str]:
        parts = [*self._own.values()]
        if self._home is not None and self._home not in parts:
            parts.append(self._home)
        reasons: dict[str, str] = {}
        for part in reversed(parts):
            reasons |= part.acknowledge or {}
        return reasons


OCCASIONS: dict[str, Occasion] = {
    "create_on_push": "CREATE_ON_PUSH",
    "pull_through_cache": "PULL_THROUGH_CACHE",
    "replication": "REPLICATION",
}
_CLAIMS = {
    "endpoints": "endpoint",
    "events": "event",
    "public_repositories": "public-repository",
}
# The keys of a cache that the model's problems without a path are about.
_KEYS = {
    "credential": "credential",
    "upstream-region": "region",
    "upstream-partition": "region",
    "upstream-is-cache": "account",
}


def _is_zone(name: str, region: str) -> bool:
    """Return whether a Region has such a zone: ``eu-central-1a``, ``us-west-2-lax-1a``."""
    return re.fullmatch(f"{region}([a-z]|-[a-z0-9-]+)", name) is not None


def _at_key(error: Diagnostic) -> Diagnostic:
    """Return a problem of a cache at the key that it is about."""
    keys = [key for code, key in _KEYS.items() if not error.path and error.code.startswith(code)]
    return replace(error, path=keys[0]) if keys else error
