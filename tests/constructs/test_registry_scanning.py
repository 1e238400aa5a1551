"""Scanning: one configuration of a registry, whoever asks for it."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import Registry
from tests.support.constructs import rejects_value, resources

Ask = Callable[[Registry], None]


def rule(frequency: str, *filters: str) -> dict[str, Any]:
    """Return a rule as it is rendered."""
    return {
        "ScanFrequency": frequency,
        "RepositoryFilters": [{"Filter": item, "FilterType": "WILDCARD"} for item in filters],
    }


ASKED: dict[str, tuple[list[Ask], dict[str, Any]]] = {
    "basic": (
        [lambda r: r.scan_basic(on_push=["*"])],
        {"ScanType": "BASIC", "Rules": [rule("SCAN_ON_PUSH", "*")]},
    ),
    "basic, of nothing by itself": (
        [lambda r: r.scan_basic(on_push=[])],
        {"ScanType": "BASIC", "Rules": []},
    ),
    "basic, by several": (
        [
            lambda r: r.scan_basic(on_push=["store/*", "payments/*"]),
            lambda r: r.scan_basic(on_push=["payments/*", "lab/*"]),
        ],
        {"ScanType": "BASIC", "Rules": [rule("SCAN_ON_PUSH", "lab/*", "payments/*", "store/*")]},
    ),
    "enhanced": (
        [lambda r: r.scan_enhanced(on_push=["lab/*", "lab/*"], continuous=["payments/*"])],
        {
            "ScanType": "ENHANCED",
            "Rules": [rule("SCAN_ON_PUSH", "lab/*"), rule("CONTINUOUS_SCAN", "payments/*")],
        },
    ),
    "enhanced, by several": (
        [
            lambda r: r.scan_enhanced(continuous=["payments/*"]),
            lambda r: r.scan_enhanced(on_push=["lab/*"]),
        ],
        {
            "ScanType": "ENHANCED",
            "Rules": [rule("SCAN_ON_PUSH", "lab/*"), rule("CONTINUOUS_SCAN", "payments/*")],
        },
    ),
}


@pytest.mark.parametrize(("asks", "expected"), ASKED.values(), ids=ASKED)
def test_scans(stack: cdk.Stack, asks: list[Ask], expected: dict[str, Any]) -> None:
    """What is asked for is joined in one configuration."""
    registry = Registry(stack, "Registry")
    for ask in asks:
        ask(registry)

    [scanning] = resources(stack, "AWS::ECR::RegistryScanningConfiguration")
    assert expected == scanning["Properties"]


CONTRADICTIONS: dict[str, tuple[Ask, Ask, str]] = {
    "two scanners": (
        lambda r: r.scan_basic(on_push=["*"]),
        lambda r: r.scan_enhanced(continuous=["payments/*"]),
        "ENHANCED",
    ),
    "two frequencies": (
        lambda r: r.scan_enhanced(on_push=["payments/*"]),
        lambda r: r.scan_enhanced(continuous=["payments/*"]),
        "'payments/*'",
    ),
    "a faulty filter": (
        lambda r: r.scan_basic(on_push=["payments/*"]),
        lambda r: r.scan_basic(on_push=["store/"]),
        "'store/'",
    ),
    "a bare string": (
        lambda r: r.scan_enhanced(on_push=["payments/*"]),
        lambda r: r.scan_enhanced(continuous="store/*"),
        "'store/*'",
    ),
    "101 filters": (
        lambda r: r.scan_basic(on_push=[f"team{n}/*" for n in range(100)]),
        lambda r: r.scan_basic(on_push=["one/more"]),
        "101",
    ),
}


@pytest.mark.parametrize(("first", "second", "value"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_contradictions_are_rejected(stack: cdk.Stack, first: Ask, second: Ask, value: str) -> None:
    """What contradicts an earlier request, or is rejected by ECR, changes nothing."""
    registry = Registry(stack, "Registry")
    first(registry)
    before = resources(stack, "AWS::ECR::RegistryScanningConfiguration")

    with rejects_value(value):
        second(registry)

    assert before == resources(stack, "AWS::ECR::RegistryScanningConfiguration")
