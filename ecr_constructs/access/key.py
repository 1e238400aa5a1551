"""The KMS key of a repository: no image is pulled or pushed without it.

ECR uses the key by a grant that it makes for the repository, so whoever pulls or pushes needs no
permission of its own. A key that is disabled, or a Deny in its policy, is in the way of all.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.access.decision import Decision, Reason
from ecr_constructs.access.policies import is_policy_read
from ecr_constructs.cloudformation.iam_policy import statements_of
from ecr_constructs.cloudformation.resource_types import KEY
from ecr_constructs.model.not_known import NotKnown

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource

_USES = ("kms:Decrypt", "kms:GenerateDataKey")
_MANAGED_BY_AWS = "alias/aws/ecr"


def key_decision(repository: Resource) -> Decision | None:
    """Tell whether the customer key of a repository can be used; None: it has none."""
    name = repository.get("EncryptionConfiguration", "KmsKey")
    if name is None or (isinstance(name, str) and name.endswith(_MANAGED_BY_AWS)):
        return None
    key = repository.assembly.referred_to(name)
    label = f"the key {name}"
    if key is None or key.type != KEY:
        return Decision(None, (_unread(label, str(name), "its state and policy were not read"),))
    return _state_of(key)


def _state_of(key: Resource) -> Decision:
    """Tell whether a key that is read can be used."""
    label = f"the key {key.id}"
    enabled = str(key.get("Enabled") if key.get("Enabled") is not None else True).lower()
    if enabled == "false":
        return Decision(False, (Reason("denies", label, _USES),))  # noqa: FBT003 - of three values
    if enabled != "true":
        return Decision(None, (_unread(label, key.id, "its state is not known"),))
    if not is_policy_read(key.get("KeyPolicy")):
        return Decision(None, (_unread(label, key.id, "its policy is not known"),))
    if any(
        not statement.allows and any(map(statement.may, _USES)) for statement in statements_of(key)
    ):
        return Decision(None, (Reason("may deny", f"the policy of {label}", _USES),))
    return Decision(True, (Reason("allows", label, _USES),))  # noqa: FBT003 - of three values


def _unread(label: str, subject: str, reason: str) -> Reason:
    return Reason(
        "is not read", label, _USES, unread=NotKnown(subject, "DescribeKey", reason, "kms")
    )
