"""Repository creation templates: the settings of repositories that ECR itself creates."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.encryption import Encryption
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.names import namespace_errors, namespace_of
from ecr_constructs.model.repository_policy import Access, document, length_errors
from ecr_constructs.model.tags import tag_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import (
    duplicate_errors,
    item_errors,
    located,
    raise_if_invalid,
    require_list,
    text_length_errors,
)

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepositoryCreationTemplate.html
Occasion = Literal["CREATE_ON_PUSH", "PULL_THROUGH_CACHE", "REPLICATION"]
OCCASIONS: tuple[Occasion, ...] = get_args(Occasion)
DESCRIPTION_MAX_LENGTH = 256
# CloudFormation's pattern has no path.
_ROLE = re.compile(r"arn:aws[-a-z0-9]*:iam::(?P<account>[0-9]{12}):role/(?P<name>[\w+=,.@/-]+)")

_KEEP_ALL = LifecyclePolicy()
_EXPIRE_UNTAGGED = LifecyclePolicy(LifecycleRule.expire_untagged(after_days=14))
# The third count type, sinceImagePulled, is safe: an image that is in use has been pulled.
_BY_AGE_OR_NUMBER = ("sinceImagePushed", "imageCountMoreThan")


@dataclass(frozen=True, slots=True, kw_only=True)
class CreationTemplate:
    """The settings of a repository creation template, which ECR accepts and which lose no images.

    The prefix ``payments`` covers all repositories below ``payments/``; ``ROOT`` covers those that
    no other template covers. By default tags are immutable and untagged images expire after 14
    days; in caches tags are mutable and no image expires.
    """

    prefix: str
    applied_for: Sequence[Occasion]
    description: str | None = None
    tag_mutability: TagMutability | None = None
    encryption: Encryption = field(default_factory=Encryption.aes256)
    lifecycle: LifecyclePolicy | None = None
    access: Access = field(default_factory=Access)
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Validate the settings."""
        require_list("applied_for", self.applied_for)
        raise_if_invalid("repository creation template", self.prefix, self._errors())

    def _errors(self) -> Iterator[Diagnostic]:
        if not is_unresolved(self.prefix):
            yield from located("prefix", namespace_errors(self.prefix))
        if not self.applied_for:
            yield Diagnostic(
                "template-occasion-missing",
                f"applied_for must name at least one of {', '.join(OCCASIONS)}",
                "applied_for",
            )
        yield from item_errors("applied_for", self.applied_for, _occasion_errors)
        yield from duplicate_errors("template-occasion-duplicate", "applied_for", self.applied_for)
        if self.description is not None and not is_unresolved(self.description):
            length = text_length_errors(
                "template-description-length",
                "the description",
                self.description,
                DESCRIPTION_MAX_LENGTH,
            )
            yield from located("description", length)
        yield from tag_errors(self.tags)
        yield from length_errors(document(self.access.statements("aws")))
        if self.serves_caches:
            yield from self._cache_errors()

    def _cache_errors(self) -> Iterator[Diagnostic]:
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html
        for rule in self.lifecycle.rules if self.lifecycle else ():
            if rule.tag_status == "untagged" and rule.count_type in _BY_AGE_OR_NUMBER:
                yield Diagnostic(
                    "template-cache-lifecycle",
                    "a pull through cache keeps images that were pulled by digest "
                    f"untagged, in use or not, and rule {rule.rule_priority} removes untagged "
                    "images, which ECR does not import again by digest",
                    "lifecycle",
                    "write LifecycleRule.archive(not_pulled_for_days=90) and "
                    "LifecycleRule.expire_archived(after_days=365), or keep all: LifecyclePolicy()",
                )
        if len(self.applied_for) > 1 and self.tag_mutability is None:
            yield Diagnostic(
                "template-mutability-missing",
                "a pull through cache needs mutable tags to follow its upstream, and "
                "pushed or replicated images should have immutable ones",
                "tag_mutability",
                "set tag_mutability where one prefix is for both",
            )

    @property
    def serves_caches(self) -> bool:
        """Whether ECR creates repositories of pull through caches with it."""
        return "PULL_THROUGH_CACHE" in self.applied_for

    @property
    def effective_mutability(self) -> TagMutability:
        """Whether tags may be moved.

        In a cache they may by default: ECR looks for a newer image of a tag once a day, and an
        immutable repository would keep the first one permanently.
        """
        default = TagMutability.mutable() if self.serves_caches else TagMutability.immutable()
        return self.tag_mutability or default

    @property
    def effective_lifecycle(self) -> LifecyclePolicy:
        """Which images expire; in a cache none by default, since its untagged images are in use."""
        default = _KEEP_ALL if self.serves_caches else _EXPIRE_UNTAGGED
        return default if self.lifecycle is None else self.lifecycle

    @property
    def needs_role(self) -> bool:
        """Whether ECR needs a role of yours, which it assumes to tag and to use KMS keys.

        https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-create.html
        """
        return self.encryption.type != "AES256" or bool(self.tags)

    def repositories_arn(self, registry_arn: str) -> str:
        """Return the ARN pattern of the repositories that the template applies to."""
        return f"{registry_arn}{namespace_of(self.prefix)}*"

    def role_statements(
        self, registry_arn: str, partition: str, region: str, account: str
    ) -> list[dict[str, Any]]:
        """Return the policy statements that the role needs.

        AWS documents these actions together, on every resource, and not which occasion needs which
        (https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-creation-templates-custom.html);
        here they are limited to the prefix and to the key.
        """
        statements: list[dict[str, Any]] = [
            {
                "Action": ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"],
                "Effect": "Allow",
                "Resource": self.repositories_arn(registry_arn),
            }
        ]
        if self.encryption.type != "AES256":
            aws_key = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/aws/ecr"}}
            statements.append(
                {
                    "Action": ["kms:CreateGrant", "kms:DescribeKey", "kms:RetireGrant"],
                    "Effect": "Allow",
                    "Resource": self.encryption.key_arn
                    or f"arn:{partition}:kms:{region}:{account}:key/*",
                    **({} if self.encryption.key_arn else {"Condition": aws_key}),
                }
            )
        return statements


def role_errors(role_arn: str, account: str, *, with_path: bool = False) -> Iterator[Diagnostic]:
    """Yield each reason why ECR rejects a role of this account; deploy-time values pass."""
    if is_unresolved(role_arn):
        return
    subject = f"the role {role_arn!r}"
    role = _ROLE.fullmatch(role_arn)
    if not role:
        yield Diagnostic(
            "role-arn-format",
            f"{subject} must be the ARN of a role, 'arn:aws:iam::ACCOUNT:role/NAME'",
        )
        return
    if "/" in role["name"] and not with_path:
        yield Diagnostic(
            "role-arn-path",
            f"{subject} has a path, which ECR rejects",
            remedy="use a role without one",
        )
    if not is_unresolved(account) and role["account"] != account:
        yield Diagnostic(
            "role-arn-account", f"{subject} must be in the registry's account, {account}"
        )


def _occasion_errors(occasion: str) -> Iterator[Diagnostic]:
    if occasion not in OCCASIONS:
        message = f"applied_for may hold {', '.join(OCCASIONS)}, not {occasion!r}"
        yield Diagnostic("template-occasion-unknown", message)
