"""The events of all images of a registry."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack, cast

import aws_cdk as cdk
from aws_cdk import aws_events as events

from ecr_constructs.constructs._events import RuleOptions, event_rule
from ecr_constructs.model.events import (
    Images,
    Pattern,
    Severity,
    finding,
    image_action,
    pulled_through,
    replicated,
    scan_completed,
)

if TYPE_CHECKING:
    from constructs import Construct


class RegistryEvents:
    """Rules for the events of a registry.

    They are those of `RepositoryEvents`, for every repository whose name begins with one of the
    ``prefixes`` of 2 to 256 characters; by default for all, including those that ECR creates. An
    invalid prefix or tag raises a ValidationError.
    """

    def on_image_pushed(
        self,
        construct_id: str,
        *,
        prefixes: Sequence[str] = (),
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each image that is pushed, once for each tag."""
        return self._on(construct_id, image_action("PUSH", _images(prefixes, tags)), options)

    def on_image_deleted(
        self,
        construct_id: str,
        *,
        prefixes: Sequence[str] = (),
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each image that is deleted."""
        return self._on(construct_id, image_action("DELETE", _images(prefixes, tags)), options)

    def on_scan_completed(
        self,
        construct_id: str,
        *,
        severity: Severity | None = None,
        prefixes: Sequence[str] = (),
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match completed basic scans, as `RepositoryEvents.on_scan_completed`."""
        pattern = scan_completed(_images(prefixes, tags), severity)
        return self._on(construct_id, pattern, options)

    def on_finding(
        self,
        construct_id: str,
        *,
        severity: Severity | None = None,
        prefixes: Sequence[str] = (),
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match findings of enhanced scanning, as `RepositoryEvents.on_finding`."""
        account = cdk.Stack.of(cast("Construct", self)).account
        pattern = finding(_images(prefixes, tags), account, severity)
        return self._on(construct_id, pattern, options)

    def on_replicated(
        self,
        construct_id: str,
        *,
        failed: bool = False,
        prefixes: Sequence[str] = (),
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match replicated images, as `RepositoryEvents.on_replicated`."""
        pattern = replicated(_images(prefixes, tags), failed=failed)
        return self._on(construct_id, pattern, options)

    def on_pull_through_cache(
        self,
        construct_id: str,
        *,
        failed: bool = False,
        prefixes: Sequence[str] = (),
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match images that a cache imports, as `RepositoryEvents.on_pull_through_cache`."""
        pattern = pulled_through(_images(prefixes, tags), failed=failed)
        return self._on(construct_id, pattern, options)

    def _on(self, construct_id: str, pattern: Pattern, options: RuleOptions) -> events.Rule:
        return event_rule(cast("Construct", self), construct_id, pattern, **options)


def _images(prefixes: Sequence[str], tags: Sequence[str]) -> Images:
    return Images(prefixes=prefixes, tags=tags)
