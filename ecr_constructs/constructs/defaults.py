"""Default properties for every `ecr.Repository` of an app."""

from typing import Annotated, Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.constructs._arguments import checked
from ecr_constructs.model.arguments import NONE_IS_A_VALUE, Days
from ecr_constructs.model.lifecycle import LifecycleRule

# None is not the default here: it means that nothing expires.
_Days = Annotated[Days | None, NONE_IS_A_VALUE]


@checked
@jsii.implements(cdk.IPropertyInjector)
class RepositoryDefaults:
    """The defaults of `Repository`, for repositories that other code defines.

    In an app, a stage or a stack that has it, every `ecr.Repository` has immutable tags, is
    scanned on push, is retained, and expires untagged images after 14 days, unless its own code
    sets these properties.

    It does not apply to `ecr.CfnRepository`, for which CDK calls no injectors; use the mixins. A
    repository with lifecycle rules of its own has only those. A repository that adds a rule for
    untagged images later, with ``add_lifecycle_rule``, has two, which ECR rejects.

    Example::

        cdk.App(property_injectors=[RepositoryDefaults()])
    """

    def __init__(self, *, expire_untagged_after_days: _Days = 14) -> None:
        """Set the defaults.

        Args:
            expire_untagged_after_days: Days since the push, or a ``cdk.Duration``. None keeps
                them. Default: 14 days.

        Raises:
            ValidationError: Less than one day.
        """
        self._defaults: dict[str, object] = {
            "imageTagMutability": ecr.TagMutability.IMMUTABLE,
            "imageScanOnPush": True,
            "removalPolicy": cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        }
        if expire_untagged_after_days is not None:
            days = LifecycleRule.expire_untagged(after_days=expire_untagged_after_days).count_number
            rule = ecr.LifecycleRule(
                tag_status=ecr.TagStatus.UNTAGGED,
                max_image_age=cdk.Duration.days(days),
            )
            self._defaults["lifecycleRules"] = [rule]

    @property
    def construct_unique_id(self) -> str:
        """The id with which CDK selects `ecr.Repository`."""
        return ecr.Repository.PROPERTY_INJECTION_ID

    def inject(self, original_props: Any, *, id: str, scope: Construct) -> Any:  # noqa: ARG002 - CDK's names
        """Return the properties of a repository, completed with the defaults; CDK calls this."""
        return {**self._defaults, **(original_props or {})}
