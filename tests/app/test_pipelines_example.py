"""The example of CDK Pipelines deploys the stages of app.py, and waits before production."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import ROOT, of_type
from tests.support.examples import PIPELINES, run_example
from tests.support.validators import linted, validated

ACCOUNTS = {"dev": "111122223333", "staging": "222233334444", "prod": "333344445555"}
FILE = """
account: "{account}"
region: eu-central-1
profile: development
teams: {{ payments: {{ repositories: [payments/api] }} }}
"""
# CDK says twice what a role's users depend on, and joins ARNs of roles.
FALSE_ALARMS = ("W3005", "E3703")


def environments(folder: Path, *names: str) -> Path:
    """Write environment files with one repository each."""
    folder.mkdir()
    for name in names:
        text = FILE.format(account=ACCOUNTS.get(name, "444455556666"))
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the template of the pipeline of three small environments."""
    outdir = tmp_path_factory.mktemp("cdk.out")
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    folder = environments(tmp_path_factory.mktemp("files") / "environments", *ACCOUNTS)
    run_example(PIPELINES, outdir, context={**context, "environments": str(folder)})
    text = (outdir / "Pipeline.template.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def stages(template: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return the actions of each stage, in order."""
    [pipeline] = of_type(template, "AWS::CodePipeline::Pipeline")
    return {
        stage["Name"]: sorted(stage["Actions"], key=lambda action: action["RunOrder"])
        for stage in pipeline["Stages"]
    }


def test_the_environments_are_stages_in_order(template: dict[str, Any]) -> None:
    """Development first, production last."""
    names = [name for name in stages(template) if name in ("Dev", "Staging", "Prod")]
    assert names == ["Dev", "Staging", "Prod"]


def test_production_waits_for_an_approval(template: dict[str, Any]) -> None:
    """It comes before every other action of the stage; no other stage has one."""
    approvals = {
        name: [action["ActionTypeId"]["Category"] == "Approval" for action in actions]
        for name, actions in stages(template).items()
    }
    assert ["Prod"] == [name for name, flags in approvals.items() if any(flags)]
    assert approvals["Prod"][0]
    orders = [action["RunOrder"] for action in stages(template)["Prod"]]
    assert orders[0] < orders[1]


def test_it_checks_what_it_deploys(template: dict[str, Any]) -> None:
    """A finding ends the build before anything is deployed."""
    [build] = [
        json.loads(project["Source"]["BuildSpec"])["phases"]["build"]["commands"]
        for project in of_type(template, "AWS::CodeBuild::Project")
        if "synth" in str(project["Source"]["BuildSpec"])
    ]
    assert [command.split(" ", 1)[0] for command in build] == [
        *("ecr-constructs", "npx", "ecr-constructs")
    ]
    assert "environment check" in build[0]
    assert "check cdk.out" in build[2]


def test_the_validators_find_nothing(template: dict[str, Any]) -> None:
    """Neither cfn-lint nor CloudFormation's own validator."""
    text = json.dumps(template)
    findings = [*linted(text, ["eu-central-1"]), *validated(text, "eu-central-1")]
    assert [] == [finding for finding in findings if not finding.startswith(FALSE_ALARMS)]


def test_no_environment_is_left_out(tmp_path: Path) -> None:
    """An environment without a decision about its approval is an error."""
    folder = environments(tmp_path / "environments", *ACCOUNTS, "live")
    with pytest.raises(SystemExit, match="live"):
        run_example(PIPELINES, tmp_path / "out", context={"environments": str(folder)})
