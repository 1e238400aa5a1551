"""Grants that would allow nothing: actions that no repository limits, policies of nobody."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from functools import partial
from typing import cast
from weakref import WeakSet

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs.cloudformation.aws_metadata import actions_of
from ecr_constructs.cloudformation.effective_actions import actions_matching
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.repository_policy import REGISTRY_ACTIONS
from ecr_constructs.model.validation import item_errors, raise_if_invalid, reject

_policies: WeakSet[iam.Policy] = WeakSet()


def check_actions(actions: Sequence[str]) -> None:
    """Raise if a grant has no actions, or one that it cannot allow.

    ``grant-without-actions``, ``grant-action-unknown``: ECR has none of this name;
    ``grant-action-of-registry``: it applies to the registry, so that a statement about
    repositories does not allow it.
    """
    if not actions:
        reject(
            "grant",
            "()",
            "grant-without-actions",
            "grant() needs at least one action",
            path="actions",
            remedy="name them, such as 'ecr:DescribeImageScanFindings'",
        )
    errors = item_errors("actions", actions, _action_errors)
    raise_if_invalid("grant", " ".join(map(str, actions)), errors)


def _action_errors(action: str) -> Iterator[Diagnostic]:
    matching = actions_matching(action, "ecr")
    if action != "*" and not action.lower().startswith("ecr:"):
        yield Diagnostic(
            "grant-action-unknown",
            f"{action!r} is not an action of ECR, as 'ecr:BatchGetImage' is",
            remedy=f"{_similar(action)}allow others in the principal's own policy",
        )
    elif not matching:
        yield Diagnostic(
            "grant-action-unknown",
            f"{action!r} is not an action of ECR that this version knows",
            remedy=f"{_similar(action)}if it is newer than this version, "
            "write an iam.PolicyStatement: for a principal of this account in its own policy "
            "(add_to_principal_policy), for others in the policy of the repository "
            "(add_to_resource_policy)",
        )
    elif matching <= REGISTRY_ACTIONS:
        yield Diagnostic(
            "grant-action-of-registry",
            f"{action!r} applies to the registry, so a statement about repositories allows nothing",
            remedy="grant_pull and grant_push allow the login; for the others add a statement with "
            "resources=['*'] to the role's own policy",
        )


def _similar(action: str) -> str:
    """Return the beginning of a remedy: the action that is probably meant."""
    near = get_close_matches(action, [f"ecr:{name}" for name in actions_of("ecr")], 1)
    return f"write {near[0]!r}; " if near else ""


def require_attachment(policy: iam.Policy) -> None:
    """Let the synthesis fail if a policy is attached to nobody by then."""
    if policy not in _policies:
        _policies.add(policy)
        policy.node.add_validation(AtSynthesis(partial(_attachment_errors, policy)))


def _attachment_errors(policy: iam.Policy) -> Iterator[str]:
    """Yield an error if CDK leaves a policy out, with all that was granted to it."""
    resource = cast("cdk.CfnResource", policy.node.default_child)
    if not resource._should_synthesize():  # noqa: SLF001 - CDK says it nowhere else
        error = Diagnostic(
            "policy-not-attached",
            "access was granted to this policy, which is attached to no role, user or group, so "
            "that CDK does not render it",
            policy.node.path,
            "call attach_to_role, or grant to the role itself",
        )
        yield str(error)
