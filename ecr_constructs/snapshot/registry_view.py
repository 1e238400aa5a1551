"""The settings of a registry and its repositories in a snapshot: each a value, or not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from ecr_constructs.model.account_settings import ACCOUNT_SETTINGS
from ecr_constructs.model.members import objects
from ecr_constructs.model.not_known import NotKnown

if TYPE_CHECKING:
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.document import Answer, Snapshot

_T = TypeVar("_T")
_GONE = "RepositoryNotFoundException"


@dataclass(frozen=True, slots=True)
class Setting(Generic[_T]):
    """A setting as AWS answered it.

    Attributes:
        value: The value; what there is of it if it is not known.
        not_known: Why the value is not known, or not complete. None: it is known.
    """

    value: _T
    not_known: NotKnown | None = None


@dataclass(frozen=True, slots=True)
class RepositoryView:
    """A repository of a snapshot.

    Attributes:
        registry: The view of its registry.
        description: The answer of DescribeRepositories.
    """

    registry: RegistryView
    description: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The name."""
        return str(self.description.get("repositoryName", ""))

    @property
    def arn(self) -> str:
        """The ARN."""
        return str(self.description.get("repositoryArn", ""))

    @property
    def policy(self) -> Setting[str | None]:
        """The text of the repository policy; None if there is none."""
        return self._text("GetRepositoryPolicy", "policyText")

    @property
    def lifecycle(self) -> Setting[str | None]:
        """The text of the lifecycle policy; None if there is none."""
        return self._text("GetLifecyclePolicy", "lifecyclePolicyText")

    @property
    def evaluated(self) -> str | None:
        """When ECR last evaluated the lifecycle policy; None if it did not, or it is not known."""
        answer = self._answer("GetLifecyclePolicy")
        value = answer.value("lastEvaluatedAt")
        # ECR answers the beginning of 1970 for a policy that it has not evaluated yet.
        return value if isinstance(value, str) and not value.startswith("1970-") else None

    @property
    def tags(self) -> Setting[Mapping[str, str]]:
        """The tags, also those of AWS itself, whose keys begin with ``aws:``."""
        answer = self.registry.snapshot.answer("ListTagsForResource", {"resourceArn": self.arn})
        tags = {
            str(tag.get("Key")): str(tag.get("Value", ""))
            for tag in answer.items("tags")
            if isinstance(tag, Mapping)
        }
        return self._setting(tags, "ListTagsForResource", answer)

    def _text(self, operation: str, member: str) -> Setting[str | None]:
        answer = self._answer(operation)
        value = answer.value(member)
        text = value if isinstance(value, str) else None
        if text is None and answer.state == "answered":
            return Setting(None, NotKnown(self.name, operation, _without(member)))
        return self._setting(text, operation, answer)

    def _answer(self, operation: str) -> Answer:
        return self.registry.snapshot.answer(operation, {"repositoryName": self.name})

    def _setting(self, value: _T, operation: str, answer: Answer) -> Setting[_T]:
        if answer.error is not None and answer.error.code == _GONE:
            reason = "the repository was deleted while the snapshot was made"
            return Setting(value, NotKnown(self.name, operation, reason))
        return Setting(value, _not_known(self.name, operation, answer))


class RegistryView:
    """The registry of a snapshot.

    Attributes:
        snapshot: The snapshot.

    Example:
        >>> from ecr_constructs.snapshot.document import Header, Snapshot
        >>> header = Header("111122223333", "eu-central-1", "arn:…", "2026-11-27T23:05:00Z")
        >>> view = RegistryView(Snapshot(header, []))
        >>> str(view.policy.not_known)
        'registry 111122223333/eu-central-1: GetRegistryPolicy: not-asked'
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Create a view of a snapshot."""
        self.snapshot = snapshot

    @property
    def id(self) -> RegistryId:
        """The account and Region."""
        return self.snapshot.registry

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"registry {self.id}"

    @property
    def policy(self) -> Setting[str | None]:
        """The text of the registry policy; None if there is none."""
        return self._value("GetRegistryPolicy", "policyText", str)

    @property
    def replication(self) -> Setting[Mapping[str, Any] | None]:
        """The replication configuration."""
        return self._value("DescribeRegistry", "replicationConfiguration", dict)

    @property
    def scanning(self) -> Setting[Mapping[str, Any] | None]:
        """The scanning configuration."""
        return self._value("GetRegistryScanningConfiguration", "scanningConfiguration", dict)

    @property
    def signing(self) -> Setting[Mapping[str, Any] | None]:
        """The signing configuration; None if there is none."""
        return self._value("GetSigningConfiguration", "signingConfiguration", dict)

    @property
    def account_settings(self) -> Mapping[str, Setting[str | None]]:
        """The account settings by ECR's names; None is a setting that has no value."""
        return {
            name: self._value("GetAccountSetting", "value", str, {"name": name})
            for name in ACCOUNT_SETTINGS
        }

    @cached_property
    def caches(self) -> Setting[Mapping[str, Mapping[str, Any]]]:
        """The pull through cache rules by prefix."""
        return self._by(
            "DescribePullThroughCacheRules", "pullThroughCacheRules", "ecrRepositoryPrefix"
        )

    def failure_of(self, prefix: str) -> Setting[str | None]:
        """Return why a cache cannot read its upstream; None if it can."""
        request = {"ecrRepositoryPrefix": prefix}
        answer = self.snapshot.answer("ValidatePullThroughCacheRule", request)
        failure = None
        if answer.value("isValid") is False:
            failure = str(answer.value("failure") or "without a reason")
        not_known = _not_known(f"cache {prefix}", "ValidatePullThroughCacheRule", answer)
        return Setting(failure, not_known)

    @cached_property
    def templates(self) -> Setting[Mapping[str, Mapping[str, Any]]]:
        """The repository creation templates by prefix."""
        return self._by(
            "DescribeRepositoryCreationTemplates", "repositoryCreationTemplates", "prefix"
        )

    @property
    def exclusions(self) -> Setting[Sequence[str]]:
        """The principals whose pulls are not recorded."""
        answer = self.snapshot.answer("ListPullTimeUpdateExclusions")
        principals = [str(item) for item in answer.items("pullTimeUpdateExclusions")]
        return Setting(principals, self._unknown("ListPullTimeUpdateExclusions", answer))

    def key_manager_of(self, key: str) -> str | None:
        """Return who manages a key: ``AWS`` or ``CUSTOMER``; None if it is not known."""
        answer = self.snapshot.answer("DescribeKey", {"KeyId": key}, service="kms")
        metadata = answer.value("KeyMetadata")
        manager = metadata.get("KeyManager") if isinstance(metadata, Mapping) else None
        return manager if isinstance(manager, str) else None

    @cached_property
    def repositories(self) -> Setting[Mapping[str, RepositoryView]]:
        """The repositories by name."""
        listed = self._by("DescribeRepositories", "repositories", "repositoryName")
        views = {name: RepositoryView(self, item) for name, item in listed.value.items()}
        return Setting(views, listed.not_known)

    def frequency_of(self, name: str) -> Setting[str | None]:
        """Return how often ECR scans a repository: ``SCAN_ON_PUSH``, ``CONTINUOUS_SCAN``."""
        operation = "BatchGetRepositoryScanningConfiguration"
        frequency, answer = self._frequencies.get(name, (None, None))
        if frequency is not None:
            return Setting(frequency)
        reason = "not-asked" if answer is None else answer.reason or "no answer for this repository"
        return Setting(None, NotKnown(name, operation, reason))

    @cached_property
    def _frequencies(self) -> Mapping[str, tuple[str | None, Answer]]:
        answers: dict[str, tuple[str | None, Answer]] = {}
        for answer in self.snapshot.answers("BatchGetRepositoryScanningConfiguration"):
            names = answer.request.get("repositoryNames")
            for name in names if isinstance(names, list) else ():
                answers[str(name)] = None, answer
            for item in objects(answer.items("scanningConfigurations")):
                frequency = item.get("scanFrequency")
                if isinstance(frequency, str):
                    answers[str(item.get("repositoryName"))] = frequency, answer
        return answers

    def _value(
        self,
        operation: str,
        member: str,
        kind: type[_T],
        request: Mapping[str, Any] | None = None,
    ) -> Setting[_T | None]:
        answer = self.snapshot.answer(operation, request)
        value = answer.value(member)
        if isinstance(value, kind):
            return Setting(value, self._unknown(operation, answer))
        if answer.state == "answered":
            return Setting(None, NotKnown(self.name, operation, _without(member)))
        return Setting(None, self._unknown(operation, answer))

    def _by(self, operation: str, member: str, key: str) -> Setting[Mapping[str, Any]]:
        answer = self.snapshot.answer(operation)
        entries = answer.items(member)
        items = {
            item[key]: item
            for item in entries
            if isinstance(item, Mapping) and isinstance(item.get(key), str)
        }
        not_known = self._unknown(operation, answer)
        if len(items) < len(entries) and not_known is None:
            reason = f"the answer has entries without a {key} of their own"
            not_known = NotKnown(self.name, operation, reason)
        return Setting(items, not_known)

    def _unknown(self, operation: str, answer: Answer) -> NotKnown | None:
        return _not_known(self.name, operation, answer)


def _without(member: str) -> str:
    return f"the answer has no {member}"


def _not_known(subject: str, operation: str, answer: Answer) -> NotKnown | None:
    return None if answer.is_known else NotKnown(subject, operation, answer.reason)
