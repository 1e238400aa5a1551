"""The configuration of the checks: where it is, what it says, and what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import (
    RULES,
    Config,
    Finding,
    Report,
    Severity,
    Template,
    assert_no_findings,
    check,
    load,
    report,
)
from ecr_constructs.checks.config_file import ConfigError
from ecr_constructs.cloudformation.resource_types import SCANNING
from tests.support.rule_examples.build import api, key, kms, repository, resource, template
from tests.unit.checks.test_checks_loading import write

BARE = {"Type": "AWS::ECR::Repository"}
OF_BARE = {"ECR012", "ECR013", "ECR016", "ECR102"}
DEFAULT = {rule.id for rule in RULES.values() if not rule.is_opt_in}
OPT_IN = {"ECR801", "ECR802", "ECR803"}


def configured(folder: Path, text: str, name: str = "ecr-constructs.toml") -> Config:
    """Write a configuration and read it."""
    return Config.read(write(folder / name, text))


def rules_of(result: Report | list[Finding]) -> set[str]:
    findings = result.findings if isinstance(result, Report) else result
    return {finding.rule for finding in findings}


# --- where it is --------------------------------------------------------------------------------


def test_the_nearest_file_is_found(tmp_path: Path) -> None:
    """In the folder or above it; a project without the table is none."""
    write(tmp_path / "ecr-constructs.toml", 'ignore = ["ECR012"]')
    write(tmp_path / "app" / "pyproject.toml", '[project]\nname = "app"\n')
    write(tmp_path / "app" / "ecr" / "pyproject.toml", '[project]\nname = "ecr-constructs-app"\n')

    config = Config.find(tmp_path / "app" / "ecr")
    assert tmp_path / "ecr-constructs.toml" == config.file
    assert DEFAULT - {"ECR012"} == config.select
    assert config == Config.given(config) == Config.given(tmp_path / "ecr-constructs.toml")


def test_a_table_of_a_project_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has the same keys."""
    write(tmp_path / "pyproject.toml", '[tool.ecr-constructs]\nselect = ["ECR012"]\n')
    monkeypatch.chdir(tmp_path)

    assert {"ECR012"} == Config.find().select == Config.given(None).select


def test_nothing_is_found(tmp_path: Path) -> None:
    """Then the rules are those that are on by default."""
    assert Config() == Config.find(tmp_path)
    assert DEFAULT == Config().select


def test_two_files_in_a_folder_are_an_error(tmp_path: Path) -> None:
    """One of them would be ignored in silence."""
    write(tmp_path / "ecr-constructs.toml", "")
    write(tmp_path / "pyproject.toml", "[tool.ecr-constructs]\n")

    with pytest.raises(ConfigError) as caught:
        Config.find(tmp_path)
    assert ["config-ambiguous"] == [item.code for item in caught.value.diagnostics]


# --- what is wrong with it ----------------------------------------------------------------------

# A text, and the code and the key of its problem.
INVALID: dict[str, tuple[str, str, str]] = {
    "a key": ('selct = ["ECR012"]', "key-unknown", "selct"),
    "an id": ('select = ["ECR999"]', "rule-unknown", "select[0]"),
    "lower case": ('ignore = ["ECR012", "ecr013"]', "rule-unknown", "ignore[1]"),
    "a pack": ('select = ["securityhub"]', "rule-unknown", "select[0]"),
    "text for a list": ('select = "ECR012"', "value-type", "select"),
    "a number for an id": ("select = [12]", "value-type", "select[0]"),
    "a rule of severity": ('severity.ECR999 = "error"', "rule-unknown", "severity.ECR999"),
    "a severity": ('severity.ECR012 = "fatal"', "value-unknown", "severity.ECR012"),
    "a list for a table": ("severity = []", "value-type", "severity"),
    "a threshold": ('fail-on = "errors"', "value-unknown", "fail-on"),
    "a number for a file": ("baseline = 1", "value-type", "baseline"),
    "an empty file": ('baseline = ""', "text-empty", "baseline"),
    "a number for an account": ("account = 111122223333", "account-id-is-number", "account"),
    "an account": ('account = "1111"', "account-id-format", "account"),
    "a Region": ('region = "EU"', "region-format", "region"),
    "scanning": ("scanning = true", "value-unknown", "scanning"),
    "a date": ("parameters.Day = 2026-11-27", "value-type", "parameters.Day"),
    "parameters": ("parameters = 5", "value-type", "parameters"),
    "no paths": ('[[overrides]]\naccount = "111122223333"', "key-missing", "overrides[0]"),
    "an empty list of paths": ("[[overrides]]\npaths = []", "text-empty", "overrides[0].paths"),
    "an empty path": ('[[overrides]]\npaths = [""]', "text-empty", "overrides[0].paths[0]"),
    "a path above": ("[[overrides]]\npaths = ['../a']", "path-pattern", "overrides[0].paths[0]"),
    "a backslash": ("[[overrides]]\npaths = ['a\\b']", "path-pattern", "overrides[0].paths[0]"),
    "no reason": (
        '[[overrides]]\npaths = ["a"]\nignore = ["ECR012"]',
        "reason-missing",
        "overrides[0]",
    ),
    "an empty reason": (
        '[[overrides]]\npaths = ["a"]\nignore = ["ECR012"]\nreason = " "',
        "text-empty",
        "overrides[0].reason",
    ),
    "a key of an override": (
        '[[overrides]]\npaths = ["a"]\nselect = ["ECR012"]',
        "key-unknown",
        "overrides[0].select",
    ),
    "text for an override": ('overrides = ["a"]', "value-type", "overrides[0]"),
}


@pytest.mark.parametrize(("text", "code", "key"), INVALID.values(), ids=INVALID)
@pytest.mark.parametrize("name", ["ecr-constructs.toml", "pyproject.toml"])
def test_an_error_names_file_and_key(
    tmp_path: Path, name: str, text: str, code: str, key: str
) -> None:
    """Nothing is read in part, or ignored."""
    prefix = "tool.ecr-constructs."
    if name == "pyproject.toml":
        table = text.replace("[[", f"[[{prefix}")
        text, key = f"[tool.ecr-constructs]\n{table}", prefix + key

    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, text, name)
    problems = caught.value.diagnostics
    assert (code, f"{tmp_path / name}: {key}") in [(item.code, item.path) for item in problems]


def test_every_problem_is_listed(tmp_path: Path) -> None:
    """With the nearest name, or all that are allowed; the path is relative to the folder."""
    text = 'ingore = []\nx = 1\nselect = ["ECR102", "security-hubb"]\nfail-on = "warn"\n'
    with pytest.raises(ConfigError) as caught:
        configured(tmp_path, text)

    remedies = [item.remedy for item in caught.value.diagnostics]
    assert 4 == len(remedies)
    for name, remedy in zip(
        ("'ignore'", "select", "'security-hub'", "warning"), remedies, strict=True
    ):
        assert name in remedy


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a = [", "config-not-toml"),
        (f"a = {'9' * 5_000}", "config-not-toml"),
        (f"a = {'[' * 5_000}", "config-not-toml"),
        (b"a = '\xff'", "config-not-toml"),
        (None, "file-unreadable"),
    ],
    ids=["syntax", "a long number", "deep", "not UTF-8", "no file"],
)
def test_what_is_no_configuration(tmp_path: Path, text: Any, code: str) -> None:
    """One line says so."""
    path = tmp_path / "c.toml"
    if text is not None:
        write(path, text)

    with pytest.raises(ConfigError) as caught:
        Config.read(path)
    assert [code] == [item.code for item in caught.value.diagnostics]
    assert 1 == len(str(caught.value).splitlines())


# --- what it selects ----------------------------------------------------------------------------

SELECTIONS: dict[str, tuple[str, set[str]]] = {
    "nothing": ("", DEFAULT),
    "ids": ('select = ["ECR012", "ECR801"]', {"ECR012", "ECR801"}),
    "the beginning of ids": (
        'select = ["ECR1"]',
        {rule for rule in DEFAULT if rule.startswith("ECR1")},
    ),
    "no opt-in rule by the beginning": ('select = ["ECR"]', DEFAULT),
    "all": ('select = ["all"]', set(RULES)),
    "default and more": ('select = ["default", "ECR801"]', {*DEFAULT, "ECR801"}),
    "ignored ones": ('select = ["ECR012", "ECR013"]\nignore = ["ECR013"]', {"ECR012"}),
    "ignored families": ('ignore = ["ECR"]', set()),
}


@pytest.mark.parametrize(("text", "expected"), SELECTIONS.values(), ids=SELECTIONS)
def test_rules_are_selected(tmp_path: Path, text: str, expected: set[str]) -> None:
    """By id, by the beginning of ids, or by a word."""
    assert expected == configured(tmp_path, text).select


@pytest.mark.parametrize(
    ("pack", "some"),
    [("security-hub", {"ECR012", "ECR013", "ECR102", "ECR801"}), ("control-tower", {"ECR012"})],
)
def test_a_pack_is_derived_from_the_controls(tmp_path: Path, pack: str, some: set[str]) -> None:
    """It has rules that are off by default, too."""
    prefix = {"security-hub": "Security Hub", "control-tower": "CT."}[pack]
    selected = configured(tmp_path, f'select = ["{pack}"]').select

    assert some <= selected
    assert selected == {
        rule.id for rule in RULES.values() if any(name.startswith(prefix) for name in rule.controls)
    }


def test_a_rule_that_does_not_run_leaves_no_suppression_unused(tmp_path: Path) -> None:
    """Its suppression may have an effect elsewhere; the rules about suppressions can be off too."""
    metadata = {"ecr-constructs": {"suppress": [{"rule": "ECR012", "reason": "x"}]}}
    templates = [template(api(), Metadata=metadata)]

    assert {"ECR902"} == rules_of(check(templates))
    assert set() == rules_of(check(templates, config=configured(tmp_path, 'ignore = ["ECR012"]')))
    assert set() == rules_of(check(templates, config=configured(tmp_path, 'ignore = ["ECR902"]')))


def test_a_severity_is_configured(tmp_path: Path) -> None:
    """Also that of a rule about suppressions."""
    text = '[severity]\nECR012 = "error"\nECR013 = "note"\nECR902 = "error"\n'
    metadata = {"ecr-constructs": {"suppress": [{"rule": "ECR999", "reason": "x"}]}}
    templates = [template({"Api": BARE}, Metadata=metadata)]

    assert {
        "ECR012": Severity.ERROR,
        "ECR013": Severity.NOTE,
        "ECR016": Severity.WARNING,
        "ECR102": Severity.WARNING,
        "ECR902": Severity.ERROR,
    } == {item.rule: item.severity for item in check(templates, config=configured(tmp_path, text))}


# --- what templates cannot say ------------------------------------------------------------------

PATTERNS: dict[str, tuple[str, list[str]]] = {
    "a file": ("a.json", ["a.json"]),
    "files of a folder": ("*.json", ["a.json"]),
    "a folder": ("legacy", ["legacy/b.json", "legacy/deep/c.json"]),
    "a folder with a slash": ("./legacy/", ["legacy/b.json", "legacy/deep/c.json"]),
    "all below a folder": ("legacy/**", ["legacy/b.json", "legacy/deep/c.json"]),
    "at any depth": ("**/c.json", ["legacy/deep/c.json"]),
    "everything": ("**", ["a.json", "legacy/b.json", "legacy/deep/c.json"]),
    "nothing": ("b.json", []),
}


@pytest.mark.parametrize(("pattern", "expected"), PATTERNS.values(), ids=PATTERNS)
def test_paths_are_relative_to_the_configuration(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    """A finding that is ignored for a path is shown as suppressed, with the reason."""
    names = ["a.json", "legacy/b.json", "legacy/deep/c.json"]
    paths = [write(tmp_path / name, {"Resources": {"Api": BARE}}) for name in names]
    text = f'[[overrides]]\npaths = ["{pattern}"]\nignore = ["ECR012"]\nreason = "Old."\n'
    result = report(load(paths), config=configured(tmp_path, text))

    assert [(str(tmp_path / name), "ECR012", "Old.", "configuration") for name in expected] == [
        (item.finding.template, item.finding.rule, item.reason, item.origin)
        for item in result.suppressed
    ]
    assert 12 - len(expected) == len(result.findings)


def test_a_template_outside_of_the_folder_is_not_matched(tmp_path: Path) -> None:
    """Its path is not relative to the configuration."""
    text = '[[overrides]]\npaths = ["*.json"]\nignore = ["ECR012"]\nreason = "Old."\n'
    outside = load([write(tmp_path / "a.json", {"Resources": {"Api": BARE}})])

    assert OF_BARE == rules_of(check(outside, config=configured(tmp_path / "app", text)))


def test_the_registry_scans(tmp_path: Path) -> None:
    """Then a repository need not, and the scanning configuration is not missing."""
    config = configured(tmp_path, 'select = ["default", "ECR802"]\nscanning = "elsewhere"')

    assert OF_BARE - {"ECR013"} == rules_of(
        check([Template("t", {"Resources": {"Api": BARE}})], config=config)
    )


def test_account_and_region(tmp_path: Path) -> None:
    """They make rules apply, unless the template has its own; the last override counts."""
    text = (
        'account = "111122223333"\nregion = "eu-west-1"\n'
        '[[overrides]]\npaths = ["b"]\nregion = "eu-central-1"\n'
    )
    config = configured(tmp_path, text)
    same = {"Resources": api(RepositoryName="a/b")}

    def twice(*templates: Template) -> set[str]:
        return rules_of(check(templates, config=config))

    assert {"ECR003"} == twice(Template("a", same), Template("c", same))
    assert set() == twice(Template("a", same), Template(str(tmp_path / "b"), same))
    assert set() == twice(Template("a", same), Template("c", same, "444455556666"))


def test_a_nested_stack_is_where_its_root_is(tmp_path: Path) -> None:
    """A path of the root stack covers it."""
    scanning = {"S": resource(SCANNING, {"ScanType": "BASIC", "Rules": []})}
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.json"}}
    write(tmp_path / "child.json", {"Resources": scanning})
    main = write(tmp_path / "main.json", {"Resources": {**scanning, "Child": child}})
    text = '[[overrides]]\npaths = ["main.json"]\naccount = "111122223333"\nregion = "eu-west-1"\n'

    assert ["ECR301"] == [
        item.rule for item in check(load([main]), config=configured(tmp_path, text))
    ]


NAME = {"Ref": "Name"}
# The type of a parameter, its configured value, a value that refers to it, and the findings.
PARAMETERS: dict[str, tuple[dict[str, Any], str, Any, set[str]]] = {
    "text": ({"Type": "String"}, '"Payments"', NAME, {"ECR002"}),
    "a sound text": ({"Type": "String"}, '"payments"', NAME, set()),
    "a number": ({"Type": "Number"}, "5", NAME, {"ECR002"}),
    "true": ({"Type": "String"}, "true", NAME, set()),
    "a text for a list": (
        {"Type": "CommaDelimitedList"},
        '"a/b, Payments"',
        {"Fn::Select": [1, NAME]},
        {"ECR002"},
    ),
    "a list": (
        {"Type": "List<String>"},
        '["a/b", "Payments"]',
        {"Fn::Select": [1, NAME]},
        {"ECR002"},
    ),
    "a list for a text": ({"Type": "String"}, '["A", "B"]', NAME, {"ECR002"}),
    "a parameter of SSM": (
        {"Type": "AWS::SSM::Parameter::Value<String>"},
        '"Payments"',
        NAME,
        set(),
    ),
}


@pytest.mark.parametrize(
    ("declared", "value", "name", "expected"), PARAMETERS.values(), ids=PARAMETERS
)
def test_parameters(
    tmp_path: Path, declared: dict[str, Any], value: str, name: Any, expected: set[str]
) -> None:
    """Their values are those of the configuration, in the templates that declare them."""
    config = configured(tmp_path, f"[parameters]\nName = {value}\n")
    body = template(
        api(RepositoryName=name), Parameters={"Name": declared, "Other": {"Type": "String"}}
    )

    assert expected == rules_of(check([body], config=config))
    assert set() == rules_of(check([body]))
    assert set() == rules_of(check([template(api())], config=config))


# --- in tests -----------------------------------------------------------------------------------


def test_the_assertion_reads_the_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the folder, or a given one."""
    body = {"Resources": {"Api": repository(ImageTagMutability="MUTABLE")}}
    path = write(tmp_path / "ecr-constructs.toml", 'ignore = ["ECR012"]')
    monkeypatch.chdir(tmp_path)

    assert_no_findings(body)
    assert_no_findings(body, config=path)
    with pytest.raises(AssertionError):
        assert_no_findings(body, config=Config())
    assert_no_findings(
        {"Resources": kms({"Fn::GetAtt": ["Key", "Arn"]}, Key=key())}, config=Config()
    )
