"""The comparison of one registry, setting by setting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.attribute_values import ANY_SUFFIX
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
    SCANNING,
    SINGLETONS,
)
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.phrases import format_value, join_names
from ecr_constructs.status import deployment
from ecr_constructs.status.aspects import ASPECTS, Aspect
from ecr_constructs.status.declared import TEMPLATES, label_of
from ecr_constructs.status.origins import origin_of
from ecr_constructs.status.other_settings import (
    account_settings,
    credentials,
    evaluations,
    frequencies,
)
from ecr_constructs.status.rows import Row, Sides, not_known, setting_status

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.registry_view import RegistryView
    from ecr_constructs.snapshot.rendering import LiveRegistry, LiveResource
    from ecr_constructs.status.declared import Declared
    from ecr_constructs.status.model import SettingStatus

_LISTS = {
    REPOSITORY: "repositories",
    CACHE: "caches",
    CREATION_TEMPLATE: "creation-templates",
    PULL_TIME_EXCLUSION: "pull-time-exclusions",
}
_LAMBDA = "LambdaECRImageRetrievalPolicy"


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
        yield from account_settings(comparison)
        yield from frequencies(comparison)
    else:
        yield from comparison.judged_alone()
    yield from comparison.incomplete()
    yield from evaluations(comparison)
    yield from credentials(comparison)


class _Comparison(Sides):
    def __init__(
        self, live: LiveRegistry, declared: Declared, views: Mapping[RegistryId, RegistryView]
    ) -> None:
        super().__init__(live, declared)
        self.views = views

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
            whole = self.same(self._subject(item), "existence", item=item)
            yield Row(whole, live=item, is_undeclared=True)
            for aspect in ASPECTS[item.type]:
                if (reason := _unknown(aspect, item)) is not None:
                    yield Row(
                        not_known(
                            self.registry, self._subject(item), aspect.name, reason, item=item
                        )
                    )

    def incomplete(self) -> Iterator[Row]:
        """Yield the lists that may have further entries."""
        for kind, reason in self.live.incomplete.items():
            noun = _LISTS[kind].replace("-", " ")
            summary = f"{self.view.name}: it is not known which {noun} there are"
            yield Row(not_known(self.registry, self.view.name, _LISTS[kind], reason, summary))

    def _declared(self, resource: Resource, item: LiveResource | None) -> Iterator[Row]:
        if item is None and resource.type not in SINGLETONS:
            yield self._missing(resource)
            return
        subject = label_of(resource)
        if item is not None:
            yield Row(self.same(subject, "existence", resource=resource))
        live = self.resource_of(item) if item is not None else None
        for aspect in ASPECTS[resource.type]:
            reason = _unknown(aspect, item) if item is not None else None
            if reason is not None:
                state = not_known(self.registry, subject, aspect.name, reason, resource=resource)
                yield Row(state, resource, item, aspect)
                continue
            if resource.existence is not True and live is None:
                yield Row(self._conditional(resource, aspect.name))
                continue
            same = aspect.compare(resource, live)
            if same is None and aspect.name == "encryption":
                same = self._is_aws_managed(resource, live)
            if same:
                yield Row(self.same(subject, aspect.name, resource=resource))
            elif same is None:
                yield Row(self._open(resource, aspect), resource, item, aspect)
            else:
                yield self._different(resource, aspect, item, live)

    def _is_aws_managed(self, resource: Resource, live: Resource | None) -> bool | None:
        """Compare AWS's own key, which a template does not name; None if it is not known."""
        key = live.get("EncryptionConfiguration", "KmsKey") if live is not None else None
        if resource.get("EncryptionConfiguration", "KmsKey") is not None:
            return None
        manager = self.view.key_manager_of(str(key))
        return None if manager is None else manager == "AWS"

    def _missing(self, resource: Resource) -> Row:
        subject = label_of(resource)
        if (reason := self.live.incomplete.get(resource.type)) is not None:
            return Row(not_known(self.registry, subject, "existence", reason, resource=resource))
        if resource.existence is not True:
            return Row(self._conditional(resource, "existence"))
        state, _ = self.declared.deployed(resource)
        is_repository = resource.type == REPOSITORY
        status = setting_status(
            self.registry,
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
        subject = label_of(resource)
        why = "a condition of the template decides at the deployment whether it exists"
        reason = NotKnown(subject, str(resource.condition), why, TEMPLATES)
        return not_known(self.registry, subject, setting, reason, resource=resource)

    def _open(self, resource: Resource, aspect: Aspect) -> SettingStatus:
        """Return that a template does not tell a value."""
        subject = label_of(resource)
        value = format_value(aspect.value(resource))
        why = f"the template has {value}, of which a part is known only after the deployment"
        operation, source = "ListStackResources", "cloudformation"
        is_open = is_unresolved(compact(aspect.value(resource))) or ANY_SUFFIX in value
        if aspect.name == "encryption" and not is_open:
            why = "the answer has the key's ARN, and not whether it is AWS's own or has an alias"
            operation, source = "DescribeKey", "kms"
        elif not is_open:
            why = f"the template has {value}, and the answer does not have it"
            operation, source = "DescribePullThroughCacheRules", "ecr"
        reason = NotKnown(f"{subject}: {aspect.words}", operation, why, source)
        return not_known(self.registry, subject, aspect.name, reason, resource=resource)

    def _different(
        self, resource: Resource, aspect: Aspect, item: LiveResource | None, live: Resource | None
    ) -> Row:
        subject = label_of(resource)
        declared_value, live_value = aspect.value(resource), aspect.value(live)
        state, before = self.declared.deployed(resource)
        outcome = deployment.of_setting(aspect, resource, before, state)
        status = setting_status(
            self.registry,
            subject,
            aspect.name,
            "different",
            _sentence(subject, aspect, resource, declared_value, live_value),
            resource=resource,
            # What is encrypted with another key may be readable for others, or not at all.
            severity=Severity.WARNING if aspect.name == "encryption" else Severity.NOTE,
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
            live = self.resource_of(item)
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
                status = self.same(subject, "existence", item=item)
                # What `cdk bootstrap` creates is its own affair, and not judged.
                judged = item if origin.code != "cdk-bootstrap" else None
                yield Row(status, live=judged, is_undeclared=judged is not None)
                return
            severity = Severity.WARNING
        if not self.declared.is_complete(self.registry):
            why = "the templates have parts that are not read, which may declare it"
            reason = NotKnown(subject, "existence", why, TEMPLATES)
            yield Row(
                not_known(self.registry, subject, "existence", reason, item=item),
                live=item,
                is_undeclared=True,
            )
            return
        is_known = self.declared.is_deployment_known(self.registry)
        status = setting_status(
            self.registry,
            subject,
            "existence",
            "different",
            f"{subject} exists, and no template declares it",
            item=item,
            severity=severity,
            declared=False,
            live=True,
            details=tuple(details),
            deployment=deployment.of_undeclared(owner, is_known=is_known),
        )
        yield Row(status, live=item, is_undeclared=True)

    def _undeclared_setting(self, item: LiveResource, aspect: Aspect, live: Resource) -> Row:
        if (reason := _unknown(aspect, item)) is not None:
            return Row(not_known(self.registry, self.view.name, aspect.name, reason))
        owner = self.declared.deployed_owner(self.registry, (item.type, ""))
        value = aspect.value(live)
        is_elsewhere = item.type == SCANNING and any(
            stack.template.scanned_elsewhere for stack in self.declared.stacks_of(self.registry)
        )
        if is_elsewhere or aspect.value(None) == value:
            return Row(self.same(self.view.name, aspect.name))
        if not self.declared.is_complete(self.registry):
            why = "the templates have parts that are not read, which may declare it"
            reason = NotKnown(self.view.name, aspect.name, why, TEMPLATES)
            return Row(not_known(self.registry, self.view.name, aspect.name, reason))
        is_known = self.declared.is_deployment_known(self.registry)
        status = setting_status(
            self.registry,
            self.view.name,
            aspect.name,
            "different",
            f"{self.view.name}: {aspect.words} that no template declares",
            live=value,
            item=item,
            deployment=deployment.of_undeclared(owner, is_known=is_known),
        )
        return Row(status, live=item, is_undeclared=True)


def _unknown(aspect: Aspect, item: LiveResource) -> NotKnown | None:
    """Return why a setting of something live is not known."""
    reasons = (item.not_known.get(name) for name in aspect.properties)
    return next(filter(None, reasons), None)


def _sentence(subject: str, aspect: Aspect, resource: Resource, declared: Any, live: Any) -> str:
    is_declared = aspect.is_declared(resource)
    words = aspect.words
    if not live and is_declared:
        return f"{subject}: without the {words} of the template"
    if not is_declared and not declared:
        return f"{subject}: {words} that the template does not declare"
    if aspect.name.endswith("-policy"):
        return f"{subject}: {words} other than in the template"
    return f"{subject}: {words} {format_value(live)} instead of {format_value(declared)}"


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
