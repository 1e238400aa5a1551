"""One repository of the public registry."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._cfn_properties import tag_properties
from ecr_constructs.constructs._iam import grant_to_principal
from ecr_constructs.constructs._joined_policy import JoinedRepositoryPolicy
from ecr_constructs.constructs._joined_properties import JoinedResource
from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.constructs.repository import NO_SNAPSHOTS
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.principals import AccountId
from ecr_constructs.model.public_catalog import PUBLIC_REGION, CatalogData, public_name_errors
from ecr_constructs.model.repository_policy import Access
from ecr_constructs.model.tags import Tags, tag_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

# https://docs.aws.amazon.com/AmazonECR/latest/public/public-repository-policy-examples.html
PUSH_ACTIONS = (
    "ecr-public:BatchCheckLayerAvailability",
    "ecr-public:CompleteLayerUpload",
    "ecr-public:InitiateLayerUpload",
    "ecr-public:PutImage",
    "ecr-public:UploadLayerPart",
)
_LOGIN_ACTIONS = ("ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken")


class _PublicResource(JoinedResource, ecr.CfnPublicRepository):
    """The L1."""


class PublicPolicy(JoinedRepositoryPolicy):
    """What the arguments declare, and what other code writes on the L1."""

    _names: ClassVar = {"repository_policy_text": "RepositoryPolicyText"}

    def _properties(self, state: Mapping[str, Any]) -> dict[str, Any]:
        return {"repository_policy_text": dict(state)}


@checked
class PublicRepository(Construct):
    """A repository that everyone may pull from, listed in the Amazon ECR Public Gallery.

    Public repositories exist only in us-east-1, whatever Region their images are pulled from. They
    have no immutable tags, lifecycle policies, scans or keys. Their images are pulled from
    ``public.ecr.aws/ALIAS/NAME``; CloudFormation does not return the account's alias. The
    repository outlives its stack.

    Example::

        PublicRepository(stack, "Cli", repository_name="acme/cli", architectures=["ARM 64"])

    Attributes:
        repository_name: The name, or a reference to it.
        repository_arn: A reference to the ARN.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        repository_name: str | None = None,
        description: str | None = None,
        about: str | None = None,
        usage: str | None = None,
        architectures: Sequence[str] | None = (),
        operating_systems: Sequence[str] | None = (),
        push_accounts: Sequence[AccountId] | None = (),
        push_principals: Sequence[str] | None = (),
        tags: Tags | None = None,
        removal_policy: cdk.RemovalPolicy | None = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    ) -> None:
        """Define a public repository.

        Args:
            scope: The stack, or a construct below one, in us-east-1.
            id: The construct's id. Changing it replaces the repository.
            repository_name: 2 to 205 characters, lowercase, parts joined by ``/``. Changing it
                replaces the repository. Default: CloudFormation generates one.
            description: At most 1,024 characters, shown in search results. Default: none.
            about: A description of images, Markdown of at most 10,240 characters. Default: none.
            usage: Instructions for their use, Markdown of at most 10,240 characters. Default: none.
            architectures: Architectures they run on, at most 50. The gallery searches for ``ARM``,
                ``ARM 64``, ``x86`` and ``x86-64``. Default: none.
            operating_systems: Operating systems they run on, at most 50. The gallery searches for
                ``Linux`` and ``Windows``. Default: none.
            push_accounts: Ids of other accounts that may push. Default: none.
            push_principals: ARNs of roles and users that may push. They must exist at
                deployment. Default: none.
            tags: Tags of the repository, values by key. Default: the tags of its scopes.
            removal_policy: What happens to the repository when it is removed from the stack.
                Default: ``RETAIN_ON_UPDATE_OR_DELETE``, which keeps it with its images; only the
                rollback of the deployment that creates it deletes it, if it is empty.

        Raises:
            ValidationError: A value that ECR Public or CloudFormation rejects, or
                ``public-repository-region``: a Region other than us-east-1.
        """
        access = Access(push_accounts=push_accounts or (), push_principals=push_principals or ())
        catalog = CatalogData(
            description=description,
            about=about,
            usage=usage,
            architectures=architectures or (),
            operating_systems=operating_systems or (),
        )
        region = region_of(scope)
        errors = [*tag_errors(tags or {})]
        if repository_name is not None and not is_unresolved(repository_name):
            errors += public_name_errors(repository_name)
        if region != PUBLIC_REGION and not is_unresolved(region):
            errors.append(
                Diagnostic(
                    "public-repository-region",
                    f"public repositories exist only in {PUBLIC_REGION}, this stack is in {region}",
                    "scope",
                    f"define them in a stack with env=Environment(region={PUBLIC_REGION!r})",
                )
            )
        if removal_policy is cdk.RemovalPolicy.SNAPSHOT:
            errors.append(NO_SNAPSHOTS)
        raise_if_invalid("public repository", repository_name, errors)

        super().__init__(scope, id)
        statements = [
            {**statement, "Action": list(PUSH_ACTIONS)}
            for statement in access.statements(partition_in(region))
        ]
        policy = PublicPolicy(self)
        policy.add_statements(*statements)
        self._resource = _PublicResource(
            self,
            "Resource",
            repository_name=repository_name,
            repository_catalog_data=_catalog_property(catalog),
            tags=tag_properties(tags),
            **policy.rendered_properties,
        )
        policy.attach(self._resource)
        self._resource.apply_removal_policy(
            removal_policy or cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        )
        self.repository_name = self._resource.ref
        self.repository_arn = self._resource.attr_arn
        if unlisted := catalog.unlisted():
            cdk.Annotations.of(self).add_warning_v2(
                "ecr-constructs:notInTheGallery",
                f"The gallery does not search for {', '.join(unlisted)}; it lists the "
                "architectures ARM, ARM 64, x86 and x86-64, and the operating systems Linux and "
                "Windows.",
            )

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Allow a principal to log in and push.

        Raises:
            ValidationError: ``principal-without-policy``: nothing would be granted.
        """
        return grant_to_principal(
            grantee,
            scope=self,
            purpose="pushing to a public repository",
            actions=PUSH_ACTIONS,
            resource_arn=self.repository_arn,
            login_actions=_LOGIN_ACTIONS,
            suggestion=(
                "name it in push_accounts or push_principals, and allow it "
                f"{' and '.join(_LOGIN_ACTIONS)} in its own account"
            ),
        )


def _catalog_property(catalog: CatalogData) -> dict[str, Any] | None:
    # CloudFormation's own names: the L1 takes any JSON here and renders the keys as they are.
    values = {
        "RepositoryDescription": catalog.description,
        "AboutText": catalog.about,
        "UsageText": catalog.usage,
        "Architectures": list(catalog.architectures),
        "OperatingSystems": list(catalog.operating_systems),
    }
    return {name: value for name, value in values.items() if value} or None
