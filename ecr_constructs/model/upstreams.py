"""The upstream registries of pull through caches, and the secrets that log in to them."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Self

from ecr_constructs.model import principals
from ecr_constructs.model.arguments import checked
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.references import AnyRole, AnySecret, arn_of
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, reject, text_length_errors

_AZURE = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.azurecr\.io")


@checked
@dataclass(frozen=True, slots=True)
class Upstream:
    """A registry whose images are cached, and how ECR logs in to it.

    There is a factory for each of the nine that ECR supports
    (https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html). A credential
    is a ``secretsmanager.ISecret``, a `PullThroughCredential` or the ARN of a secret, which is
    named ``ecr-pullthroughcache/…`` and holds ``{"username": …, "accessToken": …}``.

    Attributes:
        registry: ECR's name of the registry: ``docker-hub``.
        url: Its host: ``registry-1.docker.io``. None for a registry of Amazon ECR.
        default_prefix: The default beginning of the names of cached repositories, as in the AWS
            Management Console.
        credential_arn: The ARN of the secret to log in with, or None.
        account: The account of a registry of Amazon ECR, or None.
        region: The Region of a registry of Amazon ECR, or None.
        role_arn: The ARN of the role that reads a registry of Amazon ECR, or None.

    Example:
        >>> str(Upstream.quay())
        'quay.io'
    """

    _REMEDY: ClassVar[str] = "write Upstream.quay(), Upstream.docker_hub(credential) or another"

    registry: str
    url: str | None
    default_prefix: str
    credential_arn: str | None = None
    account: str | None = None
    region: str | None = None
    role_arn: str | None = None

    @classmethod
    def docker_hub(cls, credential: AnySecret) -> Self:
        """Cache Docker Hub, whose official images are named ``library/nginx``.

        Args:
            credential: A Docker Hub user's name and access token.

        Raises:
            ValidationError: ECR rejects the secret.
        """
        return cls("docker-hub", "registry-1.docker.io", "docker-hub", _arn(credential))

    @classmethod
    def github(cls, credential: AnySecret) -> Self:
        """Cache the GitHub Container Registry, ``ghcr.io``.

        Args:
            credential: A GitHub user's name and personal access token.

        Raises:
            ValidationError: ECR rejects the secret.
        """
        return cls("github-container-registry", "ghcr.io", "github", _arn(credential))

    @classmethod
    def gitlab(cls, credential: AnySecret) -> Self:
        """Cache the container registry of GitLab.com; self-managed ones are not supported.

        Args:
            credential: A GitLab user's name and access token.

        Raises:
            ValidationError: ECR rejects the secret.
        """
        return cls("gitlab-container-registry", "registry.gitlab.com", "gitlab", _arn(credential))

    @classmethod
    def azure(cls, registry_url: str, credential: AnySecret) -> Self:
        """Cache a Microsoft Azure Container Registry.

        Args:
            registry_url: ``NAME.azurecr.io``.
            credential: The name and password of a token of the registry.

        Raises:
            ValidationError: ECR rejects the URL or the secret.
        """
        if not is_unresolved(registry_url) and not _AZURE.fullmatch(registry_url):
            reject(
                "upstream registry URL",
                registry_url,
                "azure-registry-format",
                "an Azure registry is given by its host alone: 'NAME.azurecr.io'",
            )
        return cls("azure-container-registry", registry_url, "azure", _arn(credential))

    @classmethod
    def chainguard(cls, credential: AnySecret) -> Self:
        """Cache the Chainguard registry, ``cgr.dev``.

        Args:
            credential: The identity and the secret of a Chainguard pull token.

        Raises:
            ValidationError: ECR rejects the secret.
        """
        return cls("chainguard", "cgr.dev", "chainguard", _arn(credential))

    @classmethod
    def ecr_public(cls) -> Self:
        """Cache Amazon ECR Public, ``public.ecr.aws``; no login."""
        return cls("ecr-public", "public.ecr.aws", "ecr-public")

    @classmethod
    def kubernetes(cls) -> Self:
        """Cache the Kubernetes registry, ``registry.k8s.io``; no login."""
        return cls("k8s", "registry.k8s.io", "kubernetes")

    @classmethod
    def quay(cls) -> Self:
        """Cache the public repositories of Quay, ``quay.io``; no login."""
        return cls("quay", "quay.io", "quay")

    @classmethod
    def ecr(
        cls, *, account: principals.AccountId, region: str, role: AnyRole | None = None
    ) -> Self:
        """Cache another registry of Amazon ECR.

        Args:
            account: Its account. If it is another one, its registry policy or repository policies
                must allow this account ``ecr:BatchGetImage``, ``ecr:BatchImportUpstreamImage``,
                ``ecr:GetDownloadUrlForLayer`` and ``ecr:GetImageCopyStatus``.
            region: Its Region, of the same partition.
            role: An ``iam.IRole`` of the cache's account, or its ARN, that reads the upstream. It
                is not changed: it must trust ``pullthroughcache.ecr.amazonaws.com`` and have the
                permissions that
                https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
                lists. Default: the cache creates one if the upstream is in another account.

        Raises:
            ValidationError: The account is not an account id.
        """
        principals.check_account("account", account)
        arn = None if role is None else arn_of(role, "role")
        return cls("ecr", None, "ecr", account=account, region=region, role_arn=arn)

    def errors_from(
        self, account: str, region: str, known_regions: Iterable[str]
    ) -> Iterator[Diagnostic]:
        """Yield each reason why a registry cannot cache this one.

        Args:
            account: The caching registry's account.
            region: The caching registry's Region.
            known_regions: The names of all Regions.
        """
        if self.credential_arn is not None:
            yield from place_errors(self.credential_arn, account, region)
        if self.region is None or is_unresolved(self.region):
            return
        if self.region not in set(known_regions):
            yield Diagnostic(
                "upstream-region",
                f"{self.region!r} is not a Region that the installed aws-cdk-lib knows",
            )
        if is_unresolved(region):
            return
        if (self.account, self.region) == (account, region):
            yield Diagnostic(
                "upstream-is-cache",
                f"{self} is this registry itself",
                remedy="name the one whose images are to be cached",
            )
        here, there = partition_of(region), partition_of(self.region)
        if here != there:
            yield Diagnostic(
                "upstream-partition",
                f"{self} is in the partition {there}, this registry in {here}; images are "
                "not cached across partitions",
            )

    # The former name, for callers that have it.
    faults_from = errors_from

    def needs_role(self, account: str) -> bool:
        """Return whether ECR needs a role: the registry is, or may be, another account's."""
        return self.account is not None and self.account != account

    def __str__(self) -> str:
        """Name the registry."""
        return self.url or f"{self.account}/{self.region}"


def _arn(credential: AnySecret) -> str:
    arn = arn_of(credential, "secret")
    raise_if_invalid("credential of a pull through cache", arn, credential_errors(arn))
    return arn


# ECR's service-linked role may read no other secrets:
# https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSECRPullThroughCache_ServiceRolePolicy.html
SECRET_PREFIX = "ecr-pullthroughcache/"  # noqa: S105 - the beginning of a name
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
ARN_MAX_LENGTH = 612
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
NAME_MAX_LENGTH = 512
_NAME = re.compile(r"[a-zA-Z0-9/_+=.@-]+")
# Only some parts of an ARN that CDK builds are deploy-time values.
_ARN = re.compile(
    r"arn:[^:]+:secretsmanager:(?P<region>[^:]+):(?P<account>[^:]+):secret:(?P<name>[^:]+)"
)


def credential_errors(arn: str) -> Iterator[Diagnostic]:
    """Yield each reason why ECR rejects a secret in every account and Region."""
    secret = _ARN.fullmatch(arn)
    if not secret:
        if not is_unresolved(arn):
            yield Diagnostic(
                "credential-format",
                "the credential must be a secretsmanager.ISecret or the ARN of a secret, "
                f"'arn:aws:secretsmanager:REGION:ACCOUNT:secret:{SECRET_PREFIX}NAME-ABCDEF'",
            )
        return
    name = secret["name"]
    has_name = len(name) > len(SECRET_PREFIX)
    if not is_unresolved(name) and not (name.startswith(SECRET_PREFIX) and has_name):
        yield Diagnostic(
            "credential-name-prefix",
            f"the secret's name must begin with {SECRET_PREFIX!r} and have more characters, ECR "
            f"can read no other; this one is {name!r}",
        )
    if not is_unresolved(arn):
        yield from text_length_errors("credential-length", "the secret's ARN", arn, ARN_MAX_LENGTH)


def place_errors(arn: str, account: str, region: str) -> Iterator[Diagnostic]:
    """Yield a problem if a secret is not in the account and Region of its cache."""
    secret = _ARN.fullmatch(arn)
    if not secret:
        return
    for kind, there, here in (
        ("account", secret["account"], account),
        ("Region", secret["region"], region),
    ):
        if there != here and not is_unresolved(there) and not is_unresolved(here):
            yield Diagnostic(
                f"credential-{kind.lower()}",
                f"the secret must be in the cache's {kind}, {here}; it is in {there}",
            )


def secret_name_errors(name: str) -> Iterator[Diagnostic]:
    """Yield each reason why a name cannot follow the prefix."""
    if is_unresolved(name):
        return
    if name.startswith(SECRET_PREFIX):
        yield Diagnostic(
            "secret-name-prefix",
            f"{SECRET_PREFIX!r} is added to the name automatically",
            remedy=f"write {name.removeprefix(SECRET_PREFIX)!r}",
        )
    if not _NAME.fullmatch(name):
        yield Diagnostic(
            "secret-name-characters",
            "the name may hold only letters, digits and '/_+=.@-', at least one of them",
        )
    subject = f"with {SECRET_PREFIX!r} the name"
    yield from text_length_errors(
        "secret-name-length", subject, SECRET_PREFIX + name, NAME_MAX_LENGTH
    )
