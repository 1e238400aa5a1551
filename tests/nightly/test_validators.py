"""Linters of policies read the shipped stacks."""

from pathlib import Path

from tests.support.policy_evaluator import World
from tests.support.policy_judges import by_cfripper, by_parliament, unaccepted
from tests.support.validators import synthesize


def test_parliament_and_cfripper_find_nothing_that_has_no_reason(tmp_path: Path) -> None:
    """Independent linters of policies have no other finding in the shipped stacks."""
    synthesize("app", tmp_path)
    stacks = World.of_assembly(tmp_path).stacks
    findings = [
        finding for stack in stacks for finding in (*by_parliament(stack), *by_cfripper(stack))
    ]

    assert stacks
    assert [] == unaccepted(findings)
