"""Resolve the registry section: what each registry of an environment has of its own."""

import re
from collections.abc import Sequence
from functools import partial
from operator import attrgetter

from ecr_constructs.cloudformation.template import Place
from ecr_constructs.environment.created_repositories import resolve_caches, resolve_templates
from ecr_constructs.environment.endpoints import Endpoint
from ecr_constructs.environment.events import AnyEvent
from ecr_constructs.environment.inheritance import replica_errors
from ecr_constructs.environment.parts import as_written
from ecr_constructs.environment.policies import resolve_policy
from ecr_constructs.environment.public import PublicRepository
from ecr_constructs.environment.registry import Alarms, Signing
from ecr_constructs.environment.registry_section import RegistrySection, Surrounding
from ecr_constructs.environment.resolved_registry import ResolvedRegistry
from ecr_constructs.environment.source import Problem, problems_at
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.eks_add_ons import eks_account
from ecr_constructs.model.event_targets import account_errors, region_errors
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.public_catalog import PUBLIC_REGION
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.signing import SigningRule, profile_region_errors
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.validation import ValidationError, located, raise_if_invalid


def resolve_registries(
    surrounding: Surrounding,
) -> tuple[dict[RegistryId, ResolvedRegistry], list[Problem]]:
    """Return the settings of each registry of an environment, and every problem with them."""
    context = surrounding.context
    problems = _replica_problems(surrounding)
    registries = {}
    for registry in context.registries:
        section = RegistrySection(surrounding, registry)
        registries[registry] = _resolve(section)
        problems += section.problems
    return registries, problems


def _replica_problems(surrounding: Surrounding) -> list[Problem]:
    context, section = surrounding.context, surrounding.section
    if section is None:
        return []
    names = section.replicas or ()
    errors = [*replica_errors(context, names, "registry.replicas")]
    problems = [*problems_at((), ValidationError("mapping of replicas", names, errors))]
    if section.replica is not None and len(context.registries) == 1:
        message, remedy = "there are no replicas", "list them in replica_regions"
        problems.append(Problem(("registry", "replica"), "replica-missing", message, remedy))
    return problems


def _resolve(section: RegistrySection) -> ResolvedRegistry:
    scanning = section.value("scanning", inherited=True)
    settings = section.value("account_settings", inherited=True)
    same_account = section.registry.account == section.surrounding.context.home.account
    exclusions = section.value("pull_time_exclusions", inherited=same_account)
    caches = resolve_caches(section)
    resolved = ResolvedRegistry(
        registry=section.registry,
        scanning=scanning and scanning.configuration(),
        caches=caches,
        templates=resolve_templates(section, caches),
        policy=resolve_policy(section, caches),
        signing=tuple(section.each("signing", partial(_signing, section.registry))),
        pull_time_exclusions=tuple(exclusions or ()),
        account_settings=settings.model_dump(exclude_none=True) if settings else {},
        alarms=_alarms(section),
        events=tuple(section.each("events", partial(_event, section.registry))),
        endpoints=tuple(section.each("endpoints", partial(_endpoint, section.registry))),
        public_repositories=tuple(_public(section)),
        acknowledged=section.acknowledged,
        origins=section.origins,
    )
    for key, code, identity, remedy in (
        ("events", "event", "construct_id", "give it another name"),
        ("endpoints", "endpoint", "vpc", "a VPC has one set of endpoints"),
        ("public_repositories", "public-repository", "name", "names are unique in a registry"),
    ):
        section.claim_each(key, f"{code}-duplicate", attrgetter(identity), remedy)
    return resolved


def _signing(registry: RegistryId, signing: Signing, place: Place) -> SigningRule:
    del place
    rule = signing.rule()
    errors = profile_region_errors(rule.profile_arn, registry.region)
    raise_if_invalid("signing rule", rule.profile_arn, located("profile", errors))
    return rule


def _event(registry: RegistryId, event: AnyEvent, place: Place) -> AnyEvent:
    del place
    errors = (
        *region_errors(event.target, registry.region),
        *account_errors(event.target, event.role, registry.account),
    )
    raise_if_invalid("event target", event.target, errors)
    return event


def _endpoint(registry: RegistryId, endpoint: Endpoint, place: Place) -> Endpoint:
    del place
    if endpoint.eks_add_ons:
        with as_written({"*": "eks_add_ons"}):
            eks_account(registry.region)
    errors = [
        Diagnostic(
            "endpoint-availability-zone",
            f"{subnet.availability_zone!r} is not an Availability Zone of {registry.region}",
            f"subnets[{index}].availability_zone",
        )
        for index, subnet in enumerate(endpoint.subnets)
        if not _is_zone(subnet.availability_zone, registry.region)
    ]
    raise_if_invalid("endpoint", endpoint.vpc, errors)
    return endpoint


def _alarms(section: RegistrySection) -> Alarms | None:
    alarms: Alarms | None = section.value("alarms")
    if alarms is None:
        return None
    place = section.origins["alarms"]
    if alarms.topic is None and not (section.is_home and section.surrounding.has_alerts):
        message = "there is no topic to notify"
        where = "or `alerts`, whose topic is used" if section.is_home else "of this Region"
        remedy = f"write topic: ARN, {where}"
        section.problems.append(Problem(place, "alarms-topic-missing", message, remedy))
    if alarms.topic is not None:
        with section.at(place):
            errors = located("topic", region_errors(alarms.topic, section.registry.region))
            raise_if_invalid("topic", alarms.topic, errors)
    claims = [
        ((repository, item.period_minutes), (*place, "pulls", index, "repositories", number))
        for index, item in enumerate(alarms.pulls or ())
        for number, repository in enumerate(item.repositories)
    ]
    section.claim("pull-alarms-repository-duplicate", claims, "write both thresholds in one item")
    return alarms


def _public(section: RegistrySection) -> Sequence[PublicRepository]:
    repositories: Sequence[PublicRepository] = section.value("public_repositories") or ()
    if repositories and partition_of(section.registry.region) != "aws":
        message = f"Amazon ECR Public exists only in {PUBLIC_REGION}"
        place = section.origins["public_repositories"]
        section.problems.append(Problem(place, "public-repository-region", message))
    defaults = section.surrounding.defaults[("defaults",)].tags or {}
    resolved = []
    for index, repository in enumerate(repositories):
        tags = {**defaults, **(repository.tags or {})}
        with section.at((*section.origins["public_repositories"], index)):
            raise_if_invalid("tags", tags, tag_errors(tags))
        resolved.append(repository.model_copy(update={"tags": tags}))
    return resolved


def _is_zone(name: str, region: str) -> bool:
    """Return whether a Region has such a zone: ``eu-central-1a``, ``us-west-2-lax-1a``."""
    return re.fullmatch(f"{region}([a-z]|-[a-z0-9-]+)", name) is not None
