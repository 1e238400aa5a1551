"""EventBridge rules for events about images, and the events of one repository."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack, cast

import aws_cdk as cdk
from aws_cdk import aws_events as events
from constructs import Construct

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


class RuleOptions(TypedDict, total=False):
    """The optional arguments of every rule for events.

    Attributes:
        target: The target, such as ``targets.SqsQueue(queue)``. Default: none, until
            ``add_target`` is called on the rule.
        cross_stack_scope: A scope in the target's stack, if that is another one; the rule is then
            defined there. The policy of a function or a queue names the rule that calls it, so a
            rule in the repository's stack would make the two stacks depend on each other.
            Default: the repository or registry itself.
        description: A description of the rule. Default: none.
    """

    target: events.IRuleTarget
    cross_stack_scope: Construct
    description: str


def event_rule(
    scope: Construct,
    construct_id: str,
    pattern: Pattern,
    *,
    target: events.IRuleTarget | None = None,
    cross_stack_scope: Construct | None = None,
    description: str | None = None,
) -> events.Rule:
    """Define a rule.

    Args:
        scope: The repository, registry or cache of the events.
        construct_id: The rule's id there, or in ``cross_stack_scope``.
        pattern: The pattern of the events.
        target: As in `RuleOptions`.
        cross_stack_scope: As in `RuleOptions`.
        description: As in `RuleOptions`.
    """
    return events.Rule(
        scope,
        construct_id,
        cross_stack_scope=cross_stack_scope,
        description=description,
        event_pattern=events.EventPattern(
            source=[pattern.source], detail_type=[pattern.detail_type], detail=pattern.detail
        ),
        targets=[target] if target else None,
    )


class RepositoryEvents:
    """Rules for the events of a repository.

    Each method returns the rule. It also takes the ``target``, the ``cross_stack_scope`` and the
    ``description`` of `RuleOptions`. ``tags`` are tags of images, or patterns where ``*`` matches
    anything; by default the rule matches images with any tag or none. An invalid tag raises a
    ValidationError.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    """

    _literal_name: str | None

    def on_image_pushed(
        self, construct_id: str, *, tags: Sequence[str] = (), **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Match each image that is pushed, once for each tag."""
        return self._on(construct_id, image_action("PUSH", self._images(tags)), options)

    def on_image_deleted(
        self, construct_id: str, *, tags: Sequence[str] = (), **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Match each image that is deleted."""
        return self._on(construct_id, image_action("DELETE", self._images(tags)), options)

    def on_scan_completed(
        self,
        construct_id: str,
        *,
        severity: Severity | None = None,
        tags: Sequence[str] = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each completed scan of basic scanning.

        Enhanced scanning has no such event: see `on_finding`.

        Args:
            construct_id: The rule's id.
            severity: Match only scans that found this severity or a higher one. Default: all.
            tags: Match only images with one of these tags. Default: all images.
            **options: See `RuleOptions`.

        Raises:
            ValidationError: An invalid severity.
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
        """Match each active finding of enhanced scanning, which is Amazon Inspector's.

        Inspector sends a finding again, under the same ARN, whenever it changes. Basic scanning
        has no such event: see `on_scan_completed`.

        Args:
            construct_id: The rule's id.
            severity: Match only findings of this severity or a higher one. Default: all,
                including those without a rating.
            tags: Match only images with one of these tags. Default: all images.
            **options: See `RuleOptions`.

        Raises:
            ValidationError: An invalid severity.
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
        """Match each image that is replicated here from another registry.

        ECR sends the event in the destination, so define the rule there, not in the source.

        Args:
            construct_id: The rule's id.
            failed: Whether to match failed replications instead.
            tags: Match only images with one of these tags. Default: all images.
            **options: See `RuleOptions`.
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
        """Match each image that a pull through cache imports into this repository.

        Args:
            construct_id: The rule's id.
            failed: Whether to match failed imports instead.
            tags: Match only images with one of these tags. Default: all images.
            **options: See `RuleOptions`.
        """
        return self._on(construct_id, pulled_through(self._images(tags), failed=failed), options)

    def _images(self, tags: Sequence[str]) -> Images:
        # A literal name, unlike a reference, does not make another stack depend on this one.
        name = self._literal_name or cast("ecr.IRepository", self).repository_name
        return Images([name], tags=tags)

    def _on(self, construct_id: str, pattern: Pattern, options: RuleOptions) -> events.Rule:
        return event_rule(cast("Construct", self), construct_id, pattern, **options)
