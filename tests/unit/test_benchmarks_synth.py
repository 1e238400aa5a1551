"""The ways of writing a repository that are compared define the same one."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from benchmarks import synth
from benchmarks.processes import ROOT, MeasurementError
from benchmarks.settings import differences, settings_of

# In a process of its own: unit tests start no Node.
ALL_WAYS = """
import json, sys
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from benchmarks.settings import settings_of
from benchmarks.synth_app import synthesize
found = {}
for name in sys.argv[1:]:
    with TemporaryDirectory() as outdir:
        synthesize(import_module(f"benchmarks.ways.{name}"), 1, outdir)
        [template] = Path(outdir).glob("*.template.json")
        found[name] = settings_of(json.loads(template.read_text()))
print(json.dumps(found))
"""
ALLOWED = {"Action": ["ecr:PutImage", "ecr:BatchGetImage"], "Effect": "Allow", "Principal": "*"}


def a_template(**properties: Any) -> dict[str, Any]:
    text = '{"rules": [{"rulePriority": 1}]}'
    given: dict[str, Any] = {
        "LifecyclePolicy": {"LifecyclePolicyText": text},
        "RepositoryPolicyText": {"Version": "2012-10-17", "Statement": [ALLOWED]},
        "Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "1"}],
        **properties,
    }
    resource = {
        "Type": "AWS::ECR::Repository",
        "Properties": given,
        "Metadata": {"aws:cdk:path": "S/R"},
        "DeletionPolicy": "Retain",
    }
    return {"Resources": {"R1": resource}}


def test_all_ways_define_the_same_repository() -> None:
    """Ours, both L2s and the L1 come to the same settings, so comparing their cost is fair."""
    output = subprocess.check_output(
        [sys.executable, "-c", ALL_WAYS, *synth.WAYS],
        cwd=ROOT,
        env={**os.environ, "CDK_VALIDATION": "false"},
        text=True,
    )

    found = json.loads(output)
    ours = found["ours"]
    assert [way for way, theirs in found.items() if differences(ours, theirs)] == []
    assert list(found) == list(synth.WAYS)
    assert ours["DeletionPolicy"] == "Retain"
    assert len(ours["Properties"]["LifecyclePolicy"]["rules"]) == 3


def test_spelling_makes_no_difference() -> None:
    """Order of actions, of tags and of JSON keys, and spaces in JSON, say nothing."""
    other = a_template(
        LifecyclePolicy={"LifecyclePolicyText": '{"rules":[{"rulePriority":1}]}'},
        RepositoryPolicyText={
            "Statement": [{**ALLOWED, "Action": ["ecr:BatchGetImage", "ecr:PutImage"]}],
            "Version": "2012-10-17",
        },
        Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}],
    )

    assert differences(settings_of(a_template()), settings_of(other)) == []


def test_a_difference_is_named() -> None:
    """A setting that differs, or that one of them lacks, is told with its path."""
    other = a_template(ImageTagMutability="MUTABLE")

    assert differences(settings_of(a_template()), settings_of(other)) == [
        "/Properties/ImageTagMutability: None here, 'MUTABLE' there"
    ]


def test_different_repositories_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A way that defines something else ends the benchmark."""
    samples = {way: {"settings": {"Type": way.rpartition("_")[2]}} for way in synth.WAYS}
    monkeypatch.setattr(synth, "in_step", lambda _: samples)

    with pytest.raises(MeasurementError, match="/Type: 'ours' here, 'l2' there"):
        synth.warm_up()


def test_the_slope_leaves_fixed_cost_out() -> None:
    """A second at the start costs no repository anything; ours at half of L2's slope is half."""
    costs = {"ours": 1.0, "l2": 2.0, "l2_shared": 1.0, "l1": 0.5}
    metrics = ("construct", "synth", "constructAndSynth", "templateBytes", "peakMemory")
    names = [*metrics, "constructCpu", "synthCpu", "constructAndSynthCpu"]
    rounds: synth.Rounds = [
        {
            (way, size): dict.fromkeys(names, 9 + cost * size)
            for way, cost in costs.items()
            for size in (2, 4)
        }
    ]

    judged = synth.per_repository(rounds, 2, 4).rows[0]
    assert judged.measured == {"ours": 1.0, "L2": 2.0, "L2, shared": 1.0, "L1": 0.5}
    assert (judged.against["L2"].median, judged.met) == (0.5, True)
