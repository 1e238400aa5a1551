"""Repositories that are defined elsewhere."""

from collections.abc import Sequence

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._repository_base import GrantingRepository
from ecr_constructs.constructs._resource_policy import ResourcePrincipal
from ecr_constructs.model.names import check_repository_name
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid


class ImportedRepository(GrantingRepository):
    """A repository that another app or stack defines.

    A grant in a principal's own policy works as for one that is defined here. What only the
    repository policy can grant raises and says what to write where the repository is defined,
    unless it was imported with ``policy_elsewhere=True``: then it is taken for written.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository_arn: str,
        repository_name: str,
        policy_elsewhere: bool = False,
        environment_from_arn: str | None = None,
    ) -> None:
        """Import a repository; `Repository.from_repository_name` and the others do.

        Args:
            scope: Where it is used.
            construct_id: The construct's id.
            repository_arn: Its ARN.
            repository_name: Its name.
            policy_elsewhere: Whether the repository policy admits already who needs it.
            environment_from_arn: An ARN that tells account and Region. Default: those of the
                stack.
        """
        super().__init__(scope, construct_id, environment_from_arn=environment_from_arn)
        self._arn = repository_arn
        self._name = repository_name
        self._policy_elsewhere = policy_elsewhere

    @property
    def repository_arn(self) -> str:
        """The ARN."""
        return self._arn

    @property
    def repository_name(self) -> str:
        """The name."""
        return self._name

    def add_to_resource_policy(
        self, statement: iam.PolicyStatement
    ) -> iam.AddToResourcePolicyResult:
        """Add nothing: the policy belongs to whoever defines the repository.

        Raises:
            ValueError: The repository was imported without ``policy_elsewhere=True``.
        """
        self._refuse(f"policy_statements=[…] for {' '.join(statement.actions)}")
        return iam.AddToResourcePolicyResult(statement_added=False)

    def _admit(
        self, principal: iam.IPrincipal, admitted: ResourcePrincipal, actions: Sequence[str]
    ) -> iam.Grant:
        self._refuse(admitted.instead)
        return iam.Grant.drop(principal, f"{' '.join(actions)}: the repository policy is elsewhere")

    def _refuse(self, instead: str) -> None:
        if self._policy_elsewhere:
            return
        env = self.env
        msg = (
            f"{self.node.path} is imported: only its repository policy can grant this, which is "
            f"written where {self._name!r} of account {env.account} in {env.region} is defined. "
            f"Write {instead} there, then import it with policy_elsewhere=True"
        )
        raise ValueError(msg)


def from_repository_name(
    scope: Construct, construct_id: str, repository_name: str, *, policy_elsewhere: bool = False
) -> ImportedRepository:
    """Import a repository of the stack's account and Region by its name.

    Args:
        scope: Where it is used.
        construct_id: The construct's id.
        repository_name: Its name.
        policy_elsewhere: Whether the repository policy admits already who needs it; grants that
            only it can give then render nothing. Default: they raise.

    Raises:
        ValueError: A name that no repository can have.
    """
    check_repository_name(repository_name)
    return ImportedRepository(
        scope,
        construct_id,
        repository_arn=ecr.Repository.arn_for_local_repository(repository_name, scope),
        repository_name=repository_name,
        policy_elsewhere=policy_elsewhere,
    )


def from_repository_arn(
    scope: Construct, construct_id: str, repository_arn: str, *, policy_elsewhere: bool = False
) -> ImportedRepository:
    """Import a repository of any account and Region by its ARN.

    Arguments are as for `from_repository_name`.

    Raises:
        ValueError: No ARN of a repository, or one that is known only at deploy time, which does
            not tell the name: use ``from_repository_attributes``.
    """
    kind, _, name = repository_arn.rpartition(":")[2].partition("/")
    faults = []
    if is_unresolved(repository_arn):
        faults.append("is known only at deploy time; use from_repository_attributes")
    elif not repository_arn.startswith("arn:") or kind != "repository" or not name:
        faults.append("must be 'arn:aws:ecr:REGION:ACCOUNT:repository/NAME'")
    raise_if_invalid("repository ARN", repository_arn, faults)
    return ImportedRepository(
        scope,
        construct_id,
        repository_arn=repository_arn,
        repository_name=name,
        policy_elsewhere=policy_elsewhere,
        environment_from_arn=repository_arn,
    )


def from_repository_attributes(
    scope: Construct,
    construct_id: str,
    *,
    repository_arn: str,
    repository_name: str,
    policy_elsewhere: bool = False,
) -> ImportedRepository:
    """Import a repository by ARN and name, which may be known only at deploy time.

    Arguments are as for `from_repository_name`.
    """
    return ImportedRepository(
        scope,
        construct_id,
        repository_arn=repository_arn,
        repository_name=repository_name,
        policy_elsewhere=policy_elsewhere,
        environment_from_arn=None if is_unresolved(repository_arn) else repository_arn,
    )


def from_lookup(
    scope: Construct,
    construct_id: str,
    *,
    repository_arn: str | None = None,
    repository_name: str | None = None,
    policy_elsewhere: bool = False,
) -> ImportedRepository:
    """Import a repository that CDK looks up when it synthesizes, with credentials.

    Arguments are as for `from_repository_name`; give the ARN or the name.
    """
    found = ecr.Repository.from_lookup(
        scope,
        f"{construct_id}Lookup",
        repository_arn=repository_arn,
        repository_name=repository_name,
    )
    return ImportedRepository(
        scope,
        construct_id,
        repository_arn=found.repository_arn,
        repository_name=found.repository_name,
        policy_elsewhere=policy_elsewhere,
    )
