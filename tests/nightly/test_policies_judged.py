"""Every policy of the examples, checked by third-party policy linters."""

from contextlib import suppress
from pathlib import Path

import pytest
from cdk_nag import AwsSolutionsChecks

from ecr_constructs.checks import load, report
from tests.support.constructs import ROOT
from tests.support.examples import EXAMPLES, PIPELINES, run_example
from tests.support.policy_evaluator import World
from tests.support.policy_judges import (
    actions_of_ecr,
    by_cdk_nag,
    by_cfripper,
    by_parliament,
    unaccepted,
)
from tests.support.workloads import WORKLOADS


def synthesized(name: str, outdir: Path) -> World:
    """Synthesize an example with cdk-nag as a further linter, and return its policies."""
    # With a finding the synthesis fails, after everything is written.
    with suppress(RuntimeError):
        run_example(name, outdir, AwsSolutionsChecks())
    return World.of_assembly(outdir)


# What CloudFormation may do for CI is compared with its handlers: tests/app/test_company.py.
NOT_JUDGED = (*WORKLOADS, PIPELINES, "deploy_role")


# Those that run images have reasons of their own, in tests/integration/test_workloads.py.
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in NOT_JUDGED])
def test_the_judges_find_nothing_that_has_no_reason(name: str, tmp_path: Path) -> None:
    """parliament, cfripper, cdk-nag and our own rules have no other finding."""
    stacks = synthesized(name, tmp_path).stacks
    assert stacks
    findings = [
        *(finding for stack in stacks for finding in by_parliament(stack)),
        *(finding for stack in stacks for finding in by_cfripper(stack)),
        *by_cdk_nag(tmp_path / "validation-report.json"),
    ]

    assert "" == "\n".join(unaccepted(findings))
    severities = {finding.severity for finding in report(load([tmp_path])).findings}
    assert "error" not in severities


ROLES = {
    "ReadOnly": "Sees which images there are and what scans found, everywhere.",
    "Developer": "Sees and pulls every image, and pushes below sandbox/.",
    "Ci": "Pushes and pulls the images of repositories tagged team=payments.",
    "BreakGlass": "With MFA, sees and deletes images and manages lifecycle policies, everywhere.",
}
SEE = {"DescribeImages", "DescribeRepositories", "ListImages"}
PULL = {"BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer"}
PUSH = {
    *("BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload"),
    *("InitiateLayerUpload", "PutImage", "UploadLayerPart"),
}
LIFECYCLE = {"BatchDeleteImage", "PutLifecyclePolicy", "GetLifecyclePolicy"} | {
    *("DeleteLifecyclePolicy", "StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview")
}
# What each role may do with a repository of the team, and with one in the sandbox.
MAY: dict[str, tuple[set[str], set[str]]] = {
    "ReadOnly": (SEE | {"DescribeImageScanFindings"}, SEE | {"DescribeImageScanFindings"}),
    "Developer": (SEE | PULL, SEE | PULL | PUSH),
    "Ci": (PULL | PUSH, set()),
    "BreakGlass": (SEE | LIFECYCLE, SEE | LIFECYCLE),
}


@pytest.fixture(scope="module")
def roles(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return what examples/roles synthesizes."""
    return synthesized("roles", tmp_path_factory.mktemp("cdk.out"))


@pytest.mark.parametrize("name", ROLES)
def test_a_role_does_what_its_sentence_says(roles: World, name: str) -> None:
    """Of every action that ECR has, it may do those and no others."""
    who = roles.role(name)
    expected = dict(zip(("payments/ledger", "sandbox/try"), MAY[name], strict=True))
    logs_in = {"GetAuthorizationToken"} if name in ("Developer", "Ci") else set()

    def may(repository: str, **place: str) -> set[str]:
        return {
            action
            for action in actions_of_ecr()
            if roles.can(who, f"ecr:{action}", repository, **place)
        }

    assert expected == {name: may(name) - {"GetAuthorizationToken"} for name in expected}
    assert logs_in == may("*")
    assert set() == may("payments/ledger", account="444455556666", region="eu-central-1")


@pytest.mark.parametrize("sentence", ROLES.values(), ids=ROLES)
def test_the_sentence_stands_where_people_look(roles: World, sentence: str) -> None:
    """In the role's description, and in the guide."""
    [stack] = roles.stacks
    descriptions = {
        role["Properties"]["Description"] for _, role in stack.of_type("AWS::IAM::Role")
    }

    assert sentence in descriptions
    assert f"| {sentence} |" in (ROOT / "docs" / "guides" / "access.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("mfa", "expected"), [("true", True), ("false", False)])
def test_breaking_the_glass_takes_mfa(roles: World, mfa: str, *, expected: bool) -> None:
    """No user assumes the role without it; signed-in users assume the others."""
    person = {"AWS": "arn:aws:iam::111122223333:root"}
    context = {"aws:MultiFactorAuthPresent": mfa}

    assert expected == roles.may_assume(
        roles.role("BreakGlass"), person, "sts:AssumeRole", **context
    )
    assert roles.may_assume(roles.role("ReadOnly"), person, "sts:AssumeRole", **context)
    assert not roles.may_assume(roles.role("Ci"), person, "sts:AssumeRole", **context)
