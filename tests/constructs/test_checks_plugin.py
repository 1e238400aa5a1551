"""`EcrChecks` checks an app when it is synthesized, from any library."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import sleep
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs import (
    EcrChecks,
    ExpireUntagged,
    MakeTagsImmutable,
    Registry,
    Repository,
    Retain,
    ScanOnPush,
)
from ecr_constructs.checks import RULES, Config
from ecr_constructs.cloudformation.source_locations import SourceLocation
from ecr_constructs.constructs.source import record_lines
from tests.support.constructs import ACCOUNT, ENV, OTHER_REGION
from tests.support.errors import rejects
from tests.support.third_party import Service

BAD_NAME = "Payments/API"
NAME, TWICE, UNREASONED, UNUSED = "ECR002", "ECR003", "ECR901", "ECR902"
TO_ITSELF = "ECR310"


@pytest.fixture
def app(app: cdk.App) -> cdk.App:
    """An app that is judged."""
    cdk.Validations.of(app).add_plugins(EcrChecks())
    return app


def raw_repository(scope: cdk.Stack, construct_id: str = "Raw", **properties: Any) -> Any:
    """Define an L1 that lacks nothing but a deletion policy."""
    raw = ecr.CfnRepository(scope, construct_id, **properties)
    cdk.Mixins.of(raw).apply(MakeTagsImmutable(), ScanOnPush(), ExpireUntagged(after_days=14))
    return raw


def faulty(scope: cdk.Stack, construct_id: str = "Raw") -> ecr.CfnRepository:
    """Define an L1 with one fault: its name."""
    raw: ecr.CfnRepository = raw_repository(scope, construct_id, repository_name=BAD_NAME)
    cdk.Mixins.of(raw).apply(Retain())
    return raw


def acknowledge(construct: Any, rule: str = f"EcrChecks::{NAME}", reason: str = "It is.") -> None:
    """Acknowledge a rule."""
    cdk.Validations.of(construct).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))


def checked(app: cdk.App) -> dict[str, Any]:
    """Synthesize an app and return what the plugin reports, and whether the synthesis failed."""
    with suppress(RuntimeError):
        app.synth()
    report = json.loads((Path(app.outdir) / "validation-report.json").read_text("utf-8"))
    ours = [item for item in report["pluginReports"] if item["pluginName"] == "EcrChecks"]
    result: dict[str, Any] = [*ours, {"conclusion": "success", "violations": []}][0]
    return result


def places(violations: list[dict[str, Any]]) -> list[str]:
    """Return each rule with the path of the construct that does not keep it."""
    return sorted(
        f"{violation['ruleName']} {construct['constructPath']}"
        for violation in violations
        for construct in violation["violatingConstructs"]
    )


def test_a_violation_has_remedy_source_and_place(app: cdk.App) -> None:
    """It has the rule, its severity, the fix and its source, the construct and the property."""
    faulty(cdk.Stack(app, "Stack", env=ENV))

    [violation] = checked(app)["violations"]
    [construct] = violation["violatingConstructs"]
    assert (NAME, "error", RULES[NAME].remedy) == tuple(
        violation[key] for key in ("ruleName", "severity", "suggestedFix")
    )
    assert violation["description"].startswith("RepositoryName: ")
    assert BAD_NAME in violation["description"]
    assert RULES[NAME].source == violation["ruleMetadata"]["source"]
    assert ("Stack/Raw", ["Properties.RepositoryName"]) == (
        construct["constructPath"],
        construct["cloudFormationResource"]["propertyPaths"],
    )


def test_an_error_ends_the_synthesis(app: cdk.App) -> None:
    """The exception tells what is wrong, and where."""
    faulty(cdk.Stack(app, "Stack", env=ENV))

    with pytest.raises(RuntimeError, match=r"(?s)Payments/API.*Stack/Raw .*::ECR002"):
        app.synth()


def test_one_registration_covers_an_app(app: cdk.App) -> None:
    """Stacks, nested stacks and those of stages are judged, L1 and L2 alike, once."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    nested = cdk.NestedStack(stack, "Nested")
    staged = cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Stack")
    for scope in (stack, nested, staged, cdk.NestedStack(staged, "Nested")):
        service = Service(scope, "Service")
        raw = service.repository.node.default_child
        assert isinstance(raw, ecr.CfnRepository)
        raw.repository_name = BAD_NAME

    assert [
        f"{NAME} {scope}/Service/Images/Resource"
        for scope in ("Prod/Stack/Nested", "Prod/Stack", "Stack/Nested", "Stack")
    ] == [place for place in places(checked(app)["violations"]) if place.startswith(NAME)]


def test_a_stage_may_be_judged_alone(tmp_path: Path) -> None:
    """Registered on a stage, the plugin leaves the rest of the app alone."""
    app = cdk.App(outdir=str(tmp_path))
    stage = cdk.Stage(app, "Prod", env=ENV)
    cdk.Validations.of(stage).add_plugins(EcrChecks())
    faulty(cdk.Stack(stage, "Stack"))
    faulty(cdk.Stack(app, "Sandbox"))

    assert ["ECR002 Prod/Stack/Raw"] == places(checked(app)["violations"])


def test_what_one_stack_does_to_another_is_seen(app: cdk.App) -> None:
    """The stacks of an app are judged together; messages name a template by its file."""
    for construct_id in ("First", "Second"):
        stack = cdk.Stack(app, construct_id, env=ENV)
        Repository(stack, "Api", repository_name="payments/api")

    [violation] = checked(app)["violations"]
    assert [f"{TWICE} Second/Api/Resource"] == places([violation])
    assert " of First.template.json" in violation["description"]


def test_our_repositories_raise_nothing(app: cdk.App) -> None:
    """A bare `Repository` keeps every rule."""
    Repository(cdk.Stack(app, "Stack", env=ENV), "Api")

    assert {"conclusion": "success", "violations": []} == checked(app)


def test_our_registry_raises_nothing(app: cdk.App) -> None:
    """Nor does what is newer than CloudFormation's published schemas, replicated deletions."""
    home = cdk.Stack(app, "Home", env=ENV)
    away = cdk.Stack(app, "Away", env=cdk.Environment(account=ACCOUNT, region=OTHER_REGION))
    for stack in (home, away):
        Repository(stack, "Api", repository_name="payments/api")
    Registry(home, "Registry").replicate(
        to_regions=[OTHER_REGION], prefixes=["payments/api"], replicate_deletions=True
    )

    assert [] == [violation["description"] for violation in checked(app)["violations"]]


def test_a_warning_is_shown(app: cdk.App, capfd: pytest.CaptureFixture[str]) -> None:
    """It does not end the synthesis."""
    raw_repository(cdk.Stack(app, "Stack", env=ENV))

    result = checked(app)
    assert ("success", {"warning"}) == (
        result["conclusion"],
        {violation["severity"] for violation in result["violations"]},
    )
    # A thread of jsii hands on what Node writes.
    shown = capfd.readouterr().err
    for _ in range(100):
        if "DeletionPolicy" in shown:
            break
        sleep(0.05)
        shown += capfd.readouterr().err
    assert "DeletionPolicy" in shown


def test_a_warning_may_end_the_synthesis(tmp_path: Path) -> None:
    """With ``fail_on="warning"`` there are only errors."""
    app = cdk.App(outdir=str(tmp_path))
    cdk.Validations.of(app).add_plugins(EcrChecks(fail_on="warning"))
    raw_repository(cdk.Stack(app, "Stack", env=ENV))

    with pytest.raises(RuntimeError, match=r"ERROR DeletionPolicy"):
        app.synth()


def test_there_are_two_severities() -> None:
    """Another severity is rejected."""
    with rejects("fail_on: fail-on-unknown"):
        EcrChecks(fail_on="info")  # type: ignore[arg-type]


OF: dict[str, Callable[[ecr.CfnRepository], Any]] = {
    "Prod/Stack/Raw": lambda raw: raw,
    "Prod/Stack": lambda raw: raw.stack,
    "Prod": cdk.Stage.of,
    "": lambda raw: raw.node.root,
}


@pytest.mark.parametrize("path", OF)
def test_an_acknowledged_finding_is_no_violation(app: cdk.App, path: str) -> None:
    """The reason stays in the report."""
    raw = faulty(cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Stack"))
    acknowledge(OF[path](raw))

    result = checked(app)
    assert ("success", []) == (result["conclusion"], result["violations"])
    [suppressed] = result["suppressedViolations"]
    assert ([f"{NAME} Prod/Stack/Raw"], "It is.") == (places([suppressed]), suppressed["reason"])


def test_an_acknowledgment_reaches_a_nested_stack(app: cdk.App) -> None:
    """One on a construct of a nested stack covers that, and no other."""
    nested = cdk.NestedStack(cdk.Stack(app, "Stack", env=ENV), "Nested")
    acknowledge(faulty(nested, "One"))
    faulty(nested, "Other")

    assert [f"{NAME} Stack/Nested/Other"] == [
        place for place in places(checked(app)["violations"]) if place.startswith(NAME)
    ]


@pytest.mark.parametrize("path", OF)
def test_an_acknowledgment_says_why(app: cdk.App, path: str) -> None:
    """One without a reason works, and is a finding itself."""
    raw = faulty(cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Stack"))
    acknowledge(OF[path](raw), reason=" ")

    [violation] = checked(app)["violations"]
    assert [f"{UNREASONED} {path}"] == places([violation])
    assert NAME in violation["description"]


def test_an_acknowledgment_names_the_plugin(app: cdk.App) -> None:
    """One without the name has no effect, and the report says so."""
    acknowledge(faulty(cdk.Stack(app, "Stack", env=ENV)), NAME)

    violations = checked(app)["violations"]
    assert [f"{NAME} Stack/Raw", f"{UNUSED} Stack/Raw"] == places(violations)
    fixes = [violation["suggestedFix"] for violation in violations]
    assert "Write id='EcrChecks::ECR002'." in fixes


def test_others_acknowledge_in_peace(app: cdk.App) -> None:
    """What is acknowledged of other plugins, and of CDK's annotations, is not ours."""
    Repository(stack := cdk.Stack(app, "Stack", env=ENV), "Api")
    acknowledge(stack, "AwsSolutions::AwsSolutions-ECR1", "")
    acknowledge(stack, "@aws-cdk/aws-ecr:noResourceStatements", "")
    app.node.add_metadata("note", "Metadata of another kind.")

    assert [] == checked(app)["violations"]


def test_metadata_suppresses_here_too(app: cdk.App) -> None:
    """What the command line is told in a template holds in the plugin."""
    raw = raw_repository(cdk.Stack(app, "Stack", env=ENV), repository_name=BAD_NAME)
    raw.add_metadata("ecr-constructs", {"suppress": [{"rule": NAME, "reason": "It is."}]})

    result = checked(app)
    assert "success" == result["conclusion"]
    assert {f"{NAME} Stack.template.json Raw": "It is."} == result["metadata"]


def test_a_finding_of_the_template_is_one_of_the_stack(app: cdk.App) -> None:
    """What belongs to no resource has the stack for its construct."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    Repository(stack, "Api")
    unused = {"suppress": [{"rule": NAME, "reason": "It was."}]}
    stack.template_options.metadata = {"ecr-constructs": unused}

    assert [f"{UNUSED} Stack"] == places(checked(app)["violations"])


def test_the_plugin_says_what_it_is() -> None:
    """CDK asks for its name, its version and its rules."""
    plugin = EcrChecks()

    assert ("EcrChecks", [*RULES]) == (plugin.name, plugin.rule_ids)
    assert plugin.version.split(".")[0].isdigit()


CONFIGURATIONS: dict[str, tuple[str, str, list[str]]] = {
    "ignored": (f'ignore = ["{NAME}"]', "success", []),
    "a warning": (f'severity.{NAME} = "warning"', "success", [f"{NAME} warning"]),
    "a note": (f'severity.{NAME} = "note"', "success", [f"{NAME} info"]),
    "warnings fail": (
        f'severity.{NAME} = "warning"\nfail-on = "warning"',
        "failure",
        [f"{NAME} error"],
    ),
    "nothing fails": ('fail-on = "never"', "success", [f"{NAME} warning"]),
    "an opt-in rule": ('select = ["ECR801"]', "success", ["ECR801 warning"]),
}


@pytest.mark.parametrize(
    ("text", "conclusion", "expected"), CONFIGURATIONS.values(), ids=CONFIGURATIONS
)
@pytest.mark.parametrize("is_given", [True, False], ids=["given", "found"])
def test_the_configuration_applies(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    text: str,
    conclusion: str,
    expected: list[str],
    is_given: bool,
) -> None:
    """That of the current folder, or a given one."""
    file = tmp_path / "ecr-constructs.toml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.chdir(Path.cwd() if is_given else tmp_path)
    app = cdk.App(outdir=str(tmp_path / "cdk.out"))
    cdk.Validations.of(app).add_plugins(EcrChecks(config=file) if is_given else EcrChecks())
    faulty(cdk.Stack(app, "Stack", env=ENV))

    result = checked(app)
    assert (conclusion, expected) == (
        result["conclusion"],
        [f"{item['ruleName']} {item['severity']}" for item in result["violations"]],
    )


def test_rules_about_acknowledgments_can_be_off(tmp_path: Path) -> None:
    """As any others."""
    app = cdk.App(outdir=str(tmp_path / "cdk.out"))
    off = Config(select=Config().select - {UNUSED, UNREASONED})
    cdk.Validations.of(app).add_plugins(EcrChecks(config=off))
    stack = cdk.Stack(app, "Stack", env=ENV)
    Repository(stack, "Api")
    acknowledge(stack, "EcrChecks::ECR999")

    assert [] == places(checked(app)["violations"])


def test_an_unknown_rule_is_reported(app: cdk.App) -> None:
    """Its acknowledgment has no effect."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    Repository(stack, "Api")
    acknowledge(stack, "EcrChecks::ECR999")

    assert [f"{UNUSED} Stack"] == places(checked(app)["violations"])


def test_stacks_without_resources_are_valid(app: cdk.App) -> None:
    """An app of `cdk init`, a stage without stacks, an empty nested stack: nothing to check."""
    cdk.Stack(app, "Empty", env=ENV)
    cdk.Stage(app, "NoStacks")
    nested = cdk.NestedStack(cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Stack"), "Nested")
    cdk.NestedStack(nested, "Deeper")
    Repository(cdk.Stack(app, "Images", env=ENV), "Web", repository_name="shop/web")

    assert ("success", []) == tuple(checked(app)[key] for key in ("conclusion", "violations"))


def test_an_app_without_stacks_is_valid(app: cdk.App) -> None:
    """As an app whose stacks are all behind an `if`."""
    assert [] == checked(app)["violations"]


def test_account_and_region_are_those_of_the_assembly(app: cdk.App) -> None:
    """A rule that compares Regions sees them, also in stages and nested stacks."""
    stack = cdk.Stack(cdk.Stage(app, "Prod", env=ENV), "Stack")
    nested = cdk.NestedStack(stack, "Nested")
    for scope in (stack, nested):
        destination = {"region": ENV.region, "registryId": ACCOUNT}
        ecr.CfnReplicationConfiguration(
            scope,
            "Replication",
            replication_configuration={"rules": [{"destinations": [destination]}]},
        )

    rules = [item.partition(" ")[0] for item in places(checked(app)["violations"])]
    assert 2 == rules.count(TO_ITSELF)


def test_names_and_values_of_a_template_are_inert(app: cdk.App) -> None:
    """CDK prints them as they are: no control characters, no commands of a CI system."""
    bad = "a\x1b[2J\u202e##[error]\n::error::x"
    stack = cdk.Stack(app, "Stack", env=ENV)
    raw = raw_repository(stack, repository_name=bad)
    raw.add_property_override(bad.replace(".", ""), bad)
    raw.add_metadata("ecr-constructs", {"suppress": [{"rule": "ECR016", "reason": bad}]})
    report = checked(app)
    texts = [
        *(
            violation[key]
            for violation in report["violations"]
            for key in ("description", "suggestedFix")
        ),
        *(text for item in report["metadata"].items() for text in item),
    ]

    assert any("\\x1b[2J" in violation["description"] for violation in report["violations"])
    assert any("\\x1b[2J" in reason for reason in report["metadata"].values())
    assert not [text for text in texts if "##[" in text or not text.isprintable()]


LOOK_ALIKE = ("a-b", "a/b", "a/bc")


def _hints(app: cdk.App) -> list[str]:
    """Return what each violation says about the file that declares the resource."""
    fixes = [item["suggestedFix"] for item in checked(app)["violations"]]
    return sorted({fix.partition("acknowledge: ")[2] for fix in fixes})


def test_a_violation_names_the_line_of_the_file_that_declares_it(app: cdk.App) -> None:
    """The app that reads a file records it, and only its repositories have such a line."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    Repository(stack, "a/b2", repository_name="a/b2", scan_on_push=False)
    Repository(stack, "a/b", repository_name="a/b", scan_on_push=False)
    lines = {"a/b": SourceLocation("dev.yaml", 7), "a/b2": SourceLocation("dev.yaml", 8)}
    record_lines(stack, {**lines, "a/c": None})

    assert ["{ECR013: REASON} there: dev.yaml:7.", "{ECR013: REASON} there: dev.yaml:8."] == (
        _hints(app)
    )


def test_the_line_of_ids_that_look_alike_is_not_guessed(app: cdk.App) -> None:
    """A logical id has no separators, so that it may be of either repository."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    Repository(stack, "a-b", repository_name="a-b", scan_on_push=False)
    Repository(stack, "a/b", repository_name="a/b", scan_on_push=False)
    Repository(stack, "a/bc", repository_name="a/bc", scan_on_push=False)
    lines = {name: SourceLocation("dev.yaml", number) for number, name in enumerate(LOOK_ALIKE)}
    record_lines(stack, lines)

    assert ["", "{ECR013: REASON} there: dev.yaml:2."] == _hints(app)


def test_a_resource_without_a_line_has_no_hint(app: cdk.App) -> None:
    """Nor a finding about a whole stack, or one of an app that reads no file."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    record_lines(stack, {"a/b": SourceLocation("dev.yaml", 7)})
    faulty(stack)
    faulty(cdk.Stack(app, "Other", env=ENV))
    record_lines(cdk.Stack(app, "Empty", env=ENV), {"a/b": None})

    assert [""] == _hints(app)
