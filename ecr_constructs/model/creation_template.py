"""What ECR creates repositories with when a push, a replication or a pull makes it create one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.prefixes import ROOT, namespace_errors
from ecr_constructs.model.repository_policy import Access, document, length_errors
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html
OCCASIONS = ("CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION")
DESCRIPTION_MAX_LENGTH = 256
# CloudFormation's pattern leaves no room for a path.
_ROLE = re.compile(r"arn:aws[-a-z0-9]*:iam::(?P<account>[0-9]{12}):role/(?P<name>[\w+=,.@/-]+)")

_KEEP_ALL = LifecyclePolicy()
_EXPIRE_UNTAGGED = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))
# An image that nobody has pulled is not running: archiving those is safe, untagged or not.
_BY_AGE_OR_NUMBER = ("sinceImagePushed", "imageCountMoreThan")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationTemplate:
    """The settings of a repository creation template.

    Attributes:
        prefix: ``payments`` covers ``payments/api`` and all below; ``ROOT`` what nothing else does.
        applied_for: When ECR uses it: `OCCASIONS`.
        description: What it is for.
        tag_mutability: Whether tags may be moved. None: immutable, for caches mutable.
        encryption: How images are encrypted.
        lifecycle: Which images go. None: untagged ones after 14 days, in caches none.
        access: Who outside the account may use the repositories.
        tags: Tags of the repositories.

    Raises:
        ValueError: Everything that ECR would refuse, or that would lose images, at once.
    """

    prefix: str
    applied_for: Sequence[str]
    description: str | None = None
    tag_mutability: TagMutability | None = None
    encryption: Encryption = field(default_factory=Encryption.aes256)
    lifecycle: LifecyclePolicy | None = None
    access: Access = field(default_factory=Access)
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Judge the whole."""
        require_list("applied_for", self.applied_for)
        raise_if_invalid("repository creation template", self.prefix, self._errors())

    def _errors(self) -> Iterator[str]:
        if not is_unresolved(self.prefix):
            yield from namespace_errors(self.prefix)
        yield from _occasion_errors(self.applied_for)
        length = len(self.description or "")
        if length > DESCRIPTION_MAX_LENGTH and not is_unresolved(self.description):
            yield (f"the description may be {DESCRIPTION_MAX_LENGTH} characters long, is {length}")
        yield from tag_errors(self.tags)
        yield from length_errors(document(self.access.statements("aws")))
        if self.serves_caches:
            yield from self._cache_errors()

    def _cache_errors(self) -> Iterator[str]:
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
        for rule in self.lifecycle.rules if self.lifecycle else ():
            if rule.tag_status == "untagged" and rule.count_type in _BY_AGE_OR_NUMBER:
                yield (
                    "a pull through cache keeps images that were pulled by digest untagged, in "
                    f"use or not, and rule {rule.rule_priority} takes untagged images away; write "
                    "LifecycleRule.expire(after_days=365), or keep all: LifecyclePolicy()"
                )
        if len(self.applied_for) > 1 and self.tag_mutability is None:
            yield (
                "a pull through cache needs mutable tags to follow its upstream, and what is "
                "pushed or replicated is best immutable: with both under one prefix, say which "
                "with tag_mutability"
            )

    @property
    def serves_caches(self) -> bool:
        """Whether repositories of pull through caches are created with it."""
        return "PULL_THROUGH_CACHE" in self.applied_for

    @property
    def settled_mutability(self) -> TagMutability:
        """Whether tags may be moved.

        In a cache they move by default: ECR looks for a newer image of a tag once a day, and an
        immutable repository would keep the first one for ever.
        """
        default = TagMutability.mutable() if self.serves_caches else TagMutability.immutable()
        return self.tag_mutability or default

    @property
    def settled_lifecycle(self) -> LifecyclePolicy:
        """Which images go; in a cache none by default, since its untagged images are in use."""
        default = _KEEP_ALL if self.serves_caches else _EXPIRE_UNTAGGED
        return default if self.lifecycle is None else self.lifecycle

    @property
    def needs_role(self) -> bool:
        """Whether ECR has to be lent a role: it tags, and uses KMS keys, with no role of its own.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create.html
        """
        return self.encryption.type != "AES256" or bool(self.tags)

    def repositories_arn(self, registry_arn: str) -> str:
        """Return the ARN pattern of the repositories that the template is for.

        Args:
            registry_arn: ``arn:aws:ecr:REGION:ACCOUNT:repository/``.
        """
        return f"{registry_arn}{namespace_of(self.prefix)}*"

    def role_statements(
        self, registry_arn: str, partition: str, region: str, account: str
    ) -> list[dict[str, Any]]:
        """Return what the role must be allowed.

        AWS documents these actions together, on every resource, without saying which occasion
        needs which (https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html);
        here they are limited to the prefix and to the key.

        Args:
            registry_arn: ``arn:aws:ecr:REGION:ACCOUNT:repository/``.
            partition: The registry's partition.
            region: The registry's Region.
            account: The registry's account.
        """
        statements: list[dict[str, Any]] = [
            {
                "Action": ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
                "Effect": "Allow",
                "Resource": self.repositories_arn(registry_arn),
            }
        ]
        if self.encryption.type != "AES256":
            of_aws = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/ecr"}}
            statements.append(
                {
                    "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
                    "Effect": "Allow",
                    "Resource": self.encryption.key_arn
                    or f"arn:{partition}:kms:{region}:{account}:key/*",
                    **({} if self.encryption.key_arn else {"Condition": of_aws}),
                }
            )
        return statements


def namespace_of(prefix: str) -> str:
    """Return what the names of a prefix's repositories begin with: ``payments/``, or nothing."""
    return "" if prefix == ROOT else f"{prefix.rstrip('/')}/"


def role_errors(role_arn: str, account: str, *, with_path: bool = False) -> Iterator[str]:
    """Yield a sentence for each reason why ECR refuses a role; what is not known yet passes.

    Args:
        role_arn: The role's ARN.
        account: The registry's account.
        with_path: Whether the role's name may have a path. Default: a template's may not.
    """
    if is_unresolved(role_arn):
        return
    role = _ROLE.fullmatch(role_arn)
    if not role:
        yield f"the role {role_arn!r} must be the ARN of a role, 'arn:aws:iam::ACCOUNT:role/NAME'"
        return
    if "/" in role["name"] and not with_path:
        yield f"the role {role_arn!r} has a path, which ECR refuses; use a role without one"
    if not is_unresolved(account) and role["account"] != account:
        yield f"the role {role_arn!r} must be in the registry's account, {account}"


def _occasion_errors(applied_for: Sequence[str]) -> Iterator[str]:
    options = ", ".join(OCCASIONS)
    if not applied_for:
        yield f"applied_for must name at least one of {options}"
    for index, each in enumerate(applied_for):
        if is_unresolved(each):
            continue
        if each not in OCCASIONS:
            yield f"applied_for may hold {options}, not {each!r}"
        elif each in applied_for[:index]:
            yield f"applied_for names {each!r} twice"
