"""What every `ecr.Repository` of an app is, unless its own code says otherwise."""

from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.model.lifecycle import LifecycleRule


@jsii.implements(cdk.IPropertyInjector)
class RepositoryDefaults:
    """The defaults of `Repository`, for repositories that somebody else's code defines.

    Give it to an app, a stage or a stack, and every `ecr.Repository` that is defined there has
    immutable tags, is scanned on push, is retained, and loses untagged images after 14 days,
    unless its own code says otherwise: ``cdk.App(property_injectors=[RepositoryDefaults()])``.

    It does not reach `ecr.CfnRepository`, which CDK passes by; the mixins do. A repository that
    states lifecycle rules has only those. One that adds a rule for untagged images later, with
    ``add_lifecycle_rule``, ends up with two, which ECR refuses.
    """

    def __init__(self, *, expire_untagged_after_days: int | None = 14) -> None:
        """Say how long untagged images stay.

        Args:
            expire_untagged_after_days: Days since the push. None keeps them. Default: 14 days.

        Raises:
            ValueError: Less than one day.
        """
        self._defaults: dict[str, object] = {
            "imageTagMutability": ecr.TagMutability.IMMUTABLE,
            "imageScanOnPush": True,
            "removalPolicy": cdk.RemovalPolicy.RETAIN,
        }
        if expire_untagged_after_days is not None:
            LifecycleRule.expire_untagged(after_days=expire_untagged_after_days)
            rule = ecr.LifecycleRule(
                tag_status=ecr.TagStatus.UNTAGGED,
                max_image_age=cdk.Duration.days(expire_untagged_after_days),
            )
            self._defaults["lifecycleRules"] = [rule]

    @property
    def construct_unique_id(self) -> str:
        """What CDK calls `ecr.Repository`."""
        return ecr.Repository.PROPERTY_INJECTION_ID

    def inject(self, original_props: Any, *, id: str, scope: Construct) -> Any:  # noqa: A002, ARG002 - CDK's names
        """Return the properties of a repository with the defaults below them; CDK calls this."""
        return {**self._defaults, **(original_props or {})}
