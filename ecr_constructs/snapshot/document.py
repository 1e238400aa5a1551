"""A snapshot: the answers of AWS's read operations, and what was refused or not asked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ecr_constructs.model.json_text import compact
from ecr_constructs.model.registry_id import RegistryId

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

FORMAT = "ecr-constructs-snapshot"
VERSION = 1

State = Literal["answered", "absent", "partial", "refused", "not-asked"]

# Errors that are answers: there is no such thing, and that is known.
_ABSENT = frozenset(
    {
        "ExclusionNotFoundException",
        "ImageNotFoundException",
        "LifecyclePolicyNotFoundException",
        "LifecyclePolicyPreviewNotFoundException",
        "NoSuchEntity",
        "PullThroughCacheRuleNotFoundException",
        "RegistryPolicyNotFoundException",
        "RepositoryCatalogDataNotFoundException",
        "RepositoryNotFoundException",
        "RepositoryPolicyNotFoundException",
        "ResourceNotFoundException",
        "ScanNotFoundException",
        "SigningConfigurationNotFoundException",
        "TemplateNotFoundException",
    }
)


@dataclass(frozen=True, slots=True)
class CallError:
    """Why AWS did not answer a call.

    Attributes:
        code: AWS's code, such as ``AccessDeniedException``; or ``NoAnswer``.
        message: What AWS said.
    """

    code: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One page of an answer, or an error in its place.

    Attributes:
        service: The service, as boto3 names its client: ``ecr``.
        operation: The operation, as AWS names it: ``DescribeImages``.
        request: Its parameters, without those that ask for a page.
        at: When it was answered: ``2026-11-27T23:05:00Z``.
        output: The answer as AWS gave it, with times as text. None: there is an error.
        error: Why there is no answer. None: there is one.
        more: Whether a further page follows.
    """

    service: str
    operation: str
    request: Mapping[str, Any]
    at: str
    output: Mapping[str, Any] | None = None
    error: CallError | None = None
    more: bool = False

    @property
    def call(self) -> CallKey:
        """The call that it is a page of."""
        return self.service, self.operation, request_key(self.request)

    @property
    def is_end(self) -> bool:
        """Whether nothing of the answer is missing after it; that there is nothing is an answer."""
        return not self.more and (self.error is None or self.error.code in _ABSENT)


CallKey = tuple[str, str, str]


def now_text() -> str:
    """Return this second: ``2026-11-27T23:05:00Z``."""
    return datetime.now(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def request_key(request: Mapping[str, Any]) -> str:
    """Return a text that is equal for equal parameters, whatever their order."""
    return compact(_sorted(request))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known about one call.

    Attributes:
        state: ``answered``; ``absent``: AWS says that there is no such thing; ``partial``: some
            pages are missing; ``refused``: AWS or the network refused; ``not-asked``.
        pages: The answers, one for each page.
        error: What is in the way of an answer or of its rest. None: nothing is.
        at: When the last page was answered. ``""``: never.
        request: The parameters.

    Example:
        >>> Answer("not-asked").is_known
        False
    """

    state: State
    pages: Sequence[Mapping[str, Any]] = ()
    error: CallError | None = None
    at: str = ""
    request: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_known(self) -> bool:
        """Whether the answer is complete: what is not in it does not exist."""
        return self.state in ("answered", "absent")

    @property
    def reason(self) -> str:
        """Why it is not known, as a predicate: ``refused: AccessDeniedException``."""
        if self.is_known:
            return ""
        return f"{self.state}: {self.error.code}" if self.error else self.state

    def items(self, member: str) -> list[Any]:
        """Return the entries of a list that is a member of every page."""
        pages = (page.get(member) for page in self.pages)
        return [item for page in pages if isinstance(page, list) for item in page]

    def value(self, member: str) -> Any:
        """Return a member of the first page; None if there is none."""
        return self.pages[0].get(member) if self.pages else None


@dataclass(frozen=True, slots=True)
class NotAsked:
    """A source that was not read.

    Attributes:
        source: Its name: ``ecs``.
        reason: Why: ``not selected``.
    """

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Header:
    """What a snapshot is of.

    Attributes:
        account: The account.
        region: The Region.
        caller: The ARN of who asked.
        started: When: ``2026-11-27T23:05:00Z``.
        sources: The names of the sources that were to be read.
        not_asked: The other sources, and why.
        tool: The name and version of what wrote it.
    """

    account: str
    region: str
    caller: str
    started: str
    sources: Sequence[str] = ()
    not_asked: Sequence[NotAsked] = ()
    tool: str = ""


class Snapshot:
    """The answers of one account and Region.

    Attributes:
        header: What it is of.
        records: The pages, in the order in which they were answered.
        finished: When the last call was answered. None: it was interrupted, and calls are missing.
        path: The file. None: it is in memory only.

    Example:
        >>> header = Header("111122223333", "eu-central-1", "arn:…", "2026-11-27T23:05:00Z")
        >>> Snapshot(header, []).answer("DescribeRegistry").state
        'not-asked'
    """

    def __init__(
        self,
        header: Header,
        records: Iterable[Record],
        *,
        finished: str | None = None,
        path: Path | None = None,
    ) -> None:
        """Index the records by their calls."""
        self.header = header
        self.records = [*records]
        self.finished = finished
        self.path = path

    @property
    def registry(self) -> RegistryId:
        """The account and Region."""
        return RegistryId(self.header.account, self.header.region)

    @property
    def name(self) -> str:
        """How messages call it: its file, or the registry."""
        return str(self.path or self.registry)

    @cached_property
    def _calls(self) -> Mapping[tuple[str, str], Mapping[str, Answer]]:
        pages: dict[CallKey, list[Record]] = defaultdict(list)
        for record in self.records:
            pages[record.call].append(record)
        calls: dict[tuple[str, str], dict[str, Answer]] = defaultdict(dict)
        for (service, operation, request), records in pages.items():
            calls[service, operation][request] = _answer(records)
        return calls

    def answer(
        self, operation: str, request: Mapping[str, Any] | None = None, *, service: str = "ecr"
    ) -> Answer:
        """Return what is known about a call with exactly these parameters. Default: none."""
        key = request_key(request or {})
        return self._calls.get((service, operation), {}).get(key, Answer("not-asked"))

    def answers(self, operation: str, *, service: str = "ecr") -> Iterator[Answer]:
        """Yield what is known about each call of an operation, with its parameters."""
        yield from self._calls.get((service, operation), {}).values()

    @property
    def calls(self) -> Mapping[CallKey, Answer]:
        """All calls."""
        return {
            (service, operation, request): answer
            for (service, operation), answers in self._calls.items()
            for request, answer in answers.items()
        }

    @property
    def unanswered(self) -> Iterator[tuple[str, str, Answer]]:
        """Yield the calls that were made and whose answer is not complete: service, operation."""
        for (service, operation, _), answer in self.calls.items():
            if not answer.is_known:
                yield service, operation, answer


def _answer(records: Sequence[Record]) -> Answer:
    last = records[-1]
    pages = [record.output for record in records if record.output is not None]
    request = last.request
    if last.error is not None and not pages:
        state: State = "absent" if last.error.code in _ABSENT else "refused"
        return Answer(state, (), last.error, last.at, request)
    state = "partial" if last.error is not None or last.more else "answered"
    return Answer(state, pages, last.error, last.at, request)
