"""``ecr-constructs check``, of templates and of lifecycle policies: findings and exit status."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ecr_constructs.checks import RULES
from tests.cli.conftest import ARCHIVE, AT, KEEP_ONE, ROOT, UNTAGGED, Result, Run, write
from tests.support.rule_examples.build import creation_template, policy_text, repository, rule
from tests.support.rule_examples.statements import open_to

MOVING = repository(ImageTagMutability="MUTABLE")
SUPPRESS = {"ecr-constructs": {"suppress": [{"rule": "ECR012", "reason": "A cache: 100%, so"}]}}
FAULTY = {"Resources": {"Api": open_to("ecr:BatchGetImage", Principal="*")["Api"], "Web": MOVING}}
SNAPSHOTS = ROOT / "tests/app/__snapshots__/test_snapshots"


def suppressed(name: str = "t.json") -> str:
    """Write a template with a suppressed finding."""
    return write(name, {"Resources": {"Web": {**MOVING, "Metadata": SUPPRESS}}})


STATUSES = {
    "an error": (FAULTY, "error", 1),
    "a warning": ({"Resources": {"Web": MOVING}}, "error", 0),
    "a warning that counts": ({"Resources": {"Web": MOVING}}, "warning", 1),
    "a warning above a note": ({"Resources": {"Web": MOVING}}, "note", 1),
    "nothing": ({"Resources": {"Api": repository()}}, "warning", 0),
}


@pytest.mark.parametrize(("body", "fail_on", "status"), STATUSES.values(), ids=STATUSES)
def test_the_exit_status(run: Run, body: Any, fail_on: str, status: int) -> None:
    """1 if something is as severe as asked, else 0."""
    assert status == run("check", write("t.json", body), "--fail-on", fail_on).status


def test_the_list_has_every_rule(run: Run) -> None:
    """Each rule has a line."""
    result = run("check", "--list")
    assert (0, [*RULES]) == (result.status, [line.split()[0] for line in result.out.splitlines()])


@pytest.mark.parametrize("rule_id", RULES)
def test_every_rule_is_explained(run: Run, rule_id: str) -> None:
    """An explanation says why, what to do and where it comes from."""
    result = run("check", "--explain", rule_id.lower())
    assert (0, True) == (result.status, result.out.startswith(f"{rule_id} ("))
    assert f"Source: {RULES[rule_id].source}" in result.out
    assert "Instead: " in result.out


# --- SARIF --------------------------------------------------------------------------------------

# Of the schema that OASIS publishes, all that it says of the objects that are written.
SARIF = json.loads(
    (ROOT / "tests/support/data/sarif-2.1.0-part.schema.json").read_text(encoding="utf-8")
)


def test_sarif(run: Run) -> None:
    """SARIF has the shape of the standard, every rule, and suppressions with their reason."""
    files = (write("t.json", FAULTY), suppressed("./a cache.json"))
    log = run("check", *files, "--format", "sarif").json

    jsonschema.Draft7Validator.check_schema(SARIF)
    jsonschema.validate(log, SARIF, jsonschema.Draft7Validator)
    [sarif_run] = log["runs"]
    rules = sarif_run["tool"]["driver"]["rules"]
    assert [*RULES] == [described["id"] for described in rules]
    for result in sarif_run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    *findings, cache = sarif_run["results"]
    places = [item["locations"][0]["physicalLocation"] for item in (*findings, cache)]
    assert [("ECR206", 21), ("ECR012", 32)] == [
        (item["ruleId"], place["region"]["startLine"])
        for item, place in zip(findings, places, strict=False)
    ]
    assert "A cache: 100%, so" == cache["suppressions"][0]["justification"]
    assert "a%20cache.json" == places[-1]["artifactLocation"]["uri"]


def test_sarif_of_an_absolute_path_in_a_checkout(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An absolute path becomes a file URI; what nobody installed, as in CI, has no version."""
    write("t.json", FAULTY)
    monkeypatch.setattr(sys, "path", [])
    [sarif_run] = run("check", str(folder / "t.json"), "--format", "sarif").json["runs"]

    location = sarif_run["results"][0]["locations"][0]["physicalLocation"]
    assert (folder / "t.json").as_uri() == location["artifactLocation"]["uri"]
    assert "version" not in sarif_run["tool"]["driver"]


LOADED = """
import sys
import ecr_constructs.checks
heavy = {"aws_cdk", "boto3", "cfnlint", "jsii", "pydantic", "yaml"}
print(sorted(heavy & set(sys.modules)))
"""


def test_importing_the_checks_is_light() -> None:
    """Neither CDK nor cfn-lint is loaded, nor PyYAML before it is needed."""
    assert "[]\n" == subprocess.check_output([sys.executable, "-c", LOADED], text=True, cwd=ROOT)


# --- lifecycle policies -------------------------------------------------------------------------

LATE = [("LC008", "note", 3)]
CACHED = [("LC006", "warning", 2)]
AGED, DELETED = rule(1, days=30, tagStatus="any"), [("LC007", "warning", 1)]
WITH_IMAGES = ["--images", "images.json", *AT]
TAGGED: dict[str, Any] = {"tagStatus": "tagged", "images": 1}
UNMATCHED = [rule(1, tagPatternList=["rel-*"], **TAGGED), rule(2, tagPatternList=["*"], **TAGGED)]
# A file, options, findings, and the status.
POLICIES: dict[str, tuple[Any, list[str], list[Any], int]] = {
    "a note": ({"rules": [ARCHIVE]}, [], LATE, 0),
    "a warning": ({"rules": [AGED]}, [], DELETED, 0),
    "note": ({"rules": [ARCHIVE]}, ["--fail-on", "note"], LATE, 1),
    "info": ({"rules": [ARCHIVE]}, ["--fail-on", "info"], LATE, 1),
    "warning": ({"rules": [AGED]}, ["--fail-on", "warning"], DELETED, 1),
    "error": ({"rules": [AGED]}, ["--fail-on", "error"], DELETED, 0),
    "a cache": ({"rules": [UNTAGGED]}, ["--pull-through-cache"], CACHED, 0),
    "images": (
        {"rules": UNMATCHED},
        WITH_IMAGES,
        [("LC004", "error", 1), ("LC014", "note", None)],
        1,
    ),
    "the AWS CLI": ({"lifecyclePolicyText": policy_text(UNTAGGED)}, [], [], 0),
    "not a policy": ({"rules": [{"rulePriority": 4}]}, [], [("LC000", "error", 4)] * 2, 1),
}


def listed(result: Result) -> list[tuple[str, str, int]]:
    findings = result.json["findings"]
    return [(item["id"], item["severity"], item["rulePriority"]) for item in findings]


@pytest.mark.parametrize("command", [["check"], ["lifecycle", "check", "--policy"]], ids=" ".join)
@pytest.mark.parametrize("name", POLICIES)
def test_a_policy(run: Run, command: list[str], name: str) -> None:
    """Both commands find the same; each finding has four keys."""
    content, options, expected, status = POLICIES[name]
    result = run(*command, write("p.json", content), *options, "--format", "json")

    assert (status, "") == (result.status, result.err)
    assert ("LC000" not in str(expected)) == result.json["valid"]
    assert expected == listed(result)
    for finding in result.json["findings"]:
        assert {"id", "severity", "message", "rulePriority"} == set(finding)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "gitlab"])
@pytest.mark.parametrize("content", [{"rules": [ARCHIVE]}, {"rules": [KEEP_ONE, 7]}], ids=str)
def test_lifecycle_check_is_an_alias(run: Run, form: str, content: Any) -> None:
    """It prints the same in every format, and writes the same files."""
    write("p.json", content)
    outputs = [
        run(*command, "p.json", "--format", form, "--output", f"json={number}.json")
        for number, command in enumerate((["check"], ["lifecycle", "check", "--policy"]))
    ]

    assert outputs[0] == outputs[1]
    assert Path("0.json").read_text("utf-8") == Path("1.json").read_text("utf-8")


def test_a_policy_for_code_hosts(run: Run) -> None:
    """GitHub marks the file; GitLab recognizes a finding that it has seen."""
    write("p.json", {"rules": [ARCHIVE]})

    github = run("check", "p.json", "--format", "github").out
    assert github.startswith("::notice file=p.json,title=LC008::")
    [issue] = run("check", "p.json", "--format", "gitlab").json
    assert {"check_name": "LC008", "severity": "info"}.items() <= issue.items()
    assert "p.json" == issue["location"]["path"]


def test_a_policy_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``-``."""
    piped = io.TextIOWrapper(io.BytesIO(policy_text(ARCHIVE).encode()))
    monkeypatch.setattr(sys, "stdin", piped)

    assert ["LC008"] == [
        finding["id"] for finding in run("check", "-", "--format", "json").json["findings"]
    ]


def test_a_template_with_rules_is_a_template(run: Run) -> None:
    """CloudFormation has a section of that name."""
    write("t.json", {"Rules": {}, "rules": [], "Resources": {"Web": MOVING}})

    assert ["ECR012"] == [
        finding["rule"] for finding in run("check", "t.json", "--format", "json").json["findings"]
    ]


# --- policies in templates ----------------------------------------------------------------------

CACHE = {
    "Type": "AWS::ECR::PullThroughCacheRule",
    "Properties": {"EcrRepositoryPrefix": "hub", "UpstreamRegistryUrl": "public.ecr.aws"},
}
RAW = policy_text(UNTAGGED)
NOTHING: tuple[set[str], set[str]] = (set(), set())


def policy_template(name: str, text: Any, **resources: Any) -> dict[str, Any]:
    """Return a template of a repository with a policy, and a cache."""
    policy = {"LifecyclePolicyText": text}
    api = repository(RepositoryName=name, LifecyclePolicy=policy)
    return {"Resources": {"Api": api, "Cache": CACHE, **resources}}


SCANNER = {"Type": "AWS::ECR::PullTimeUpdateExclusion"}
# The repository's name, its policy, and the findings of `check` and `lifecycle check`.
IN_TEMPLATES = {
    "below a cache": ("hub/api", RAW, ({"ECR114"}, {"LC006"})),
    "a cache's prefix": ("hub", RAW, NOTHING),
    "pulls": ("api", policy_text(ARCHIVE), ({"ECR116"}, {"LC008"})),
    "as long as may be": ("api", RAW + " " * (30_720 - len(RAW)), NOTHING),
    "too long": ("api", RAW + " " * (30_721 - len(RAW)), ({"ECR101"}, {"LC000"})),
    "not JSON": ("api", "rules:", ({"ECR101"}, {"LC000"})),
    "a function": ("api", {"Fn::Join": ["", [RAW[:9], RAW[9:]]]}, NOTHING),
}


@pytest.mark.parametrize(("name", "text", "expected"), IN_TEMPLATES.values(), ids=IN_TEMPLATES)
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_both_commands_agree(run: Run, name: str, text: Any, expected: Any, suffix: str) -> None:
    """`check` and `lifecycle check --template` have the same opinion, on JSON and YAML."""
    body = policy_template(name, text)
    resources = (f"  {key}: {json.dumps(value)}" for key, value in body["Resources"].items())
    file = write(f"t.{suffix}", body if suffix == "json" else "\n".join(["Resources:", *resources]))

    findings = run("check", file, "--format", "json").json["findings"]
    lint = run("lifecycle", "check", "--template", file, "--format", "json").json["findings"]
    rules = {finding["rule"] for finding in findings} & {"ECR101", "ECR114", "ECR116"}
    assert expected == (rules, {finding["id"] for finding in lint})


def test_the_context_of_a_template(run: Run) -> None:
    """A pull-time exclusion, or what a creation template applies to, decides what is found."""
    both = policy_text(UNTAGGED, ARCHIVE)
    net = creation_template(AppliedFor=["PULL_THROUGH_CACHE"], LifecyclePolicy=both)
    write("excluded.json", policy_template("hub/api", both, Scanner=SCANNER))
    write("net.json", {"Resources": {"Net": net}})

    for file in ("excluded.json", "net.json"):
        result = run("lifecycle", "check", "--policy", file, "--format", "json")
        assert (0, CACHED) == (result.status, listed(result))


@pytest.mark.parametrize("option", ["--policy", "--template"])
@pytest.mark.parametrize("name", ["payments/api", "paymentsapi2825C1CC"])
def test_a_policy_may_come_from_a_snapshot(run: Run, option: str, name: str) -> None:
    """As committed: the repository by name or by logical id."""
    snapshot = next(path for path in sorted(SNAPSHOTS.iterdir()) if "Dev" in path.name)
    result = run("lifecycle", "check", option, str(snapshot), "--repository", name)

    assert (0, True) == (result.status, result.out.startswith("1. delete untagged images 3 days"))
    assert ", payments/api: ECR accepts this policy" in result.out


def test_equal_policies_of_a_cloud_assembly_are_one(run: Run) -> None:
    """The stages of an app repeat its repositories."""
    for stage in ("Dev", "Prod"):
        write(f"app/{stage}.template.json", policy_template("api", RAW))

    assert 0 == run("lifecycle", "check", "--template", "app").status
