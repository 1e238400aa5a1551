"""What principals may do with a cache before another registry."""

from abc import abstractmethod
from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._iam import grant_to_principal
from ecr_constructs.model.repository_policy import (
    DELETE_IMAGE_ACTIONS,
    LIFECYCLE_ACTIONS,
    LOGIN_ACTIONS,
    READ_ACTIONS,
)


class CacheGrants(Construct):
    """Grants on what is cached and what is not yet: statements in the grantee's own policy."""

    @property
    @abstractmethod
    def repositories_arn(self) -> str:
        """The ARN pattern of the cached repositories."""

    @property
    @abstractmethod
    def pull_actions(self) -> Sequence[str]:
        """What pulling through the cache takes."""

    def grant_pull(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal pull through the cache, what is cached and what is not yet.

        That is more than a pull: the first one of an image makes ECR create a repository and
        import the image, in the name of whoever pulls.

        Raises:
            ValueError: The principal has no policy here, so that nothing would be granted. Other
                accounts pull what is cached through ``pull_accounts`` and ``pull_organizations``.
        """
        return self._grant(
            grantee,
            "pulling through a cache",
            self.pull_actions,
            login_actions=LOGIN_ACTIONS,
        )

    def grant_read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal see which images are cached.

        Raises:
            ValueError: As for `grant_pull`.
        """
        return self._grant(grantee, "reading a cache", READ_ACTIONS)

    def grant_delete_image(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal delete cached images; the next pull caches them anew.

        Raises:
            ValueError: As for `grant_pull`.
        """
        return self._grant(grantee, "deleting cached images", DELETE_IMAGE_ACTIONS)

    def grant_manage_lifecycle(self, grantee: iam.IGrantable) -> iam.Grant:
        """Let a principal change, remove and preview lifecycle policies of cached repositories.

        Raises:
            ValueError: As for `grant_pull`.
        """
        return self._grant(grantee, "managing the lifecycle of a cache", LIFECYCLE_ACTIONS)

    def _grant(
        self,
        grantee: iam.IGrantable,
        what: str,
        actions: Sequence[str],
        login_actions: Sequence[str] = (),
    ) -> iam.Grant:
        return grant_to_principal(
            grantee,
            scope=self,
            what=what,
            actions=actions,
            resource_arn=self.repositories_arn,
            login_actions=login_actions,
            instead=(
                "Name it in pull_accounts, pull_organizations or pull_principals to let it pull "
                "what is cached, and in the registry policy to let it import images."
            ),
        )
