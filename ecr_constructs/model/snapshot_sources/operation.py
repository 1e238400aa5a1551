"""A read operation of AWS, and how it is asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Paging:
    """How an operation is asked for its pages.

    Attributes:
        size: The entries of a page: the most that the operation allows. 0: it is not asked for.
        token: The parameter that asks for the next page.
        limit: The parameter that asks for the entries of a page.
        following: The member of an answer with the token. Default: as the parameter.
    """

    size: int = 0
    token: str = "nextToken"  # noqa: S105 - the name of a parameter
    limit: str = "maxResults"
    following: str = ""

    @property
    def member(self) -> str:
        """The member of an answer with the token of the next page."""
        return self.following or self.token


@dataclass(frozen=True, slots=True)
class Operation:
    """A read operation, and how it is asked.

    Attributes:
        service: The service, as boto3 names its client.
        name: The operation.
        lists: The member that each answer has; what has none is no answer of the service. Default:
            what botocore says is required.
        paging: How it is asked for its pages. None: it has one page.
        fixed: The requests, or the parameters that each request has. Default: one without any.
        after: The operation whose answers list what this one is asked about. Default: none.
        over: The path of that in an answer, through lists: ``repositories.repositoryName``.
        parameter: The parameter that takes it.
        at_once: How much of it a request takes, in a list. 0: one thing, and no list.
        wrap: The member in which each entry of that list is. Default: the entry is the value.
        carry: Parameters that have the values of the request of `after`.
        where: Values of members next to the last member of `over`; others are not asked about.
        without: Members that are left out at any depth, since they hold secrets.
        is_global: Whether every Region gives the same answer.
    """

    service: str
    name: str
    lists: str = ""
    paging: Paging | None = None
    fixed: Sequence[Mapping[str, Any]] = ({},)
    after: str = ""
    over: str = ""
    parameter: str = ""
    at_once: int = 0
    wrap: str = ""
    carry: Sequence[str] = ()
    where: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    is_global: bool = False

    @property
    def action(self) -> str:
        """The IAM action that allows it."""
        return f"{_PREFIXES.get(self.service, self.service)}:{self.name}"

    @property
    def id(self) -> str:
        """The service and the operation: ``ecr:DescribeImages``."""
        return f"{self.service}:{self.name}"

    def subjects(self, output: Mapping[str, Any]) -> Iterator[str]:
        """Yield what this operation is asked about, from a page of `after`."""
        *parents, last = self.over.split(".")
        items: list[Any] = [output]
        for name in parents:
            items = [*_members(items, name)]
        for item in items:
            if not isinstance(item, dict):
                continue
            if all(item.get(name) in values for name, values in self.where.items()):
                # Anything else is not of AWS.
                yield from (name for name in _members([item], last) if isinstance(name, str))

    def requests(
        self, parent: Mapping[str, Any], subjects: Iterable[str]
    ) -> Iterator[dict[str, Any]]:
        """Yield the requests about things, in a stable order; the parent is that of `after`."""
        fixed = {**self.fixed[0], **{name: parent[name] for name in self.carry if name in parent}}
        things = sorted(set(subjects))
        if not self.at_once:
            yield from ({**fixed, self.parameter: thing} for thing in things)
            return
        for first in range(0, len(things), self.at_once):
            chunk = things[first : first + self.at_once]
            entries = [{self.wrap: thing} for thing in chunk] if self.wrap else chunk
            yield {**fixed, self.parameter: entries}


def _members(items: Iterable[Any], name: str) -> Iterator[Any]:
    """Yield the members of this name, and of lists each entry."""
    for item in items:
        value = item.get(name) if isinstance(item, dict) else None
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value


@dataclass(frozen=True, slots=True)
class Source:
    """A part of a snapshot that can be chosen.

    Attributes:
        name: Its name on the command line.
        about: What it tells, for help.
        operations: What is asked, each after the one that its `after` names.
        note: What a reader of the help must know. Default: nothing.
    """

    name: str
    about: str
    operations: Sequence[Operation]
    note: str = ""

    @property
    def is_global(self) -> bool:
        """Whether every Region gives the same answers."""
        return all(operation.is_global for operation in self.operations)


_PREFIXES = {
    "bedrock-agentcore-control": "bedrock-agentcore",
    "cleanroomsml": "cleanrooms-ml",
}
_ENVIRONMENT = frozenset(
    {
        "Environment",
        "EnvironmentOverride",
        "RuntimeEnvironmentVariables",
        "environment",
        "environmentVariables",
    }
)


def listing(operation: str, lists: str, paging: Paging | None = None, **settings: Any) -> Operation:
    """Return an operation that depends on no other; its answers have a member with this name."""
    service, _, name = operation.partition(":")
    return Operation(service, name, lists, paging, **{"without": _ENVIRONMENT, **settings})


def about(after: str, over: str, name: str, parameter: str, **settings: Any) -> Operation:
    """Return an operation that takes, as this parameter, what another one of its service lists."""
    return Operation(
        name=name,
        after=after,
        over=over,
        parameter=parameter,
        **{"service": after.partition(":")[0], "without": _ENVIRONMENT, **settings},
    )


def about_repositories(name: str, lists: str, **settings: Any) -> Operation:
    """Return an operation that takes the name of a repository."""
    path = "repositories.repositoryName"
    parameter = "repositoryNames" if "at_once" in settings else "repositoryName"
    return about("ecr:DescribeRepositories", path, name, parameter, lists=lists, **settings)


def capital_paging(size: int) -> Paging:
    """Return the paging of services that begin the names of members with a capital."""
    return Paging(size, "NextToken", "MaxResults")
