"""Who issues the tokens of a CI system, and for whom."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ecr_constructs.model.ci.uuids import UUID, uuid_errors
from ecr_constructs.model.validation import raise_if_invalid

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
URL_MAX_LENGTH = 255
_URL = re.compile(r"https://[a-z0-9.-]+(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
# A workspace is in the URL by its id, the part of its address after bitbucket.org/.
_WORKSPACE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class CiIssuer:
    """An issuer of tokens and the audience that its tokens for AWS have.

    Attributes:
        url: The issuer, as the tokens' claim ``iss`` says it.
        audience: The one value of the claim ``aud`` that is accepted.

    Raises:
        ValueError: A URL that IAM refuses: not https, with a port, a query or a closing slash, or
            longer than 255 characters.
    """

    url: str
    audience: str

    def __post_init__(self) -> None:
        """Judge the URL."""
        raise_if_invalid("CI issuer", self.url, _url_errors(self.url))

    @classmethod
    def github_actions(cls, url: str = "https://token.actions.githubusercontent.com") -> "CiIssuer":
        """Return the issuer of GitHub Actions.

        https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws

        Args:
            url: That of GitHub Enterprise: ``https://HOSTNAME/_services/token`` of a server,
                ``https://token.actions.SUBDOMAIN.ghe.com`` with data residency. Default:
                github.com's.
        """
        return cls(url, "sts.amazonaws.com")

    @classmethod
    def gitlab(cls, url: str = "https://gitlab.com") -> "CiIssuer":
        """Return the issuer of GitLab CI, whose tokens name the instance as their audience.

        https://docs.gitlab.com/ci/cloud_services/aws/

        Args:
            url: A self-managed instance, ``https://gitlab.example.com``. AWS must be able to read
                its ``/.well-known/openid-configuration``. Default: gitlab.com.
        """
        return cls(url, url)

    @classmethod
    def bitbucket(cls, *, workspace: str, workspace_uuid: str) -> "CiIssuer":
        """Return the issuer of a workspace's Bitbucket Pipelines.

        https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-bitbucket-pipelines-openid-connect/

        Args:
            workspace: The workspace's id, as in its address: ``acme``.
            workspace_uuid: Its UUID, with or without braces.
        """
        faults = list(uuid_errors("workspace_uuid", workspace_uuid))
        if not _WORKSPACE.fullmatch(workspace):
            faults.append(
                f"workspace {workspace!r} is no workspace id, the part after bitbucket.org/ in "
                "its address: 'acme'"
            )
        raise_if_invalid("Bitbucket workspace", workspace, faults)
        bare = UUID.findall(workspace_uuid)[0]
        return cls(
            f"https://api.bitbucket.org/2.0/workspaces/{workspace}/pipelines-config/identity/oidc",
            f"ari:cloud:bitbucket::workspace/{bare}",
        )

    @classmethod
    def circleci(cls, *, organization_id: str) -> "CiIssuer":
        """Return the issuer of a CircleCI organization.

        https://circleci.com/docs/openid-connect-tokens/

        Args:
            organization_id: The organization's id, a UUID.
        """
        raise_if_invalid(
            "CircleCI organization",
            organization_id,
            uuid_errors("organization_id", organization_id, braces=False),
        )
        return cls(f"https://oidc.circleci.com/org/{organization_id}", organization_id)

    @property
    def path(self) -> str:
        """The URL as provider ARNs and condition keys have it, without ``https://``."""
        return self.url.removeprefix("https://")

    def provider_arn(self, *, partition: str, account: str) -> str:
        """Return the ARN of the provider that an account has, or would have, for this issuer."""
        return f"arn:{partition}:iam::{account}:oidc-provider/{self.path}"


def _url_errors(url: str) -> Iterator[str]:
    if not _URL.fullmatch(url):
        yield (
            "must be an https URL in which nothing follows the path, as the tokens have it in "
            "'iss': no port, no query, no closing slash"
        )
    if len(url) > URL_MAX_LENGTH:
        yield f"must be at most {URL_MAX_LENGTH} characters long, is {len(url)}"
