"""What happens to the images of one repository."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Unpack, cast

import aws_cdk as cdk
from aws_cdk import aws_events as events

from ecr_constructs.constructs._event_rules import RuleOptions, event_rule
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
    from aws_cdk import aws_ecr as ecr
    from constructs import Construct


class RepositoryEvents:
    """Rules for the events of a repository.

    Each method returns the rule and takes, beside what its docstring names, the ``target``, the
    ``cross_stack_scope`` and the ``description`` of `event_rules.RuleOptions`. ``tags`` are the
    tags of images, or patterns in which ``*`` stands for anything; by default images of any tag,
    and of none. A tag that no image can have raises a ValueError.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    """

    _literal_name: str | None

    def on_image_pushed(
        self, construct_id: str, *, tags: Sequence[str] = (), **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Tell of each image that is pushed, once for each tag."""
        return self._on(construct_id, image_action("PUSH", self._images(tags)), options)

    def on_image_deleted(
        self, construct_id: str, *, tags: Sequence[str] = (), **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Tell of each image that is deleted."""
        return self._on(construct_id, image_action("DELETE", self._images(tags)), options)

    def on_scan_completed(
        self,
        construct_id: str,
        *,
        severity: Severity | None = None,
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Tell of each completed scan of basic scanning.

        With enhanced scanning there is no such event: see `on_finding`.

        Args:
            construct_id: The rule's id.
            severity: Only of scans that found this severity or a higher one. Default: of all.
            tags: Only of images that carry one of these. Default: of all.
            **options: See the class.

        Raises:
            ValueError: A severity that is none.
        """
        return self._on(construct_id, scan_completed(self._images(tags), severity), options)

    def on_finding(
        self,
        construct_id: str,
        *,
        severity: Severity | None = None,
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Tell of each active finding of enhanced scanning, which is Amazon Inspector's.

        Inspector sends a finding again, under the same ARN, whenever something of it changes.
        With basic scanning there is no such event: see `on_scan_completed`.

        Args:
            construct_id: The rule's id.
            severity: Only of findings of this severity or a higher one. Default: of all, those
                not yet rated included.
            tags: Only of images that carry one of these. Default: of all.
            **options: See the class.

        Raises:
            ValueError: A severity that is none.
        """
        account = cdk.Stack.of(cast("Construct", self)).account
        return self._on(construct_id, finding(self._images(tags), account, severity), options)

    def on_replicated(
        self,
        construct_id: str,
        *,
        failed: bool = False,
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Tell of each image that arrives here from another registry.

        The event is sent where the image arrives: ask the replica, not the source.

        Args:
            construct_id: The rule's id.
            failed: Whether to tell of those that failed to arrive, in their place.
            tags: Only of images that carry one of these. Default: of all.
            **options: See the class.
        """
        return self._on(construct_id, replicated(self._images(tags), failed=failed), options)

    def on_pull_through_cache(
        self,
        construct_id: str,
        *,
        failed: bool = False,
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Tell of each image that a cache fetches into this repository.

        Args:
            construct_id: The rule's id.
            failed: Whether to tell of those that it failed to fetch, in their place.
            tags: Only of images that carry one of these. Default: of all.
            **options: See the class.
        """
        return self._on(construct_id, pulled_through(self._images(tags), failed=failed), options)

    def _images(self, tags: Sequence[str]) -> Images:
        # The literal name, where there is one, makes no stack wait for the repository's.
        name = self._literal_name or cast("ecr.IRepository", self).repository_name
        return Images([name], tags=tags)

    def _on(self, construct_id: str, pattern: Pattern, options: RuleOptions) -> events.Rule:
        return event_rule(cast("Construct", self), construct_id, pattern, **options)
