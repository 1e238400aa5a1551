"""A mixin that adds a lifecycle rule to the policy that is there."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr

from ecr_constructs.constructs._cfn_properties import lifecycle_property, lifecycle_text
from ecr_constructs.constructs.mixins.settings import RepositoryMixin
from ecr_constructs.constructs.repository import Repository
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.tokens import is_unresolved

_TEXT = "lifecyclePolicyText"


class ExpireUntagged(RepositoryMixin):
    """Delete untagged images some days after their push.

    Adds a rule to the lifecycle policy, whose rules are numbered anew in the order they have. A
    policy with a rule for untagged images keeps it as it is: ECR accepts one, and its author knew
    better. A policy that cannot be read, because it is known only at deploy time or is none, is
    left alone, which is a warning.

    Images in a pull through cache are pulled by digest, so they are untagged and in use: leave
    caches out.
    """

    def __init__(self, *, after_days: int) -> None:
        """Say when.

        Args:
            after_days: Days since the push.

        Raises:
            ValueError: Less than one day.
        """
        super().__init__()
        self._rule = LifecycleRule.expire_untagged(after_days=after_days)

    def _change(self, repository: ecr.CfnRepository) -> None:
        # As given: the attribute shows what CDK renders later, an L2's rules, as a struct of
        # nothing.
        given = repository._cfn_properties.get("lifecyclePolicy")  # noqa: SLF001
        if given is None:
            repository.lifecycle_policy = lifecycle_property(
                repository, LifecyclePolicy(self._rule)
            )
        elif isinstance(given, Mapping):
            self._add_now(repository, given)
        else:
            repository.lifecycle_policy = cdk.Lazy.uncached_any(
                _WithRule(repository, given, self._rule)
            )

    def _add_now(self, repository: ecr.CfnRepository, given: Mapping[str, Any]) -> None:
        policy = _with_rule(repository, given, self._rule)
        if policy is None:
            return
        above = repository.node.scope
        if isinstance(above, Repository):
            # It would overwrite a change to its L1 with the next rule that is added to it.
            above.add_lifecycle_rule(self._rule)
            return
        repository.lifecycle_policy = ecr.CfnRepository.LifecyclePolicyProperty(
            lifecycle_policy_text=lifecycle_text(repository, policy),
            registry_id=given.get("registryId"),
        )


@jsii.implements(cdk.IAnyProducer)
class _WithRule:
    """A policy that CDK renders at synthesis, and a rule more."""

    def __init__(
        self, repository: ecr.CfnRepository, given: cdk.IResolvable, rule: LifecycleRule
    ) -> None:
        self._repository = repository
        self._given = given
        self._rule = rule

    def produce(self, context: cdk.IResolveContext) -> Any:
        """Return the policy, as the L1 takes it; CDK calls this several times."""
        given = context.resolve(self._given) or {}
        policy = _with_rule(self._repository, given, self._rule)
        if policy is None:
            return self._given
        return {**given, _TEXT: lifecycle_text(self._repository, policy)}


def _with_rule(
    repository: ecr.CfnRepository, given: Mapping[str, Any], rule: LifecycleRule
) -> LifecyclePolicy | None:
    """Return the policy with one rule more, or None if it is to stay as it is."""
    try:
        rules = _rules(given)
        if any(r.tag_status == "untagged" and r.storage_class is None for r in rules):
            return None
        # Without their priorities: a rule for any image must stay behind the one that is added.
        return LifecyclePolicy(*(replace(each, rule_priority=None) for each in rules), rule)
    except ValueError as error:
        cdk.Annotations.of(repository).add_warning_v2(
            "ecr-constructs:lifecycleUnread",
            f"ExpireUntagged leaves the lifecycle policy as it is. {error}",
        )
        return None


def _rules(given: Mapping[str, Any]) -> Sequence[LifecycleRule]:
    text = given.get(_TEXT)
    if text is None and given.keys() <= {"registryId"}:
        return ()
    if not isinstance(text, str) or is_unresolved(text):
        msg = "It is known only at deploy time: add the rule where the repository is defined"
        raise ValueError(msg)
    return LifecyclePolicy.from_json(text).rules
