"""The settings that no resource type has: of the account, and what ECR makes of settings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.resource_types import REPOSITORY, SCANNING
from ecr_constructs.model.account_settings import ACCOUNT_SETTINGS, DEFAULTS
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.inventory_documents import instant
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.model.scanning import filter_matches
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import ValidationError
from ecr_constructs.review.phrases import format_value, join_names
from ecr_constructs.status.aspects import ASPECTS
from ecr_constructs.status.declared import TEMPLATES
from ecr_constructs.status.model import Deployment
from ecr_constructs.status.rows import Row, not_known, setting_status

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.status.rows import Sides

EVALUATED_WITHIN = timedelta(days=3)
"""How long ago ECR may have evaluated a lifecycle policy, which it does within 24 hours.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""


def account_settings(sides: Sides) -> Iterator[Row]:
    """Yield the account settings, which custom resources set."""
    wanted = sides.declared.account_settings_of(sides.registry)
    for name in ACCOUNT_SETTINGS:
        setting = sides.view.account_settings[name]
        subject, label = sides.view.name, f"account-setting-{name.lower().replace('_', '-')}"
        if setting.not_known is not None:
            # The reason names the setting, too: all of them come from one operation.
            named = f"{subject} {name}"
            reason = replace(setting.not_known, subject=named)
            yield Row(not_known(sides.registry, named, label, reason))
            continue
        value, live = wanted.get(name, DEFAULTS[name]), setting.value
        if value == live:
            yield Row(sides.same(subject, label))
            continue
        if name not in wanted and not sides.declared.is_complete(sides.registry):
            why = "the templates have parts that are not read, which may declare it"
            reason = NotKnown(subject, name, why, TEMPLATES)
            yield Row(not_known(sides.registry, subject, label, reason))
            continue
        declares = "the template declares" if name in wanted else "the default is"
        sentence = "The template sets it again only if it changes."
        if name not in wanted:
            sentence = "No template declares it, and deployments leave it."
        status = setting_status(
            sides.registry,
            subject,
            label,
            "different",
            f"{subject}: account setting {name} is {format_value(live)}, and {declares} {value}",
            severity=Severity.WARNING if name in wanted else Severity.NOTE,
            declared=wanted.get(name),
            live=live,
            deployment=Deployment("live", sentence),
        )
        yield Row(status)


def frequencies(sides: Sides) -> Iterator[Row]:
    """Yield how often ECR scans each declared repository, by rules and settings together."""
    scanning = sides.wanted.get((SCANNING, ""))
    for (kind, name), resource in sides.wanted.items():
        if kind != REPOSITORY or (kind, name) not in sides.items:
            continue
        expected = _expected(name, resource, scanning)
        setting = sides.view.frequency_of(name)
        if expected is not None and setting.not_known is not None:
            yield Row(
                not_known(
                    sides.registry, name, "scan-frequency", setting.not_known, resource=resource
                )
            )
        elif expected is None or setting.value in expected:
            yield Row(sides.same(name, "scan-frequency", resource=resource))
        elif not _is_explained(sides, name, resource, scanning):
            wanted = join_names(sorted(expected))
            status = setting_status(
                sides.registry,
                name,
                "scan-frequency",
                "different",
                f"{name}: ECR scans its images {setting.value}, and the templates make it {wanted}",
                resource=resource,
                severity=Severity.WARNING,
                declared=sorted(expected),
                live=setting.value,
            )
            yield Row(status)


def _is_explained(sides: Sides, name: str, resource: Resource, scanning: Resource | None) -> bool:
    """Tell whether a setting that is reported itself makes the frequency differ."""
    item = sides.items.get((SCANNING, ""))
    live = sides.resource_of(item) if item is not None else None
    [configuration] = ASPECTS[SCANNING]
    if configuration.compare(scanning, live) is not True:
        return True
    own = next(aspect for aspect in ASPECTS[REPOSITORY] if aspect.name == "scan-on-push")
    repository = sides.resource_of(sides.items[REPOSITORY, name])
    return own.compare(resource, repository) is not True


def evaluations(sides: Sides) -> Iterator[Row]:
    """Yield the lifecycle policies that ECR has not evaluated for long."""
    started = _time(sides.view.snapshot.header.started)
    for repository in sides.view.repositories.value.values():
        setting = repository.lifecycle
        if setting.not_known is not None or setting.value is None or started is None:
            continue
        last = _time(repository.evaluated) or _time(repository.description.get("createdAt"))
        if last is None or started - last <= EVALUATED_WITHIN:
            continue
        how = (
            f"was last evaluated at {repository.evaluated}"
            if repository.evaluated
            else "has not been evaluated"
        )
        status = setting_status(
            sides.registry,
            repository.name,
            "lifecycle-evaluation",
            "different",
            f"{repository.name}: its lifecycle policy {how}; ECR evaluates it within 24 hours",
            severity=Severity.WARNING if repository.evaluated else Severity.NOTE,
            live=repository.evaluated,
            repository=repository.name,
        )
        yield Row(status)


def credentials(sides: Sides) -> Iterator[Row]:
    """Yield the caches that cannot read their upstream."""
    for prefix in sides.view.caches.value:
        setting = sides.view.failure_of(prefix)
        subject = f"cache {prefix}"
        if setting.not_known is not None:
            yield Row(not_known(sides.registry, subject, "validity", setting.not_known))
        elif setting.value is None:
            yield Row(sides.same(subject, "validity"))
        else:
            status = setting_status(
                sides.registry,
                subject,
                "validity",
                "different",
                f"{subject} cannot read its upstream: {setting.value}",
                severity=Severity.WARNING,
                declared=True,
                live=False,
                details=("Images that are cached already can be pulled; new ones cannot.",),
            )
            yield Row(status)


def _expected(name: str, resource: Resource, scanning: Resource | None) -> frozenset[str] | None:
    """Return the scan frequencies that templates make of a repository; None if any."""
    value = resource.get("ImageScanningConfiguration", "ScanOnPush")
    own = frozenset({"SCAN_ON_PUSH"}) if str(value).lower() == "true" else frozenset[str]()
    if scanning is None:
        return own | {"CONTINUOUS_SCAN"} if own else None
    matches: set[str] = set()
    for index, rule in scanning.mappings("Rules"):
        for _, entry in scanning.mappings("Rules", index, "RepositoryFilters"):
            pattern = str(entry.get("Filter"))
            if is_unresolved(pattern):
                return None
            if filter_matches(pattern, name):
                matches.add(str(rule.get("ScanFrequency")))
    # A continuous scan includes that on push. Without a rule, a repository's own setting may count.
    return frozenset({min(matches)}) if matches else own | {"MANUAL"}


def _time(value: Any) -> datetime | None:
    try:
        return instant(value)
    except ValidationError:
        return None
