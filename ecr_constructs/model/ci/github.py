"""GitHub Actions."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.ci.issuer import CiIssuer
from ecr_constructs.model.ci.project import CiProject
from ecr_constructs.model.ci.selections import nothing_selected, selection_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

_OWNER = "[A-Za-z0-9][A-Za-z0-9_-]*"
_NAME = "[A-Za-z0-9._-]+"
_REPOSITORY = re.compile(f"{_OWNER}/{_NAME}|{_OWNER}@[0-9]+/{_NAME}@[0-9]+")
_FOUND = re.compile(rf"github\.com[/:]({_OWNER}/{_NAME}?)(?:\.git)?/?$")
_GITHUB_COM = CiIssuer.github_actions()


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHubActions(CiProject):
    """Workflows of one GitHub repository.

    A job that names an environment has that in its token and no branch or tag; a pull request has
    neither. So each is selected for itself, and a job that meets one of them is admitted.
    https://docs.github.com/en/actions/reference/security/oidc

    Attributes:
        repository: ``OWNER/NAME``, spelt as GitHub shows it, capitals included. Repositories made,
            renamed or transferred after 15 July 2026 have ids in their tokens:
            ``OWNER@123456/NAME@456789``. `gh api repos/OWNER/NAME/actions/oidc/customization/sub`
            tells.
        branches: Branches that are pushed to; ``*`` stands for anything. Default: none.
        tags: Tags that are pushed; ``*`` stands for anything. Default: none.
        environments: Environments of the jobs, whose protection rules then decide. Default: none.
        pull_requests: Whether pull requests are admitted, before anyone has merged them. Default:
            they are not.
        issuer: Another issuer, for GitHub Enterprise: ``CiIssuer.github_actions(url)``. Default:
            github.com's.

    Raises:
        ValueError: A repository with a wildcard or of another form; nothing that selects some of
            its jobs, or something that selects all of them.
    """

    repository: str
    branches: Sequence[str] = ()
    tags: Sequence[str] = ()
    environments: Sequence[str] = ()
    pull_requests: bool = False
    issuer: CiIssuer = _GITHUB_COM

    def __post_init__(self) -> None:
        """Judge the project."""
        raise_if_invalid("project of GitHub Actions", self.repository, self._errors())

    @property
    def name(self) -> str:
        """The repository, without ids."""
        return re.sub("@[0-9]+", "", self.repository)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects of the tokens."""
        found = [
            *(f"ref:refs/heads/{each}" for each in self.branches),
            *(f"ref:refs/tags/{each}" for each in self.tags),
            # The colon is what separates the parts of a subject.
            *(f"environment:{each.replace(':', '%3A')}" for each in self.environments),
            *(["pull_request"] if self.pull_requests else ()),
        ]
        return tuple(f"repo:{self.repository}:{each}" for each in found)

    def _errors(self) -> Iterator[str]:
        if not is_unresolved(self.repository):
            yield from _repository_errors(self.repository)
        yield from selection_errors(
            branches=self.branches, tags=self.tags, environments=self.environments
        )
        if not (self.branches or self.tags or self.environments or self.pull_requests):
            yield nothing_selected(branches="main", tags="v*", environments="prod")


def _repository_errors(repository: str) -> Iterator[str]:
    if "*" in repository or "?" in repository:
        yield (
            "a wildcard in the owner or the repository would let in repositories that somebody "
            "else may make; write 'OWNER/NAME', and a role for each repository"
        )
    elif found := _FOUND.search(repository):
        yield f"is an address, not a name; write {found[1]!r}"
    elif not _REPOSITORY.fullmatch(repository):
        yield "must be 'OWNER/NAME', or with the ids of both 'OWNER@123456/NAME@456789'"
