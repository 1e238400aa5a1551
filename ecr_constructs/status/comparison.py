"""The comparison of one registry, setting by setting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
    SCANNING,
    SINGLETONS,
)
from ecr_constructs.model.account_settings import ACCOUNT_SETTINGS, DEFAULTS
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.inventory_documents import instant
from ecr_constructs.model.scanning import filter_matches
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import ValidationError
from ecr_constructs.review.phrases import format_value, join_names, subject_of
from ecr_constructs.snapshot.registry_view import NotKnown
from ecr_constructs.snapshot.rendering import template_with
from ecr_constructs.status import deployment
from ecr_constructs.status.aspects import ASPECTS, Aspect
from ecr_constructs.status.declared import TEMPLATES
from ecr_constructs.status.model import Deployment, SettingStatus
from ecr_constructs.status.origins import origin_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.registry_view import RegistryView
    from ecr_constructs.snapshot.rendering import LiveRegistry, LiveResource
    from ecr_constructs.status.declared import Declared, Key
    from ecr_constructs.status.model import State

EVALUATED_WITHIN = timedelta(days=3)
"""How long ago ECR may have evaluated a lifecycle policy, which it does within 24 hours.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

_LISTS = {
    REPOSITORY: "repositories",
    CACHE: "caches",
    CREATION_TEMPLATE: "creation-templates",
    PULL_TIME_EXCLUSION: "pull-time-exclusions",
}
_LAMBDA = "LambdaECRImageRetrievalPolicy"


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        status: Its result.
        declared: The resource of the template. None: there is none.
        live: What is live. None: nothing is.
        aspect: The setting. None: the resource as a whole, or a setting without a resource.
        is_missing: Whether a declared resource is not live.
        is_undeclared: Whether a live resource is not declared.
        undecided: Why it is not known what the next deployment does.
    """

    status: SettingStatus
    declared: Resource | None = None
    live: LiveResource | None = None
    aspect: Aspect | None = None
    is_missing: bool = False
    is_undeclared: bool = False
    undecided: NotKnown | None = None


def compared(
    live: LiveRegistry,
    declared: Declared,
    views: Mapping[RegistryId, RegistryView],
    *,
    has_templates: bool,
) -> Iterator[Row]:
    """Yield the comparison of each setting of a registry.

    Args:
        live: What is live in it.
        declared: The templates.
        views: The snapshots by registry, for repositories that replication creates.
        has_templates: Whether there are templates at all; without, all that is live is judged by
            the rules of `check` alone, and nothing is compared.
    """
    comparison = _Comparison(live, declared, views)
    if has_templates:
        yield from comparison.resources()
        yield from comparison.account_settings()
        yield from comparison.frequencies()
    else:
        yield from comparison.judged_alone()
    yield from comparison.incomplete()
    yield from comparison.evaluations()
    yield from comparison.credentials()


class _Comparison:
    def __init__(
        self, live: LiveRegistry, declared: Declared, views: Mapping[RegistryId, RegistryView]
    ) -> None:
        self.live, self.declared, self.views = live, declared, views
        self.view = live.view
        self.registry = live.view.id
        self.wanted: Mapping[Key, Resource] = declared.resources_of(self.registry)
        self.items = {(item.type, item.key): item for item in live.resources}
        self.set = TemplateSet([template_with(live, live.resources)])

    def resources(self) -> Iterator[Row]:
        """Yield the settings of resources, and whether they exist."""
        for key, resource in self.wanted.items():
            if key[0] != PUBLIC_REPOSITORY:
                yield from self._declared(resource, self.items.get(key))
        for key, item in self.items.items():
            if key not in self.wanted:
                yield from self._undeclared(item)

    def judged_alone(self) -> Iterator[Row]:
        """Yield what is live, as undeclared, and why a setting is not known."""
        for item in self.items.values():
            whole = self._status(self._subject(item), "existence", "same", "", item=item)
            yield Row(whole, live=item, is_undeclared=True)
            for aspect in ASPECTS[item.type]:
                if (reason := _unknown(aspect, item)) is not None:
                    yield Row(self._not_known(self._subject(item), aspect.name, reason, item=item))

    def incomplete(self) -> Iterator[Row]:
        """Yield the lists that may have further entries."""
        for kind, reason in self.live.incomplete.items():
            noun = _LISTS[kind].replace("-", " ")
            summary = f"{self.view.name}: it is not known which {noun} there are"
            yield Row(self._not_known(self.view.name, _LISTS[kind], reason, summary))

    def _declared(self, resource: Resource, item: LiveResource | None) -> Iterator[Row]:
        if item is None and resource.type not in SINGLETONS:
            yield self._missing(resource)
            return
        subject = subject_of(resource)
        if item is not None:
            yield Row(self._status(subject, "existence", "same", "", resource=resource))
        live = self._live(item) if item is not None else None
        for aspect in ASPECTS[resource.type]:
            reason = _unknown(aspect, item) if item is not None else None
            if reason is not None:
                state = self._not_known(subject, aspect.name, reason, resource=resource)
                yield Row(state, resource, item, aspect)
                continue
            if resource.existence is not True and live is None:
                yield Row(self._conditional(resource, aspect.name))
                continue
            same = aspect.compare(resource, live)
            if same:
                yield Row(self._status(subject, aspect.name, "same", "", resource=resource))
            elif same is None:
                yield Row(self._open(resource, aspect, item), resource, item, aspect)
            else:
                yield self._different(resource, aspect, item, live)

    def _live(self, item: LiveResource) -> Resource:
        return self.set.stacks[0].resources[item.logical_id]

    def _missing(self, resource: Resource) -> Row:
        subject = subject_of(resource)
        if (reason := self.live.incomplete.get(resource.type)) is not None:
            return Row(self._not_known(subject, "existence", reason, resource=resource))
        if resource.existence is not True:
            return Row(self._conditional(resource, "existence"))
        state, _ = self.declared.deployed(resource)
        is_repository = resource.type == REPOSITORY
        status = self._status(
            subject,
            "existence",
            "different",
            f"{subject} does not exist, and the template declares it",
            resource=resource,
            severity=Severity.ERROR if is_repository else Severity.WARNING,
            declared=True,
            live=False,
            deployment=deployment.of_missing(resource, state),
        )
        undecided = self._undecided(resource) if state == "not-known" else None
        return Row(status, resource, is_missing=True, undecided=undecided)

    def _conditional(self, resource: Resource, setting: str) -> SettingStatus:
        subject = subject_of(resource)
        why = "a condition of the template decides at the deployment whether it exists"
        reason = NotKnown(subject, str(resource.condition), why, TEMPLATES)
        return self._not_known(subject, setting, reason, resource=resource)

    def _open(self, resource: Resource, aspect: Aspect, item: LiveResource | None) -> SettingStatus:
        """Return that a template does not tell a value."""
        subject = subject_of(resource)
        value = format_value(aspect.value(resource))
        why = f"the template has {value}, of which a part is known only after the deployment"
        operation = "ListStackResources"
        if aspect.name == "encryption" and not is_unresolved(value) and item is not None:
            why = "the answer has the key's ARN, and not whether it is AWS's own or has an alias"
            operation = "DescribeKey"
        source = "kms" if operation == "DescribeKey" else "cloudformation"
        reason = NotKnown(f"{subject}: {aspect.words}", operation, why, source)
        return self._not_known(subject, aspect.name, reason, resource=resource)

    def _different(
        self, resource: Resource, aspect: Aspect, item: LiveResource | None, live: Resource | None
    ) -> Row:
        subject = subject_of(resource)
        declared_value, live_value = aspect.value(resource), aspect.value(live)
        state, before = self.declared.deployed(resource)
        outcome = deployment.of_setting(aspect, resource, before, state)
        status = self._status(
            subject,
            aspect.name,
            "different",
            _sentence(subject, aspect, resource, declared_value, live_value),
            resource=resource,
            declared=declared_value,
            live=live_value,
            deployment=outcome,
            details=tuple(_details(aspect, declared_value, live_value)),
        )
        undecided = self._undecided(resource) if outcome.winner == "not-known" else None
        return Row(status, resource, item, aspect, undecided=undecided)

    def _undecided(self, resource: Resource) -> NotKnown:
        template = resource.stack.template
        name = template.stack_name or template.stack
        request = {"StackName": name, "TemplateStage": "Processed"}
        answer = self.view.snapshot.answer("GetTemplate", request, service="cloudformation")
        reason = answer.reason or "the deployed template cannot be read"
        return NotKnown(f"stack {name}", "GetTemplate", reason, "cloudformation")

    def _subject(self, item: LiveResource) -> str:
        return item.logical_id if item.key else self.view.name

    def _undeclared(self, item: LiveResource) -> Iterator[Row]:
        if item.type in SINGLETONS:
            live = self._live(item)
            for aspect in ASPECTS[item.type]:
                yield self._undeclared_setting(item, aspect, live)
            return
        subject = self._subject(item)
        owner = self.declared.deployed_owner(self.registry, (item.type, item.key))
        severity, details = Severity.NOTE, []
        if item.type == REPOSITORY:
            repository = self.view.repositories.value[item.key]
            origin = origin_of(repository, self.declared, self.views)
            details.append(f"{origin.sentence[0].upper()}{origin.sentence[1:]}.")
            if repository.tags.not_known is not None:
                details.append("Its tags, which name the stack that has it, are not known.")
            if origin.is_expected and owner is None:
                status = self._status(subject, "existence", "same", "", item=item)
                yield Row(status, live=item, is_undeclared=True)
                return
            severity = Severity.WARNING
        if not self.declared.is_complete(self.registry):
            why = "the templates have parts that are not read, which may declare it"
            reason = NotKnown(subject, "existence", why, TEMPLATES)
            yield Row(
                self._not_known(subject, "existence", reason, item=item),
                live=item,
                is_undeclared=True,
            )
            return
        known = [
            self.declared.is_stack_deployed(stack)
            for stack in self.declared.stacks_of(self.registry)
        ]
        status = self._status(
            subject,
            "existence",
            "different",
            f"{subject} exists, and no template declares it",
            item=item,
            severity=severity,
            declared=False,
            live=True,
            details=tuple(details),
            deployment=deployment.of_undeclared(owner, is_known=None not in known),
        )
        yield Row(status, live=item, is_undeclared=True)

    def _undeclared_setting(self, item: LiveResource, aspect: Aspect, live: Resource) -> Row:
        if (reason := _unknown(aspect, item)) is not None:
            return Row(self._not_known(self.view.name, aspect.name, reason))
        owner = self.declared.deployed_owner(self.registry, (item.type, ""))
        value = aspect.value(live)
        if aspect.value(None) == value:
            return Row(self._status(self.view.name, aspect.name, "same", ""))
        is_elsewhere = item.type == SCANNING and any(
            stack.template.scanned_elsewhere for stack in self.declared.stacks_of(self.registry)
        )
        if is_elsewhere:
            return Row(self._status(self.view.name, aspect.name, "same", ""))
        if not self.declared.is_complete(self.registry):
            why = "the templates have parts that are not read, which may declare it"
            reason = NotKnown(self.view.name, aspect.name, why, TEMPLATES)
            return Row(self._not_known(self.view.name, aspect.name, reason))
        known = [
            self.declared.is_stack_deployed(stack)
            for stack in self.declared.stacks_of(self.registry)
        ]
        status = self._status(
            self.view.name,
            aspect.name,
            "different",
            f"{self.view.name} has a {aspect.words}, and no template declares it",
            live=value,
            item=item,
            deployment=deployment.of_undeclared(owner, is_known=None not in known),
        )
        return Row(status, live=item, is_undeclared=True)

    def account_settings(self) -> Iterator[Row]:
        """Yield the account settings, which custom resources set."""
        wanted = self.declared.account_settings_of(self.registry)
        for name in ACCOUNT_SETTINGS:
            setting = self.view.account_settings[name]
            subject, label = self.view.name, f"account-setting-{name.lower().replace('_', '-')}"
            if setting.not_known is not None:
                yield Row(self._not_known(f"{subject} {name}", label, setting.not_known))
                continue
            value, live = wanted.get(name, DEFAULTS[name]), setting.value
            if value == live:
                yield Row(self._status(subject, label, "same", ""))
                continue
            declares = "the template declares" if name in wanted else "the default is"
            sentence = "The template sets it again only if it changes."
            if name not in wanted:
                sentence = "No template declares it, and deployments leave it."
            status = self._status(
                subject,
                label,
                "different",
                f"{subject}: account setting {name} is {format_value(live)}, and {declares} "
                f"{value}",
                severity=Severity.WARNING if name in wanted else Severity.NOTE,
                declared=wanted.get(name),
                live=live,
                deployment=Deployment("live", sentence),
            )
            yield Row(status)

    def frequencies(self) -> Iterator[Row]:
        """Yield how often ECR scans each declared repository, by rules and settings together."""
        scanning = self.wanted.get((SCANNING, ""))
        for (kind, name), resource in self.wanted.items():
            if kind != REPOSITORY or (kind, name) not in self.items:
                continue
            expected = _expected(resource, scanning)
            setting = self.view.frequency_of(name)
            if expected is not None and setting.not_known is not None:
                yield Row(
                    self._not_known(name, "scan-frequency", setting.not_known, resource=resource)
                )
            elif expected is None or setting.value in expected:
                yield Row(self._status(name, "scan-frequency", "same", "", resource=resource))
            elif not self._is_explained(name, resource, scanning):
                wanted = join_names(sorted(expected))
                status = self._status(
                    name,
                    "scan-frequency",
                    "different",
                    f"{name}: ECR scans its images {setting.value}, and the templates "
                    f"make it {wanted}",
                    resource=resource,
                    severity=Severity.WARNING,
                    declared=sorted(expected),
                    live=setting.value,
                )
                yield Row(status)

    def _is_explained(self, name: str, resource: Resource, scanning: Resource | None) -> bool:
        """Tell whether a setting that is reported itself makes the frequency differ."""
        item = self.items.get((SCANNING, ""))
        live = self._live(item) if item is not None else None
        [configuration] = ASPECTS[SCANNING]
        if configuration.compare(scanning, live) is not True:
            return True
        own = next(aspect for aspect in ASPECTS[REPOSITORY] if aspect.name == "scan-on-push")
        repository = self._live(self.items[REPOSITORY, name])
        return own.compare(resource, repository) is not True

    def evaluations(self) -> Iterator[Row]:
        """Yield the lifecycle policies that ECR has not evaluated for long."""
        started = _time(self.view.snapshot.header.started)
        for repository in self.view.repositories.value.values():
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
            status = self._status(
                repository.name,
                "lifecycle-evaluation",
                "different",
                f"{repository.name}: its lifecycle policy {how}; ECR evaluates it within 24 hours",
                severity=Severity.WARNING if repository.evaluated else Severity.NOTE,
                live=repository.evaluated,
                repository=repository.name,
            )
            yield Row(status)

    def credentials(self) -> Iterator[Row]:
        """Yield the caches that cannot read their upstream."""
        for prefix in self.view.caches.value:
            setting = self.view.failure_of(prefix)
            subject = f"cache {prefix}"
            if setting.not_known is not None:
                yield Row(self._not_known(subject, "validity", setting.not_known))
            elif setting.value is None:
                yield Row(self._status(subject, "validity", "same", ""))
            else:
                status = self._status(
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

    def _not_known(
        self,
        subject: str,
        setting: str,
        reason: NotKnown,
        summary: str = "",
        *,
        resource: Resource | None = None,
        item: LiveResource | None = None,
    ) -> SettingStatus:
        words = setting.replace("-", " ")
        summary = summary or f"{subject}: it is not known whether its {words} is as declared"
        return self._status(
            subject, setting, "not-known", summary, resource=resource, item=item, reason=reason
        )

    def _status(
        self,
        subject: str,
        setting: str,
        state: State,
        summary: str,
        *,
        resource: Resource | None = None,
        item: LiveResource | None = None,
        repository: str | None = None,
        **members: Any,
    ) -> SettingStatus:
        place: dict[str, Any] = {}
        if resource is not None:
            template = resource.stack.template
            place = {"stack": template.stack, "resource": resource.id, "file": template.path}
            if state != "same":
                place["line"] = template.line(("Resources", resource.id))
            if resource.type == REPOSITORY:
                repository = subject
        elif item is not None and item.type == REPOSITORY:
            repository = item.key
        return SettingStatus(
            registry=self.registry,
            subject=subject,
            setting=setting,
            state=state,
            summary=as_written(summary),
            repository=repository,
            **place,
            **members,
        )


def _unknown(aspect: Aspect, item: LiveResource) -> NotKnown | None:
    """Return why a setting of something live is not known."""
    reasons = (item.not_known.get(name) for name in aspect.properties)
    return next(filter(None, reasons), None)


def _sentence(subject: str, aspect: Aspect, resource: Resource, declared: Any, live: Any) -> str:
    is_declared = aspect.is_declared(resource)
    if not live and is_declared:
        return f"{subject} has no {aspect.words}, and the template declares one"
    if not is_declared and not declared:
        return f"{subject} has a {aspect.words}, and the template declares none"
    if isinstance(declared, dict) and "Statement" in declared:
        return f"{subject}: the {aspect.words} is not that of the template"
    return (
        f"{subject}: the {aspect.words} is {format_value(live)}, and the template declares "
        f"{format_value(declared)}"
    )


def _details(aspect: Aspect, declared: Any, live: Any) -> Iterator[str]:
    """Yield what is known about who changed a policy."""
    if _LAMBDA in str(live) and _LAMBDA not in str(declared):
        yield (
            f"AWS Lambda added the statement {_LAMBDA} when a function was created from an image; "
            "without it, Lambda cannot load the image again."
        )
    if isinstance(declared, dict) and isinstance(live, dict) and aspect.name == "tags":
        names = sorted(key for key in {*declared, *live} if declared.get(key) != live.get(key))
        yield f"Tags that differ: {join_names(names)}."


def _expected(resource: Resource, scanning: Resource | None) -> frozenset[str] | None:
    """Return the scan frequencies that templates make of a repository; None if any."""
    value = resource.get("ImageScanningConfiguration", "ScanOnPush")
    own = frozenset({"SCAN_ON_PUSH"}) if str(value).lower() == "true" else frozenset[str]()
    if scanning is None:
        return own | {"CONTINUOUS_SCAN"} if own else None
    name = resource.text("RepositoryName") or ""
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
