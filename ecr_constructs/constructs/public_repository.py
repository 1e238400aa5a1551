"""One repository of the public registry."""

from collections.abc import Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._iam import grant_to_principal
from ecr_constructs.constructs._stack_env import partition_in, region_of
from ecr_constructs.model.public_catalog import REGION, CatalogData, public_name_errors
from ecr_constructs.model.repository_policy import Access, document
from ecr_constructs.model.tags import tag_errors
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


class PublicRepository(Construct):
    """A repository that everyone may pull from, listed in the Amazon ECR Public Gallery.

    The public registry is defined in us-east-1 alone, whatever Region its images are pulled from.
    It has no immutable tags, lifecycle policies, scans or keys. Its images are pulled from
    ``public.ecr.aws/ALIAS/NAME``, where the alias is the account's and not known to
    CloudFormation. The repository outlives its stack.

    Attributes:
        repository_name: The name, or a reference to it.
        repository_arn: A reference to the ARN.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repository_name: str | None = None,
        description: str | None = None,
        about: str | None = None,
        usage: str | None = None,
        architectures: Sequence[str] = (),
        operating_systems: Sequence[str] = (),
        push_accounts: Sequence[str] = (),
        push_principals: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        removal_policy: cdk.RemovalPolicy = cdk.RemovalPolicy.RETAIN,
    ) -> None:
        """Define a public repository.

        Args:
            scope: The stack, or a construct below one, in us-east-1.
            construct_id: The construct's id. Changing it replaces the repository.
            repository_name: 2 to 205 characters, lowercase, parts joined by ``/``. Changing it
                replaces the repository. Default: CloudFormation makes one up.
            description: At most 1,024 characters, shown in search results. Default: none.
            about: What the images are, in Markdown, at most 10,240 characters. Default: nothing.
            usage: How they are used, in Markdown, at most 10,240 characters. Default: nothing.
            architectures: What they run on, at most 50. The gallery searches for ``ARM``,
                ``ARM 64``, ``x86`` and ``x86-64``. Default: none is named.
            operating_systems: What they run on, at most 50. The gallery searches for ``Linux``
                and ``Windows``. Default: none is named.
            push_accounts: Ids of accounts that may push. Default: none but this one.
            push_principals: ARNs of roles and users that may push. They must exist when this is
                deployed. Default: none.
            tags: Tags of the repository, values by key. Default: those of its scopes.
            removal_policy: What becomes of the repository when it leaves the stack. Default: it
                stays, with its images.

        Raises:
            ValueError: A value that ECR Public or CloudFormation would refuse, or another Region
                than us-east-1.
        """
        access = Access(push_accounts=push_accounts, push_principals=push_principals)
        catalog = CatalogData(
            description=description,
            about=about,
            usage=usage,
            architectures=architectures,
            operating_systems=operating_systems,
        )
        region = region_of(scope)
        faults: list[Any] = list(tag_errors(tags or {}))
        if repository_name is not None and not is_unresolved(repository_name):
            faults += public_name_errors(repository_name)
        if region != REGION and not is_unresolved(region):
            faults.append(
                f"public repositories are defined in {REGION} alone, this stack is in {region}; "
                f"give them a stack with env=Environment(region={REGION!r})"
            )
        if removal_policy is cdk.RemovalPolicy.SNAPSHOT:
            faults.append(
                "a repository has no snapshots; write removal_policy=RemovalPolicy.RETAIN"
            )
        raise_if_invalid("public repository", repository_name, faults)

        super().__init__(scope, construct_id)
        statements = [
            {**statement, "Action": list(PUSH_ACTIONS)}
            for statement in access.statements(partition_in(region))
        ]
        self._resource = ecr.CfnPublicRepository(
            self,
            "Resource",
            repository_name=repository_name,
            repository_catalog_data=_catalog_property(catalog),
            repository_policy_text=document(statements) if statements else None,
            tags=[cdk.CfnTag(key=key, value=value) for key, value in (tags or {}).items()] or None,
        )
        self._resource.apply_removal_policy(removal_policy)
        self.repository_name = self._resource.ref
        self.repository_arn = self._resource.attr_arn
        if unlisted := catalog.unlisted():
            cdk.Annotations.of(self).add_warning_v2(
                "ecr-constructs:notInTheGallery",
                f"The gallery does not search for {', '.join(unlisted)}; it knows the "
                "architectures ARM, ARM 64, x86 and x86-64, and the operating systems Linux and "
                "Windows.",
            )

    def grant_push(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal log in and push.

        Raises:
            ValueError: The principal has no policy here, so that nothing would be granted.
        """
        return grant_to_principal(
            grantee,
            scope=self,
            what="pushing to a public repository",
            actions=PUSH_ACTIONS,
            resource_arn=self.repository_arn,
            login_actions=_LOGIN_ACTIONS,
            instead=(
                "Name it in push_accounts or push_principals, and permit it "
                f"{' and '.join(_LOGIN_ACTIONS)} in its own account."
            ),
        )


def _catalog_property(catalog: CatalogData) -> dict[str, Any] | None:
    # CloudFormation's own names: the L1 takes any JSON here and renders its struct's as they are.
    given = {
        "RepositoryDescription": catalog.description,
        "AboutText": catalog.about,
        "UsageText": catalog.usage,
        "Architectures": list(catalog.architectures),
        "OperatingSystems": list(catalog.operating_systems),
    }
    return {name: value for name, value in given.items() if value} or None
