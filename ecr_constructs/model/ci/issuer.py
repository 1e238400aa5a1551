"""The issuers of CI tokens, their audiences, and the UUIDs in both."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ecr_constructs.model.arguments import checked
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import located, raise_if_invalid, text_length_errors

UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_BRACED = re.compile(rf"\{{{UUID.pattern}\}}|{UUID.pattern}")
# An IAM pattern of a UUID: of the same length, so that it matches nothing longer.
ANY_UUID = "-".join("?" * length for length in (8, 4, 4, 4, 12))

# https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html
URL_MAX_LENGTH = 255
_URL = re.compile(r"https://[a-z0-9.-]+(?:/[A-Za-z0-9._~-]+)*", re.ASCII)
# The URL names a workspace by its id, the part of its address after bitbucket.org/.
_WORKSPACE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)

_GITHUB, _GITLAB = "https://token.actions.githubusercontent.com", "https://gitlab.com"
_STS = "sts.amazonaws.com"


@checked
@dataclass(frozen=True, slots=True)
class CiIssuer:
    """An issuer of tokens and the audience that its tokens for AWS have.

    Attributes:
        url: The value of the tokens' claim ``iss``.
        audience: The only accepted value of the claim ``aud``, at most 255 characters
            (https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html).

    Raises:
        ValidationError: IAM rejects the URL: it is not https, has a port, a query or a closing
            slash, or is longer than 255 characters; or the audience is empty, a wildcard or longer
            than 255 characters.

    Example:
        >>> CiIssuer.gitlab("https://gitlab.example.com").path
        'gitlab.example.com'
    """

    url: str
    audience: str

    def __post_init__(self) -> None:
        """Validate the URL."""
        errors = [*_url_errors(self.url)]
        if self.audience != self.url:
            errors += _audience_errors(self.audience)
        raise_if_invalid("CI issuer", self.url, errors)

    @classmethod
    def github_actions(
        cls,
        url: str | None = _GITHUB,
        *,
        audience: str | None = _STS,
    ) -> "CiIssuer":
        """Return the issuer of GitHub Actions.

        https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws

        Args:
            url: The issuer of GitHub Enterprise: ``https://HOSTNAME/_services/token`` for a
                server, ``https://token.actions.SUBDOMAIN.ghe.com`` with data residency. Default:
                github.com's.
            audience: The input ``audience`` of ``aws-actions/configure-aws-credentials``. Default:
                the action's own, which every workflow can request.
        """
        url = _GITHUB if url is None else url
        return cls(url, _STS if audience is None else audience)

    @classmethod
    def gitlab(cls, url: str | None = _GITLAB, *, audience: str | None = None) -> "CiIssuer":
        """Return the issuer of GitLab CI, whose tokens name the instance as their audience.

        https://docs.gitlab.com/ci/cloud_services/aws/

        Args:
            url: A self-managed instance, ``https://gitlab.example.com``. AWS must be able to read
                its ``/.well-known/openid-configuration``. Default: gitlab.com.
            audience: The ``aud`` of the job's ``id_tokens``. Default: the instance's URL.
        """
        url = _GITLAB if url is None else url
        return cls(url, url if audience is None else audience)

    @classmethod
    def bitbucket(cls, *, workspace: str, workspace_uuid: str) -> "CiIssuer":
        """Return the issuer of a workspace's Bitbucket Pipelines.

        https://support.atlassian.com/bitbucket-cloud/docs/deploy-on-aws-using-bitbucket-pipelines-openid-connect/

        Args:
            workspace: The workspace's id, as in its address: ``acme``.
            workspace_uuid: Its UUID, with or without braces.
        """
        errors = list(uuid_errors("workspace_uuid", workspace_uuid))
        if not _WORKSPACE.fullmatch(workspace):
            errors.append(
                Diagnostic(
                    "workspace-format",
                    f"{workspace!r} is not a workspace id, the part after bitbucket.org/ "
                    "in its address: 'acme'",
                    "workspace",
                )
            )
        raise_if_invalid("Bitbucket workspace", workspace, errors)
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
        """The URL without ``https://``, as in provider ARNs and condition keys."""
        return self.url.removeprefix("https://")

    def provider_arn(self, *, partition: str, account: str) -> str:
        """Return the ARN of an account's provider for this issuer, whether it exists or not."""
        return f"arn:{partition}:iam::{account}:oidc-provider/{self.path}"


def uuid_errors(path: str, value: str, *, braces: bool = True) -> Iterator[Diagnostic]:
    """Yield a problem if a value is not a UUID, in braces as Bitbucket displays it or without."""
    if not (_BRACED if braces else UUID).fullmatch(value):
        yield Diagnostic(
            "uuid-format",
            f"{value!r} must be a UUID in lowercase, such as "
            "'1d397906-81bf-459e-9a8d-eae79c0bc5f3', not a name or a wildcard",
            path,
        )


def braced(uuid: str) -> str:
    """Return a UUID in braces, as in Bitbucket's tokens."""
    return f"{{{UUID.findall(uuid)[0]}}}"


def _url_errors(url: str) -> Iterator[Diagnostic]:
    if not _URL.fullmatch(url):
        yield Diagnostic(
            "issuer-url-format",
            "must be an https URL that ends with its path, as the tokens have it in 'iss': "
            "no port, no query, no closing slash",
        )
    yield from text_length_errors("issuer-url-length", "", url, URL_MAX_LENGTH)


def _audience_errors(audience: str) -> Iterator[Diagnostic]:
    if not is_unresolved(audience):
        yield from located(
            "audience",
            text_length_errors("issuer-audience-length", "", audience, URL_MAX_LENGTH, least=1),
        )
    if "*" in audience or "?" in audience:
        message = "a wildcard would be compared as text, and match no token"
        yield Diagnostic("issuer-audience-wildcard", message, "audience")
