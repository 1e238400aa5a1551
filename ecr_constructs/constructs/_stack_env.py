"""The account, Region, partition and deploying role of the stack of a construct."""

from contextlib import suppress
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from constructs import Construct

from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.tokens import is_unresolved

# Two calls to Node that most constructs of a scope can share.
_regions: WeakKeyDictionary[Construct, str] = WeakKeyDictionary()
_accounts: WeakKeyDictionary[Construct, str] = WeakKeyDictionary()


def region_of(scope: Construct) -> str:
    """Return the Region of a construct's stack, which may be a deploy-time value."""
    if (region := _regions.get(scope)) is None:
        region = _regions[scope] = cdk.Stack.of(scope).region
    return region


def account_of(scope: Construct) -> str:
    """Return the account of a construct's stack, which may be a deploy-time value."""
    if (account := _accounts.get(scope)) is None:
        account = _accounts[scope] = cdk.Stack.of(scope).account
    return account


def partition_in(region: str) -> str:
    """Return the partition of a Region, as a deploy-time value if the Region is one."""
    return cdk.Aws.PARTITION if is_unresolved(region) else partition_of(region)


def deploying_role(scope: Construct) -> str | None:
    """Return the ARN of the role with which CloudFormation deploys a stack, if CDK knows it."""
    stack = cdk.Stack.of(scope)
    # The role that deploys a stack deploys those within it.
    while (parent := stack.nested_stack_parent) is not None:
        stack = parent
    synthesizer = stack.synthesizer
    arn: str | None = None
    # One that several stacks share is bound in Node as a copy, which Python does not see.
    with suppress(RuntimeError):
        arn = getattr(synthesizer, "cloud_formation_execution_role_arn", None)
    if arn is None:
        return None
    region = region_of(scope)
    values = {
        "Partition": partition_in(region),
        "AccountId": account_of(scope),
        "Region": region,
    }
    for name, value in values.items():
        arn = arn.replace(f"${{AWS::{name}}}", value)
    return arn
