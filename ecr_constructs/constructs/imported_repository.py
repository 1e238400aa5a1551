"""Repositories that are defined elsewhere."""

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._deprecation import renamed_keyword
from ecr_constructs.constructs._lambda_access import function_errors
from ecr_constructs.constructs._repository_base import RepositoryBase
from ecr_constructs.constructs._resource_policy import ResourcePrincipal
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import check_repository_name, repository_arn_errors
from ecr_constructs.model.principals import LAMBDA
from ecr_constructs.model.tokens import is_unresolved, legible
from ecr_constructs.model.validation import raise_if_invalid, reject

_WHERE = (
    "where it is defined, or on the creation template or the pull through cache that ECR creates "
    "it for, then import it with policy_managed_externally=True"
)


@checked
class ImportedRepository(RepositoryBase):
    """A repository that another app or stack defines.

    A grant in a principal's own policy works as for a repository that is defined here. A grant
    that needs the repository policy raises, and its error names the code to write where the
    repository is defined. Only for a function of the same account and Region it is a warning,
    because Lambda can add its permission itself. After that, import it with
    ``policy_managed_externally=True``: such grants then render nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        arn: str,
        name: str,
        policy_managed_externally: bool,
        *,
        environment_from_arn: str | None = None,
    ) -> None:
        """Import a repository; `Repository.from_repository_name` and the others call this."""
        super().__init__(scope, construct_id, environment_from_arn=environment_from_arn)
        self._arn = arn
        self._name = name
        self._policy_managed_externally = policy_managed_externally
        self._checks_functions = False

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
        """Add nothing: the policy belongs to the stack that defines the repository.

        Raises:
            ValidationError: ``repository-imported``: the repository was imported without
                ``policy_managed_externally=True``.
        """
        self._require_external_policy(f"policy_statements=[…] for {' '.join(statement.actions)}")
        return iam.AddToResourcePolicyResult(statement_added=False)

    def _check_by_policy(self, named: ResourcePrincipal) -> None:
        if named.service == LAMBDA:
            self._require_region_of_function()
        if not self._lambda_may_add(named):
            self._require_external_policy(named.suggestion)

    def _lambda_may_add(self, named: ResourcePrincipal) -> bool:
        """Tell whether Lambda can add its permission to the repository policy itself."""
        return named.service == LAMBDA and self._is_of_stack()

    def _grant_by_policy(
        self, principal: iam.IPrincipal, named: ResourcePrincipal, actions: Sequence[str]
    ) -> iam.Grant:
        self._check_by_policy(named)
        if self._lambda_may_add(named) and not self._checks_functions:
            self._checks_functions = True
            if not self._policy_managed_externally:
                self.node.add_validation(AtSynthesis(self._function_errors))
        return iam.Grant.drop(principal, f"{' '.join(actions)}: the policy is managed externally")

    def _require_region_of_function(self) -> None:
        region, here = self.env.region, cdk.Stack.of(self).region
        if region != here and not (is_unresolved(region) or is_unresolved(here)):
            reject(
                "grant",
                self.node.path,
                "lambda-other-region",
                f"{self._name!r} is in {region} and the functions of this stack are in {here}; "
                "Lambda pulls only from repositories of the Region of the function",
                path=self.node.path,
                remedy="replicate the repository to that Region, and import the replica",
            )

    def _is_of_stack(self) -> bool:
        """Tell whether the repository is in the account and Region of the stack that uses it."""
        stack, env = cdk.Stack.of(self), self.env
        return (env.account, env.region) == (stack.account, stack.region)

    def _function_errors(self) -> list[str]:
        """Warn that Lambda must add its permission itself, as it can in its own account only."""
        self._warn_of_lambda(_WHERE)
        return function_errors(self, self._name, (), self._location, _WHERE)

    def _warn_of_lambda(self, where: str) -> None:
        # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
        cdk.Annotations.of(self).add_warning_v2(
            "ecr-constructs:lambdaAddsPermission",
            f"Lambda adds its permission to the policy of {legible(self._name)!r} when it creates "
            "the function, if the role that deploys may read and change that policy, as CDK's "
            "default role may. The next deployment of that policy removes it: write "
            f"grant_pull_to_lambda() {where}",
        )

    def _require_external_policy(self, suggestion: str) -> None:
        if self._policy_managed_externally:
            return
        env = self.env
        reject(
            "grant",
            self.node.path,
            "repository-imported",
            f"only the repository policy can grant this, and {self._name!r} of account "
            f"{env.account} in {env.region} is imported",
            path=self.node.path,
            remedy=f"write {suggestion} {_WHERE}",
        )


def from_repository_name(
    scope: Construct,
    id: str,
    repository_name: str,
    *,
    policy_managed_externally: bool | None = None,
    policy_elsewhere: bool | None = None,
) -> ImportedRepository:
    """Import a repository of the stack's account and Region by its name.

    Args:
        scope: The scope of the construct.
        id: The construct's id.
        repository_name: The repository's name.
        policy_managed_externally: Whether the repository policy has all statements it needs;
            grants that need it then render nothing. Default: they raise.
        policy_elsewhere: Deprecated name of ``policy_managed_externally``.

    Raises:
        ValidationError: A name that ECR rejects.
    """
    check_repository_name(repository_name)
    external = _managed_externally(policy_managed_externally, policy_elsewhere)
    arn = ecr.Repository.arn_for_local_repository(repository_name, scope)
    return ImportedRepository(scope, id, arn, repository_name, external)


def from_repository_arn(
    scope: Construct,
    id: str,
    repository_arn: str,
    *,
    policy_managed_externally: bool | None = None,
    policy_elsewhere: bool | None = None,
) -> ImportedRepository:
    """Import a repository of any account and Region by its ARN.

    Arguments are as for `from_repository_name`.

    Raises:
        ValidationError: ``repository-arn-format``: the ARN of something else, or without Region or
            account; a name that ECR rejects; or ``repository-arn-unresolved``: the name
            cannot be read from an ARN that is known only at deploy time.
    """
    if is_unresolved(repository_arn):
        reject(
            "repository ARN",
            repository_arn,
            "repository-arn-unresolved",
            "is known only at deploy time",
            path="repository_arn",
            remedy="use from_repository_attributes",
        )
    raise_if_invalid("repository ARN", repository_arn, repository_arn_errors(repository_arn))
    name = repository_arn.partition("/")[2]
    external = _managed_externally(policy_managed_externally, policy_elsewhere)
    return ImportedRepository(
        scope, id, repository_arn, name, external, environment_from_arn=repository_arn
    )


def from_repository_attributes(
    scope: Construct,
    id: str,
    *,
    repository_arn: str,
    repository_name: str,
    policy_managed_externally: bool | None = None,
    policy_elsewhere: bool | None = None,
) -> ImportedRepository:
    """Import a repository by ARN and name, which may be known only at deploy time.

    Arguments are as for `from_repository_name`.

    Raises:
        ValidationError: A literal value that is not the ARN or the name of a repository, or
            ``repository-arn-name``: the ARN of a repository with another name.
    """
    check_repository_name(repository_name)
    environment = None if is_unresolved(repository_arn) else repository_arn
    if environment is not None:
        errors = [*repository_arn_errors(environment)]
        name = environment.partition("/")[2]
        if not errors and not is_unresolved(repository_name) and name != repository_name:
            message = f"is the ARN of {name!r}, and repository_name is {repository_name!r}"
            errors.append(Diagnostic("repository-arn-name", message, "repository_arn"))
        raise_if_invalid("repository ARN", environment, errors)
    external = _managed_externally(policy_managed_externally, policy_elsewhere)
    return ImportedRepository(
        scope,
        id,
        repository_arn,
        repository_name,
        external,
        environment_from_arn=environment,
    )


def from_lookup(
    scope: Construct,
    id: str,
    *,
    repository_arn: str | None = None,
    repository_name: str | None = None,
    policy_managed_externally: bool | None = None,
    policy_elsewhere: bool | None = None,
) -> ImportedRepository:
    """Import a repository that CDK looks up at synthesis, which needs AWS credentials.

    Arguments are as for `from_repository_name`; give the ARN or the name.

    Raises:
        ValidationError: ``lookup-without-repository``: neither of them; or an invalid value.
    """
    if repository_arn is None and repository_name is None:
        reject(
            "lookup of a repository",
            id,
            "lookup-without-repository",
            "needs repository_arn or repository_name",
            path="repository_name",
        )
    if repository_name is not None:
        check_repository_name(repository_name)
    if repository_arn is not None and not is_unresolved(repository_arn):
        raise_if_invalid("repository ARN", repository_arn, repository_arn_errors(repository_arn))
    repository = ecr.Repository.from_lookup(
        scope,
        f"{id}Lookup",
        repository_arn=repository_arn,
        repository_name=repository_name,
    )
    external = _managed_externally(policy_managed_externally, policy_elsewhere)
    return ImportedRepository(
        scope, id, repository.repository_arn, repository.repository_name, external
    )


def _managed_externally(value: bool | None, former_value: bool | None) -> bool:
    return renamed_keyword(
        "policy_managed_externally", value, "policy_elsewhere", former_value, stacklevel=5
    )
