"""Values of other types whose meaning is not plain are rejected, and name the keyword."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

import ecr_constructs as ours
from tests.support.constructs import ACCOUNT, children, signing_profile
from tests.support.errors import rejects


class Alien:
    """A value that no keyword takes."""


REJECTED: dict[str, tuple[Callable[[cdk.Stack], Any], str]] = {
    "exceptions without filters": (
        lambda stack: ours.Repository(
            stack,
            "R",
            tag_mutability=ecr.TagMutability.IMMUTABLE_WITH_EXCLUSION,  # type: ignore[arg-type]
        ),
        "tag_mutability: wrong-type",
    ),
    "a policy as text": (
        lambda stack: ours.Repository(stack, "R", lifecycle='{"rules": []}'),  # type: ignore[arg-type]
        "lifecycle: wrong-type",
    ),
    "two rules for any image": (
        lambda stack: ours.Repository(
            stack,
            "R",
            lifecycle=[ours.LifecycleRule.keep_last(1)] * 2,  # type: ignore[arg-type]
        ),
        "lifecycle.rules[0].rulePriority: rule-priority-order",
    ),
    "an upstream by name": (
        lambda stack: ours.PullThroughCache(stack, "R", upstream="docker-hub"),  # type: ignore[arg-type]
        "upstream: wrong-type",
    ),
    "a statement as a mapping": (
        lambda stack: ours.Repository(
            stack,
            "R",
            policy_statements=[{"Effect": "Allow"}],  # type: ignore[list-item]
        ),
        "policy_statements[0]: wrong-type",
    ),
    "a string of letters": (
        lambda stack: ours.RegistryEndpoints(
            stack,
            "R",
            vpc=ec2.Vpc.from_lookup(stack, "Vpc", vpc_id="vpc-1"),
            prefixes="payments/",
        ),
        "prefixes: list-is-string",
    ),
    "an account as a number": (
        lambda stack: ours.Repository(stack, "R", pull_accounts=[11122223333]),  # type: ignore[list-item]
        "pull_accounts[0]: account-id-is-number",
    ),
    "a tag as a number": (
        lambda stack: ours.Repository(stack, "R", tags={"n": 1}),  # type: ignore[dict-item]
        "tags['n']: tag-value-type",
    ),
    "the class of a role": (
        lambda stack: ours.Repository(stack, "Other").grant_pull(iam.Role),  # type: ignore[arg-type]
        "grantee: wrong-type",
    ),
    "a class of this library": (
        lambda stack: ours.Repository(stack, "R", encryption=ours.Encryption),  # type: ignore[arg-type]
        "encryption: wrong-type",
    ),
    "a member of another enumeration": (
        lambda stack: ours.Repository(stack, "R", removal_policy="destroy"),  # type: ignore[arg-type]
        "removal_policy: wrong-type",
    ),
    "a reference that is not a string": (
        lambda stack: ours.Repository(stack, "R", repository_name=cdk.Fn.get_att("A", "B")),  # type: ignore[arg-type]
        "repository_name: wrong-type",
    ),
    "a rule that is not one": (
        lambda _: ours.LifecyclePolicy(None),  # type: ignore[arg-type]
        "rules[0]: wrong-type",
    ),
    "statements as a string": (
        lambda stack: ours.Repository(stack, "R", policy_statements="{}"),  # type: ignore[arg-type]
        "policy_statements: wrong-type",
    ),
    "both names of the id": (
        lambda stack: ours.Repository(stack, id="R", construct_id="S"),  # type: ignore[call-arg]
        "construct_id: keyword-given-twice",
    ),
    "days of the defaults": (
        lambda _: ours.RepositoryDefaults(expire_untagged_after_days="14"),  # type: ignore[arg-type]
        "expire_untagged_after_days: wrong-type",
    ),
    "a tag without a value": (
        lambda stack: ours.Repository(stack, "R", tags={"n": None}),  # type: ignore[dict-item]
        "tags['n']: tag-value-type",
    ),
    "hours": (
        lambda _: ours.ExpireUntagged(after_days=cdk.Duration.hours(5)),
        "after_days: duration-not-days",
    ),
    "an app as a scope": (
        lambda stack: ours.Repository(cdk.App.of(stack), "R"),  # type: ignore[arg-type]
        "scope: scope-without-stack",
    ),
    "a construct above stacks": (
        lambda stack: ours.Registry(Construct(cdk.App.of(stack), "Above"), "R"),  # type: ignore[arg-type]
        "scope: scope-without-stack",
    ),
    "a topic's ARN": (
        lambda stack: ours.ScanAlerts(stack, "R", topic="arn:aws:sns:eu-west-1:1:t"),  # type: ignore[arg-type]
        "topic: wrong-type",
    ),
    "an object within a rule": (
        lambda _: ours.LifecycleRule(
            tag_status="tagged",
            count_type="imageCountMoreThan",
            count_number=1,
            tag_pattern_list=[Alien()],  # type: ignore[list-item]
        ),
        "tag_pattern_list: wrong-type",
    ),
}


@pytest.mark.parametrize(("make", "problem"), REJECTED.values(), ids=REJECTED)
def test_other_values_are_rejected(
    stack: cdk.Stack, make: Callable[[cdk.Stack], Any], problem: str
) -> None:
    """A value whose meaning is not plain names the keyword, and nothing is created."""
    with rejects(problem):
        make(stack)

    assert "R" not in children(stack)


def test_every_wrong_argument_is_named_at_once(stack: cdk.Stack) -> None:
    """Also those that are given by position."""
    wrong: Any = 5
    with rejects("id: wrong-type", "scan_on_push: wrong-type", "tags: wrong-type") as problems:
        ours.Repository(stack, wrong, scan_on_push="no", tags=["a"])  # type: ignore[arg-type]

    assert "must be True or False, got 'no'" == problems[1].message


def test_unknown_keywords_are_pythons_own_error(stack: cdk.Stack) -> None:
    with pytest.raises(TypeError, match="image_scan_on_push"):
        ours.Repository(stack, "R", image_scan_on_push=True)  # type: ignore[call-arg]


PROFILE = signing_profile("release")
PROFILES = {
    "a dash in the name": (f"{PROFILE}-v2", "profile_arn: signing-profile-format"),
    "a name of one letter": (f"{PROFILE[:-7]}r", "profile_arn: signing-profile-format"),
    "another Region": (PROFILE.replace("central", "west"), "profile_arn: signing-profile-region"),
    "another partition": (PROFILE.replace("arn:aws:", "arn:aws-cn:"), "arn-partition"),
    "another service": (PROFILE.replace("signer", "kms"), "profile_arn: signing-profile-format"),
}


@pytest.mark.parametrize(("arn", "problem"), PROFILES.values(), ids=PROFILES)
def test_profiles_that_cannot_sign(stack: cdk.Stack, arn: str, problem: str) -> None:
    registry = ours.Registry(stack, "Registry")

    with rejects(problem) as problems:
        registry.sign(arn)

    assert ("-v2" in arn) == ("release-v2" in problems[0].message)
    assert () == registry.signing_rules


# --- what is no repository -----------------------------------------------------------------------

ARN = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/shop/web"
ARNS = {
    "another service": (ARN.replace(":ecr:", ":sqs:"), "repository_arn: repository-arn-format"),
    "without Region": (ARN.replace("eu-central-1", ""), "repository_arn: repository-arn-format"),
    "a short account": (ARN.replace(ACCOUNT, "1111"), "repository_arn: repository-arn-format"),
    "without a name": (ARN.replace("shop/web", ""), "repository_arn: repository-arn-format"),
    "a colon": (
        ARN.replace(":repository/", ":repository:"),
        "repository_arn: repository-arn-format",
    ),
    "a name": ("shop/web", "repository_arn: repository-arn-format"),
    "a Region of another partition": (
        ARN.replace("arn:aws:", "arn:aws-cn:"),
        "repository_arn: repository-arn-partition",
    ),
    "a public repository": (
        f"arn:aws:ecr-public::{ACCOUNT}:repository/web",
        "repository_arn: repository-arn-format",
    ),
    "capitals": (
        ARN.upper().replace("ARN:AWS:ECR", "arn:aws:ecr"),
        "repository_arn: repository-arn-format",
    ),
    "capitals in the name": (
        ARN.replace("shop", "Shop"),
        "repository_arn: repository-name-characters",
    ),
    "a tag": (f"{ARN}:1.0", "repository_arn: repository-name-characters"),
}


@pytest.mark.parametrize(("arn", "problem"), ARNS.values(), ids=ARNS)
def test_only_the_arn_of_a_repository_is_imported(stack: cdk.Stack, arn: str, problem: str) -> None:
    with rejects(problem):
        ours.Repository.from_repository_arn(stack, "R", arn)
    with rejects(problem):
        ours.Repository.from_repository_attributes(
            stack, "R", repository_arn=arn, repository_name="shop/web"
        )
    with rejects(problem):
        ours.Repository.from_lookup(stack, "R", repository_arn=arn)

    assert [] == children(stack)


NOT_NAMES = {
    "an ARN": (ARN, "repository-name-is-arn"),
    "another ARN": ("arn:aws:sqs:eu-west-1:1:x", "repository-name-is-arn"),
}


@pytest.mark.parametrize(("name", "problem"), NOT_NAMES.values(), ids=NOT_NAMES)
def test_an_arn_is_no_name(stack: cdk.Stack, name: str, problem: str) -> None:
    with rejects(problem) as problems:
        ours.Repository.from_repository_name(stack, "R", name)
    with rejects(problem):
        ours.Repository.from_lookup(stack, "R", repository_name=name)
    with rejects(problem):
        ours.Repository(stack, "R", repository_name=name)

    assert ("'shop/web'" in problems[0].remedy) == (name == ARN)


def test_the_arn_and_the_name_are_of_one_repository(stack: cdk.Stack) -> None:
    with rejects("repository_arn: repository-arn-name"):
        ours.Repository.from_repository_attributes(
            stack, "R", repository_arn=ARN, repository_name="shop/api"
        )

    name = cdk.CfnParameter(stack, "Name").value_as_string
    imported = ours.Repository.from_repository_attributes(
        stack, "R", repository_arn=ARN, repository_name=name
    )
    assert ARN == imported.repository_arn


def test_a_lookup_needs_a_repository(stack: cdk.Stack) -> None:
    with rejects("repository_name: lookup-without-repository"):
        ours.Repository.from_lookup(stack, "R")
