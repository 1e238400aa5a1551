"""Targets of EventBridge rules that need no parameters besides their ARN."""

import re
from collections.abc import Iterator

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.validation import raise_if_invalid

TARGET_ARN = re.compile(
    r"arn:aws[a-z-]*:(?P<service>[a-z]+):(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12}):(?P<name>.+)"
)
ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):role/[\w+=,.@/-]+", re.ASCII)
# EventBridge calls these with a role, and those with a policy of the target.
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html
WITH_ROLE = ("firehose", "kinesis", "states")
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
_WITH_POLICY = ("lambda", "logs", "sns", "sqs")
# A bus of another account or Region needs a role, one of the same does not.
_BUS = "events"
_IN_OTHER_ACCOUNTS = ("kinesis", "lambda", "sns", "sqs")
SERVICES = (*_WITH_POLICY, *WITH_ROLE, _BUS)


def target_errors(arn: str) -> Iterator[Diagnostic]:
    """Yield a problem if an ARN is not that of a target that EventBridge calls without more."""
    target = TARGET_ARN.fullmatch(arn)
    if target is None:
        yield Diagnostic(
            "event-target-format",
            "must be the ARN of a target, 'arn:aws:sqs:REGION:ACCOUNT:NAME'",
        )
    elif target["service"] not in SERVICES:
        yield Diagnostic(
            "event-target-service",
            f"a target of {target['service']} needs parameters besides its ARN, or is not a target",
            remedy=f"write one of {', '.join(SERVICES)}, or define the rule in Python",
        )
    elif target["service"] == "sqs" and arn.endswith(".fifo"):
        yield Diagnostic(
            "event-target-service",
            "a FIFO queue needs a message group besides its ARN",
            remedy="use a standard queue, or define the rule in Python",
        )


def role_arn_errors(arn: str) -> Iterator[Diagnostic]:
    """Yield a problem if a text is not the ARN of a role."""
    if not ROLE_ARN.fullmatch(arn):
        message = "must be the ARN of a role, 'arn:aws:iam::ACCOUNT:role/NAME'"
        yield Diagnostic("role-arn-format", message)


def check_role(target: str, role: str | None) -> None:
    """Reject a target without the role that it needs, or with one that it must not have."""
    raise_if_invalid("event target", target, _role_errors(target, role))


def _role_errors(target: str, role: str | None) -> Iterator[Diagnostic]:
    service = target.split(":")[2]
    if role is None and service in WITH_ROLE:
        yield Diagnostic(
            "event-target-role-missing",
            f"EventBridge calls {service} with a role",
            "role",
            "write the ARN of a role that trusts events.amazonaws.com",
        )
    if role is not None and service == "logs":
        yield Diagnostic(
            "event-target-role-unused",
            "EventBridge delivers to a log group by its resource policy, not with a role",
            "role",
            "leave it out",
        )


def region_errors(target: str, region: str) -> Iterator[Diagnostic]:
    """Yield a problem if a target is in another Region; only event buses may be."""
    place = TARGET_ARN.fullmatch(target)
    if place and place["service"] != _BUS and place["region"] != region:
        yield Diagnostic(
            "event-target-region",
            f"the target must be in the registry's Region, {region}; it is in {place['region']}",
            "target",
            "send to an event bus of the other Region, or write a target of this one",
        )


def account_errors(target: str, role: str | None, account: str) -> Iterator[Diagnostic]:
    """Yield a problem if EventBridge does not reach a target in another account.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
    """
    place = TARGET_ARN.fullmatch(target)
    if place is None or place["account"] == account or place["service"] == _BUS:
        return
    if place["service"] not in _IN_OTHER_ACCOUNTS:
        yield Diagnostic(
            "event-target-account",
            f"EventBridge sends to {place['service']} of its own account only",
            "target",
            "send to an event bus of the other account",
        )
    elif role is None:
        yield Diagnostic(
            "event-target-role-missing",
            "EventBridge sends to another account with a role of its own account",
            "role",
            "write the ARN of a role that trusts events.amazonaws.com",
        )
