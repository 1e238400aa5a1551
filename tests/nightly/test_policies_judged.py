"""Every policy of the examples, checked by third-party policy linters."""

import runpy
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from cdk_nag import AwsSolutionsChecks

from ecr_constructs.checks import load, report
from tests.support.constructs import ROOT
from tests.support.policy_evaluator import World
from tests.support.policy_judges import (
    actions_of_ecr,
    by_cdk_nag,
    by_cfripper,
    by_parliament,
    unaccepted,
)
from tests.support.policy_templates import Stack
from tests.support.workloads import WORKLOADS

# Those that run images have reasons of their own, in tests/integration/test_workloads.py.
EXAMPLES = [
    path
    for path in sorted((ROOT / "examples").glob("*/app.py"))
    if path.parent.name not in WORKLOADS
]


@dataclass(frozen=True)
class Synthesized:
    """An example, synthesized in this process.

    Attributes:
        outdir: The assembly.
        world: Its policies.
        nag: What cdk-nag finds.
    """

    outdir: Path
    world: World
    nag: list[str]

    @property
    def stacks(self) -> tuple[Stack, ...]:
        """Its stacks."""
        return self.world.stacks


def synthesized(path: Path, outdir: Path) -> Synthesized:
    """Run an example with cdk-nag as a further linter."""
    with pytest.MonkeyPatch.context() as patch:
        original = cdk.App
        patch.setattr(cdk, "App", partial(judged_app, outdir, original))
        # With a finding the synthesis fails, after everything is written.
        with suppress(RuntimeError):
            runpy.run_path(str(path))
    nag = by_cdk_nag(outdir / "validation-report.json")
    return Synthesized(outdir, World.of_assembly(outdir), nag)


def judged_app(outdir: Path, original: type[cdk.App], **more: Any) -> cdk.App:
    """Return an app that cdk-nag looks at."""
    app = original(outdir=str(outdir), analytics_reporting=False, **more)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks())
    return app


@pytest.fixture(scope="module", params=EXAMPLES, ids=lambda path: path.parent.name)
def example(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Synthesized:
    """Return each example."""
    return synthesized(request.param, tmp_path_factory.mktemp("cdk.out"))


def test_the_judges_find_nothing_that_has_no_reason(example: Synthesized) -> None:
    """parliament, cfripper, cdk-nag and our own rules have no other finding."""
    assert example.stacks
    findings = [
        *(finding for stack in example.stacks for finding in by_parliament(stack)),
        *(finding for stack in example.stacks for finding in by_cfripper(stack)),
        *example.nag,
    ]

    assert "" == "\n".join(unaccepted(findings))
    errors = [
        finding
        for finding in report(load([example.outdir])).findings
        if finding.severity == "error"
    ]
    assert [] == errors


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
    *("DeleteLifecyclePolicy", "StartLifecyclePolicyPreview", "GetLifecyclePolicyPreview"),
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
    path = ROOT / "examples" / "roles" / "app.py"
    return synthesized(path, tmp_path_factory.mktemp("cdk.out")).world


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
