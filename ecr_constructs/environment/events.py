"""Rules for events about images in an environment file."""

from abc import abstractmethod
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ecr_constructs.environment.parts import Strict
from ecr_constructs.environment.values import Description, Prefix, RoleArn, TargetArn
from ecr_constructs.model.event_targets import check_role
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


class Event(Strict):
    """A rule that sends events to a target."""

    event: str
    """What happens."""

    target: TargetArn
    """The ARN of the target: an SQS queue, an SNS topic, a Lambda function, a state machine, a log
    group, an event bus or another one that EventBridge supports. The policy of a queue, topic or
    log group must allow EventBridge."""
    role: RoleArn | None = None
    """The ARN of the role with which EventBridge calls the target, if it needs one. Default:
    none."""
    name: str | None = None
    """A name of the rule in this file, if several rules send the same events to the same target."""
    description: Description | None = None
    """A description of the rule."""
    prefixes: list[Prefix] | None = None
    """Prefixes of the names of the repositories. Default: all repositories."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        check_role(self.target, self.role)
        self.pattern("111122223333")
        return self

    @property
    def construct_id(self) -> str:
        """The id of the rule in its stack, which no other rule of the registry has.

        CDK writes it with ``--`` in place of a slash.
        """
        return (self.name or f"{self.event} {self.target}").replace("/", "--")

    @abstractmethod
    def pattern(self, account: str) -> Pattern:
        """Return the pattern that selects the events, in a registry of an account."""

    def _images(self, tags: list[str] | None = None) -> Images:
        return Images(prefixes=self.prefixes or (), tags=tags or ())


class _Tagged(Event):
    tags: list[str] | None = None
    """Tags of the images, or patterns in which `*` matches any text. Default: any, or none."""


class ArrivalEvent(_Tagged):
    """Images that are pushed, replicated or imported by a cache."""

    event: Literal["image_pushed", "replicated", "pull_through_cache"]
    """What happens."""
    failed: bool = False
    """Whether to send failed pushes, replications or imports instead."""

    def pattern(self, account: str) -> Pattern:
        """Return the pattern that selects the events."""
        del account
        images = self._images(self.tags)
        if self.event == "image_pushed":
            return image_action("PUSH", images, failed=self.failed)
        if self.event == "replicated":
            return replicated(images, failed=self.failed)
        return pulled_through(images, failed=self.failed)


class DeletionEvent(_Tagged):
    """Images that are deleted."""

    event: Literal["image_deleted"]
    """What happens."""

    def pattern(self, account: str) -> Pattern:
        """Return the pattern that selects the events."""
        del account
        return image_action("DELETE", self._images(self.tags))


class StorageEvent(Event):
    """Images that are archived or restored."""

    event: Literal["image_archived", "image_restored"]
    """What happens."""

    def pattern(self, account: str) -> Pattern:
        """Return the pattern that selects the events."""
        del account
        action: Literal["ARCHIVE", "RESTORE"] = (
            "ARCHIVE" if self.event == "image_archived" else "RESTORE"
        )
        return storage_class_changed(action, self._images())


class ReferrerEvent(Event):
    """Signatures, SBOMs and other referrers."""

    event: Literal["referrer_action"]
    """What happens."""
    action: ReferrerAction | None = None
    """What happens to a referrer. Default: all of these."""
    artifact_types: list[str] | None = None
    """Media types of the artifacts. Default: any."""

    def pattern(self, account: str) -> Pattern:
        """Return the pattern that selects the events."""
        del account
        return referrer_action(self._images(), self.action, self.artifact_types or ())


class ScanEvent(_Tagged):
    """Results of scans."""

    event: Literal["scan_completed", "finding"]
    """What happens: `scan_completed` of basic scanning, `finding` of enhanced scanning."""
    severity: Severity | None = None
    """Minimum severity. Default: any."""

    def pattern(self, account: str) -> Pattern:
        """Return the pattern that selects the events."""
        images = self._images(self.tags)
        if self.event == "finding":
            return finding(images, account, self.severity)
        return scan_completed(images, self.severity)


AnyEvent = Annotated[
    ArrivalEvent | DeletionEvent | StorageEvent | ReferrerEvent | ScanEvent,
    Field(discriminator="event"),
]
