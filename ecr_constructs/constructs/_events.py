"""EventBridge rules for events about images, of one repository or of a whole registry."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypedDict, Unpack, cast

import aws_cdk as cdk
from aws_cdk import aws_events as events
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.model.events import (
    Images,
    Pattern,
    ReferrerAction,
    Severity,
    finding,
    image_action,
    pulled_through,
    referrer_action,
    replicated,
    scan_completed,
    storage_class_changed,
)

if TYPE_CHECKING:
    from aws_cdk import aws_ecr as ecr
    from aws_cdk.interfaces.aws_events import IRuleRef


class RuleTarget(Protocol):
    """An ``events.IRuleTarget``, whose parameters CDK's own targets name differently."""

    def bind(self, _rule: "IRuleRef", _id: str | None = None, /) -> events.RuleTargetConfig:
        """Return the target of a rule."""


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

    target: RuleTarget | None
    cross_stack_scope: Construct | None
    description: str | None


def event_rule(
    scope: Construct,
    construct_id: str,
    pattern: Pattern,
    *,
    target: RuleTarget | None = None,
    cross_stack_scope: Construct | None = None,
    description: str | None = None,
) -> events.Rule:
    """Define a rule at the repository, registry or cache of the events; see `RuleOptions`."""
    return events.Rule(
        scope,
        construct_id,
        cross_stack_scope=cross_stack_scope,
        description=description,
        event_pattern=events.EventPattern(
            source=[pattern.source], detail_type=[pattern.detail_type], detail=pattern.detail
        ),
        targets=[cast("events.IRuleTarget", target)] if target else None,
    )


class _Events:
    def _on(self, construct_id: str, pattern: Pattern, options: RuleOptions) -> events.Rule:
        return event_rule(cast("Construct", self), construct_id, pattern, **options)

    def _on_finding(
        self, construct_id: str, images: Images, severity: Severity | None, options: RuleOptions
    ) -> events.Rule:
        account = cdk.Stack.of(cast("Construct", self)).account
        return self._on(construct_id, finding(images, account, severity), options)


@checked
class RepositoryEvents(_Events):
    """Rules for the events of a repository.

    Each method returns the rule. It also takes the ``target``, the ``cross_stack_scope`` and the
    ``description`` of `RuleOptions`. ``tags`` are tags of images, or patterns where ``*`` matches
    anything; by default the rule matches images with any tag or none. ``failed`` matches failed
    pushes, replications or imports instead, ``severity`` only what is at least that severe. An
    invalid tag or severity raises a ValidationError.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    """

    _literal_name: str | None

    def on_image_pushed(
        self,
        construct_id: str,
        *,
        failed: bool | None = False,
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each image that is pushed, once for each tag, or each push that failed."""
        pattern = image_action("PUSH", self._images(tags), failed=bool(failed))
        return self._on(construct_id, pattern, options)

    def on_image_deleted(
        self, construct_id: str, *, tags: Sequence[str] | None = (), **options: Unpack[RuleOptions]
    ) -> events.Rule:
        """Match each image that is deleted."""
        return self._on(construct_id, image_action("DELETE", self._images(tags)), options)

    def on_image_archived(self, construct_id: str, **options: Unpack[RuleOptions]) -> events.Rule:
        """Match each image that is moved to archive storage; these events have no tag."""
        return self._on(construct_id, storage_class_changed("ARCHIVE", self._images(())), options)

    def on_image_restored(self, construct_id: str, **options: Unpack[RuleOptions]) -> events.Rule:
        """Match each image that is restored from archive storage; these events have no tag."""
        return self._on(construct_id, storage_class_changed("RESTORE", self._images(())), options)

    def on_referrer_action(
        self,
        construct_id: str,
        *,
        action: ReferrerAction | None = None,
        artifact_types: Sequence[str] | None = None,
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match what happens to referrers: signatures, SBOMs, attestations.

        Args:
            construct_id: The rule's id.
            action: ``PUSH``, ``DELETE``, ``ARCHIVE`` or ``RESTORE``. Default: all of them.
            artifact_types: Media types of the artifacts, such as ``text/sbom+json``.
                Default: any.
            **options: As in `RuleOptions`.

        Raises:
            ValidationError: ``referrer-action-unknown``.
        """
        pattern = referrer_action(self._images(()), action, artifact_types or ())
        return self._on(construct_id, pattern, options)

    def on_scan_completed(
        self,
        construct_id: str,
        *,
        severity: Severity | None = None,
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each completed scan of basic scanning.

        Enhanced scanning has no such event: see `on_finding`.
        """
        return self._on(construct_id, scan_completed(self._images(tags), severity), options)

    def on_finding(
        self,
        construct_id: str,
        *,
        severity: Severity | None = None,
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each active finding of enhanced scanning, which is Amazon Inspector's.

        Inspector sends a finding again, under the same ARN, whenever it changes. By default the
        rule matches findings without a rating too. Basic scanning has no such event: see
        `on_scan_completed`.
        """
        return self._on_finding(construct_id, self._images(tags), severity, options)

    def on_replicated(
        self,
        construct_id: str,
        *,
        failed: bool | None = False,
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each image that is replicated here from another registry.

        ECR sends the event in the destination, so define the rule there, not in the source.
        """
        return self._on(construct_id, replicated(self._images(tags), failed=bool(failed)), options)

    def on_pull_through_cache(
        self,
        construct_id: str,
        *,
        failed: bool | None = False,
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each image that a pull through cache imports into this repository."""
        return self._on(
            construct_id, pulled_through(self._images(tags), failed=bool(failed)), options
        )

    def _images(self, tags: Sequence[str] | None) -> Images:
        # A literal name, unlike a reference, does not make another stack depend on this one.
        name = self._literal_name or cast("ecr.IRepository", self).repository_name
        return Images([name], tags=tags or ())


@checked
class RegistryEvents(_Events):
    """Rules for the events of a registry.

    They are those of `RepositoryEvents`, for every repository whose name begins with one of the
    ``prefixes`` of 2 to 256 characters; by default for all, including those that ECR creates. An
    invalid prefix or tag raises a ValidationError.
    """

    def on_image_pushed(
        self,
        construct_id: str,
        *,
        failed: bool | None = False,
        prefixes: Sequence[str] | None = (),
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each image that is pushed, once for each tag, or each push that failed."""
        pattern = image_action("PUSH", _images(prefixes, tags), failed=bool(failed))
        return self._on(construct_id, pattern, options)

    def on_image_deleted(
        self,
        construct_id: str,
        *,
        prefixes: Sequence[str] | None = (),
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match each image that is deleted."""
        return self._on(construct_id, image_action("DELETE", _images(prefixes, tags)), options)

    def on_image_archived(
        self,
        construct_id: str,
        *,
        prefixes: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match archived images, as `RepositoryEvents.on_image_archived`."""
        pattern = storage_class_changed("ARCHIVE", _images(prefixes, ()))
        return self._on(construct_id, pattern, options)

    def on_image_restored(
        self,
        construct_id: str,
        *,
        prefixes: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match restored images, as `RepositoryEvents.on_image_restored`."""
        pattern = storage_class_changed("RESTORE", _images(prefixes, ()))
        return self._on(construct_id, pattern, options)

    def on_referrer_action(
        self,
        construct_id: str,
        *,
        action: ReferrerAction | None = None,
        artifact_types: Sequence[str] | None = None,
        prefixes: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match what happens to referrers, as `RepositoryEvents.on_referrer_action`."""
        pattern = referrer_action(_images(prefixes, ()), action, artifact_types or ())
        return self._on(construct_id, pattern, options)

    def on_scan_completed(
        self,
        construct_id: str,
        *,
        severity: Severity | None = None,
        prefixes: Sequence[str] | None = (),
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match completed basic scans, as `RepositoryEvents.on_scan_completed`."""
        return self._on(construct_id, scan_completed(_images(prefixes, tags), severity), options)

    def on_finding(
        self,
        construct_id: str,
        *,
        severity: Severity | None = None,
        prefixes: Sequence[str] | None = (),
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match findings of enhanced scanning, as `RepositoryEvents.on_finding`."""
        return self._on_finding(construct_id, _images(prefixes, tags), severity, options)

    def on_replicated(
        self,
        construct_id: str,
        *,
        failed: bool | None = False,
        prefixes: Sequence[str] | None = (),
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match replicated images, as `RepositoryEvents.on_replicated`."""
        return self._on(
            construct_id, replicated(_images(prefixes, tags), failed=bool(failed)), options
        )

    def on_pull_through_cache(
        self,
        construct_id: str,
        *,
        failed: bool | None = False,
        prefixes: Sequence[str] | None = (),
        tags: Sequence[str] | None = (),
        **options: Unpack[RuleOptions],
    ) -> events.Rule:
        """Match images that a cache imports, as `RepositoryEvents.on_pull_through_cache`."""
        return self._on(
            construct_id, pulled_through(_images(prefixes, tags), failed=bool(failed)), options
        )


def _images(prefixes: Sequence[str] | None, tags: Sequence[str] | None) -> Images:
    return Images(prefixes=prefixes or (), tags=tags or ())
