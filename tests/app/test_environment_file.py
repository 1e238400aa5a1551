"""Environment files: what is rejected, with file, line, key and code."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic_core import ErrorDetails

from ecr_constructs.environment.loading import problems_of
from ecr_constructs.environment.loading import load_environment, load_environments
from ecr_constructs.environment.source import EnvironmentFileError, parse_source
from tests.app.conftest import ROOT, problems

VALID = """\
account: "111122223333"
region: eu-central-1
profile: production
organization: o-a1b2c3d4e5
teams:
  payments:
    repositories:
      - payments/api
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes an environment file and returns its path."""

    def write_file(text: str, name: str = "prod.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def _replace(old: str, new: str) -> str:
    assert old in VALID
    return VALID.replace(old, new)


def test_a_valid_file_is_loaded(write: Write) -> None:
    """The smallest file has one repository."""
    environment = load_environment(write(VALID))

    assert ("prod", "111122223333", "eu-central-1") == (environment.name, *environment.home)
    assert ["payments/api"] == [repository.name for repository in environment.repositories]


# Each with `line: key: code`; the codes that end in `*` are those of the model.
ONE_PROBLEM = {
    "account as a number": (
        _replace('"111122223333"', "111122223333"),
        "1: account: not-text",
    ),
    "account that YAML reads as octal": (
        _replace('"111122223333"', "012345670123"),
        "1: account: not-text",
    ),
    "account too short": (_replace('"111122223333"', '"1111"'), "1: account: *"),
    "account missing": (_replace('account: "111122223333"\n', ""), "1: account: key-missing"),
    "account null": (_replace('account: "111122223333"', "account:"), "1: account: not-text"),
    "region in words": (_replace("eu-central-1", "Frankfurt"), "2: region: *"),
    "region that does not exist": (
        _replace("eu-central-1", "eu-centrall-1"),
        "2: region: region-unknown",
    ),
    "region unlike any other": (_replace("eu-central-1", "xx-y-1"), "2: region: region-unknown"),
    "profile unknown": (_replace("production", "prod"), "3: profile: value-unknown"),
    "organization wildcard": (_replace("o-a1b2c3d4e5", '"o-*"'), "4: organization: *"),
    "organization too short": (_replace("o-a1b2c3d4e5", "o-a1b2"), "4: organization: *"),
    "acknowledgment of no rule": (
        VALID + "defaults:\n  acknowledge: {ECR1: Tags move.}\n",
        "10: defaults.acknowledge: acknowledgment-rule-unknown",
    ),
    "acknowledgment without a reason": (
        VALID + 'defaults:\n  acknowledge: {ECR012: " "}\n',
        "10: defaults.acknowledge: acknowledgment-reason-missing",
    ),
    "key misspelt": (_replace("organization:", "organisation:"), "4: organisation: key-unknown"),
    "key unlike any other": (VALID + "zzz: 1\n", "9: zzz: key-unknown"),
    "not an address": (
        VALID + "alerts:\n  emails:\n    - a@example.com\n    - platform\n",
        "12: alerts.emails[1]: *",
    ),
    "duplicate address": (
        VALID + "alerts:\n  emails: [a@example.com, a@example.com]\n",
        "10: alerts.emails: *",
    ),
    "address not in a list": (
        VALID + "alerts: {emails: a@example.com}\n",
        "9: alerts.emails: not-list",
    ),
    "unknown severity": (VALID + "alerts: {severity: high}\n", "9: alerts.severity: value-unknown"),
    "setting of alerts misspelt": (
        VALID + "alerts: {email: [a@example.com]}\n",
        "9: alerts.email: key-unknown",
    ),
    "team named in capitals": (
        _replace("  payments:", "  Payments:"),
        "6: teams.Payments: team-name",
    ),
    **{
        f"team named {name}": (
            _replace("  payments:", f"  {name}:"),
            f"6: teams.{name}: team-name-reserved",
        )
        for name in ("alerts", "key", "push", "registry")
    },
    "team without repositories": (
        _replace("repositories:\n      - payments/api", "repositories: []"),
        "7: teams.payments.repositories: too-few",
    ),
    "teams missing": (VALID.partition("teams:")[0], "1: teams: key-missing"),
    "teams as a list": (VALID.partition("teams:")[0] + "teams: [a]\n", "5: teams: not-mapping"),
    "repositories as a mapping": (
        _replace("- payments/api", "payments/api: {}"),
        "7: teams.payments.repositories: not-list",
    ),
    **{
        f"name {name}": (
            _replace("payments/api", name),
            "8: teams.payments.repositories[0].name: *",
        )
        for name in (
            "Payments/API",
            "payments/api:latest",
            "111122223333.dkr.ecr.eu-central-1.amazonaws.com/payments/api",
            "payments//api",
        )
    },
    "name missing": (
        _replace("- payments/api", "- scan_on_push: true"),
        "8: teams.payments.repositories[0].name: key-missing",
    ),
    "duplicate repository in a team": (
        VALID + "      - payments/api\n",
        "9: teams.payments.repositories[1]: repository-duplicate",
    ),
    "duplicate repository in two teams": (
        VALID + "  web:\n    repositories: [payments/api]\n",
        "10: teams.web.repositories[0]: repository-duplicate",
    ),
    "duplicate team": (
        VALID + "  payments:\n    repositories: [web/shop]\n",
        "9: teams.payments: key-duplicate",
    ),
    "key that YAML reads as a boolean": (
        VALID + "defaults: {tags: {on: call}}\n",
        "9: defaults.tags.True: key-not-text",
    ),
    "too many repositories in a team": (
        VALID + "".join(f"      - payments/api-{n}\n" for n in range(500)),
        "7: teams.payments.repositories: team-too-large",
    ),
    "not a mapping": ("- a\n- b\n", "1: not-mapping"),
    "empty": ("", "1: not-mapping"),
    "not YAML": (VALID + "x: [1,\n", "10: yaml-invalid"),
    "a tab": (VALID + "\tx: 1\n", "9: yaml-invalid"),
    "a tag of Python": (VALID + "x: !!python/name:os.system x\n", "9: yaml-invalid"),
    "an alias to itself": (VALID + "x: &a [*a]\n", "yaml-invalid"),
}

REPOSITORY = "teams.payments.repositories[0]"
SETTINGS = {
    "tag_mutability: on": f"9: {REPOSITORY}.tag_mutability: value-unknown",
    "tag_mutability_exceptions: latest": f"9: {REPOSITORY}.tag_mutability_exceptions: not-list",
    "tag_mutability_exceptions: ['a*b*c*']": f"8: {REPOSITORY}: *",
    "encryption: kms": f"9: {REPOSITORY}.encryption: value-unknown",
    "encryption: dual_layer": f"8: {REPOSITORY}: *",
    "scan_on_push: 'yes'": f"9: {REPOSITORY}.scan_on_push: not-boolean",
    "retention: long": f"9: {REPOSITORY}.retention: value-unknown",
    "lifecycle: {keep_last: 5}": f"9: {REPOSITORY}.lifecycle: not-list",
    "lifecycle: [{keep_last: 5}]": f"9: {REPOSITORY}.lifecycle[0].keep_last: not-mapping",
    "lifecycle: [{keep_last: {count: 0}}]": (
        f"9: {REPOSITORY}.lifecycle[0].keep_last.count: number-too-small"
    ),
    "lifecycle: [{keep_last: {count: many}}]": (
        f"9: {REPOSITORY}.lifecycle[0].keep_last.count: not-integer"
    ),
    "lifecycle: [{keep_lest: {count: 1}}]": f"9: {REPOSITORY}.lifecycle[0].keep_lest: key-unknown",
    "lifecycle: [{}]": f"9: {REPOSITORY}.lifecycle[0]: rule-not-one-key",
    "lifecycle: [{keep_last: {count: 1}, expire: {after_days: 1}}]": (
        f"9: {REPOSITORY}.lifecycle[0]: rule-not-one-key"
    ),
    "lifecycle: [{archive: {}}]": f"9: {REPOSITORY}.lifecycle[0]: *",
    "lifecycle: [{expire_archived: {after_days: 30}}]": f"9: {REPOSITORY}.lifecycle[0]: *",
    "lifecycle: [{keep_last: {count: 5}}, {expire: {after_days: 5}}]": f"8: {REPOSITORY}: *",
    "protect_tags: v*": f"9: {REPOSITORY}.protect_tags: not-list",
    "pull_accounts: [111122223333]": f"9: {REPOSITORY}.pull_accounts[0]: not-text",
    "pull_principals: ['*']": f"9: {REPOSITORY}.pull_principals[0]: *",
    "push_principals: [ci]": f"9: {REPOSITORY}.push_principals[0]: *",
    "tags: {since: 2026}": f"9: {REPOSITORY}.tags.since: not-text",
    "tags: {'aws:team': a}": f"9: {REPOSITORY}.tags: *",
    "tags: {team: ''}": f"9: {REPOSITORY}.tags: *",
}
ONE_PROBLEM |= {
    setting: (_replace("- payments/api", f"- name: payments/api\n        {setting}"), expected)
    for setting, expected in SETTINGS.items()
}

CACHE = "      - {name: payments/cache, replicate: false}\n"
REPLICAS = {
    "unknown Region": (
        "replica_regions: [eu-west-1, eu-vest-2]",
        "10: replica_regions[1]: region-unknown",
    ),
    "its own Region": ("replica_regions: [eu-central-1]", "10: replica_regions[0]: *"),
    "its own registry as an account": (
        "replica_accounts: [{account: '111122223333', region: eu-central-1}]",
        "10: replica_accounts[0]: *",
    ),
    "another partition": ("replica_regions: [cn-north-1]", "10: replica_regions[0]: *"),
    "duplicate replica": (
        (
            "replica_regions: [eu-west-1]\n"
            "replica_accounts: [{account: '111122223333', region: eu-west-1}]"
        ),
        "11: replica_accounts[0]: replica-duplicate",
    ),
    "an account as a number": (
        "replica_accounts: [{account: 444455556666, region: eu-west-1}]",
        "10: replica_accounts[0].account: not-text",
    ),
    "an unknown Region of an account": (
        "replica_accounts: [{account: '444455556666', region: eu-vest-1}]",
        "10: replica_accounts[0].region: region-unknown",
    ),
    "a Region missing": (
        "replica_accounts: [{account: '444455556666'}]",
        "10: replica_accounts[0].region: key-missing",
    ),
    "too many": (
        "replica_accounts: ["
        + ", ".join(f"{{account: '{n:012}', region: eu-west-1}}" for n in range(26))
        + "]",
        "10: replica_accounts[0]: *",
    ),
    "nothing to replicate": (
        "replica_regions: [eu-west-1]\ndefaults: {replicate: false}",
        "10: replica_regions[0]: replica-empty",
    ),
}
ONE_PROBLEM |= {
    name: (f"{VALID}{CACHE}{replicas}\n", expected)
    for name, (replicas, expected) in REPLICAS.items()
}
# Replication selects by prefix, so a name may not begin another that stays at home.
ONE_PROBLEM["a prefix of what stays at home"] = (
    f"{VALID}{CACHE.replace('/cache', '/api-cache')}replica_regions: [eu-west-1]\n",
    "5: teams: *",
)


@pytest.mark.parametrize(("text", "expected"), ONE_PROBLEM.values(), ids=ONE_PROBLEM)
def test_a_problem_has_a_line_a_key_and_a_code(text: str, expected: str, write: Write) -> None:
    """One problem of the file is one diagnostic, and one line of the message."""
    [problem] = problems(load_environment, write(text))

    assert problem == expected or (expected[-1] == "*" and problem.startswith(expected[:-1]))


MESSAGES = {
    "a value": (
        _replace("production", "prod"),
        "3: profile: must be 'development', 'staging' or 'production', got 'prod'",
    ),
    "a key": (
        VALID + "alerts: {email: []}\n",
        "9: alerts.email: is not a key here; did you mean 'emails'? Allowed: emails, severity",
    ),
    "a number that is text": (
        _replace('"111122223333"', "111122223333"),
        (
            "1: account: must be text, but YAML reads the value as a number; put it in quotes: "
            '"111122223333"'
        ),
    ),
    "a number that YAML changed": (
        _replace('"111122223333"', "012345670123"),
        "1: account: must be text, but YAML reads the value as a number; put it in quotes",
    ),
    "a list": (
        VALID + "alerts: {emails: a@example.com}\n",
        "9: alerts.emails: must be a list, got 'a@example.com'; write ['a@example.com']",
    ),
    "a Region": (
        _replace("eu-central-1", "eu-centrall-1"),
        "2: region: 'eu-centrall-1' is not an AWS Region; did you mean 'eu-central-1'?",
    ),
    "a duplicate": (
        VALID + "  payments: {repositories: [web/shop]}\n",
        "9: teams.payments: duplicate key 'payments'",
    ),
}


@pytest.mark.parametrize(("text", "expected"), MESSAGES.values(), ids=MESSAGES)
def test_a_message_names_what_is_allowed(text: str, expected: str, write: Write) -> None:
    """It begins with file, line and key, then says what was given and what is allowed."""
    path = write(text)
    with pytest.raises(EnvironmentFileError) as caught:
        load_environment(path)

    assert f"{path}:{expected}" == str(caught.value)


def test_every_problem_is_reported_in_the_order_of_lines(write: Write) -> None:
    """One run reports everything that is to be corrected."""
    text = VALID.replace("eu-central-1", "Mars").replace('"111122223333"', "1")

    listed = problems(load_environment, write(text))
    assert ["1: account", "2: region"] == [problem.rpartition(": ")[0] for problem in listed]


def test_contradictory_defaults_have_a_place(write: Write) -> None:
    """Where images are replicated, defaults are the settings of undeclared repositories too."""
    text = _replace("- payments/api", "- {name: payments/api, tag_mutability_exceptions: []}")
    text += "defaults: {tag_mutability_exceptions: ['a*b*c*']}\nreplica_regions: [eu-west-1]\n"

    [problem] = problems(load_environment, write(text))
    assert problem.startswith("9: defaults: ")


def test_a_merge_key_is_followed(write: Write) -> None:
    """YAML's own means against repetition work."""
    text = _replace("- payments/api", "- &base {name: a/b, scan_on_push: false}") + (
        "      - {<<: *base, name: c/d}\n"
    )
    repositories = load_environment(write(text)).repositories
    assert [("a/b", False), ("c/d", False)] == [
        (repository.name, repository.settings.scan_on_push) for repository in repositories
    ]


def test_a_date_is_text(write: Write) -> None:
    """As in JSON, and as editors read it."""
    [repository] = load_environment(
        write(VALID + "defaults: {tags: {since: 2026-11-24}}\n")
    ).repositories

    assert {"since": "2026-11-24"} == repository.settings.tags


FILES = {
    "name": ("Prod_EU.yaml", VALID.encode(), "1: environment-name"),
    "encoding": ("prod.yaml", b"account: \xff\xfe", "file-unreadable"),
    "missing": ("prod.yaml", None, "file-unreadable"),
}


@pytest.mark.parametrize(("name", "content", "expected"), FILES.values(), ids=FILES)
def test_a_file_is_named_encoded_and_present(
    name: str, content: bytes | None, expected: str, tmp_path: Path
) -> None:
    """The file's name becomes the stage's and the stacks'; the encoding is UTF-8."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    assert [expected] == problems(load_environment, path)


def test_an_error_of_a_newer_pydantic_has_a_code() -> None:
    """An unknown type of error keeps pydantic's words."""
    error: ErrorDetails = {
        "type": "brand_new",
        "loc": ("region",),
        "msg": "Input should be newer",
        "input": "old",
    }
    [problem] = problems_of(parse_source("prod.yaml", VALID), error)
    assert (("region",), "brand-new", "Input should be newer, got 'old'", "") == problem


def test_an_empty_folder_is_rejected(tmp_path: Path) -> None:
    """An app without environments would deploy nothing."""
    assert [f"{tmp_path.name}: folder-empty"] == problems(load_environments, tmp_path)


REPLICATED = VALID + "replica_regions: [eu-west-1]\n"
ALERTS = VALID + "alerts: {emails: [a@example.com]}\n"
PUSHED = VALID + "defaults: {push: {github: acme/payments, branches: [main]}}\n"
IN_WEST = VALID.replace("eu-central-1", "eu-west-1")
FOLDERS: dict[str, tuple[list[str], list[str]]] = {
    "two accounts": ([VALID, VALID.replace("111122223333", "222233334444")], []),
    "two sets of repositories in one account": ([VALID, VALID.replace("payments/", "web/")], []),
    "problems of two files": (
        [VALID.replace("production", "prod"), VALID.replace("eu-central-1", "eu-moon-1")],
        ["a.yaml: 3: profile: value-unknown", "b.yaml: 2: region: region-unknown"],
    ),
    "one repository": (
        [VALID, VALID],
        ["b.yaml: 8: teams.payments.repositories[0]: repository-shared"],
    ),
    "a replica's repository": (
        [REPLICATED, IN_WEST],
        ["b.yaml: 8: teams.payments.repositories[0]: repository-shared"],
    ),
    "one registry": (
        [REPLICATED, REPLICATED.replace("payments/", "web/")],
        ["b.yaml: 2: region: registry-shared", "b.yaml: 9: replica_regions: registry-shared"],
    ),
    "alerts of one registry": (
        [ALERTS, ALERTS.replace("payments/", "web/"), VALID.replace("payments/", "shop/")],
        ["b.yaml: 9: alerts: alerts-shared"],
    ),
    "one OIDC provider": (
        [PUSHED, PUSHED.replace("payments/api", "web/shop")],
        ["b.yaml: 8: teams.payments.repositories[0]: ci-provider-shared"],
    ),
    "an OIDC provider that exists": (
        [PUSHED, PUSHED.replace("payments/api", "web/shop") + "existing_ci_providers: [github]\n"],
        [],
    ),
    "an OIDC provider in two accounts": (
        [PUSHED, PUSHED.replace("111122223333", "222233334444")],
        [],
    ),
}


@pytest.mark.parametrize(("texts", "expected"), FOLDERS.values(), ids=FOLDERS)
def test_files_are_loaded_together(
    texts: list[str], expected: list[str], write: Write, tmp_path: Path
) -> None:
    """What exists once in a registry or account is in one file only."""
    for name, text in zip("abc", texts, strict=False):
        write(text, f"{name}.yaml")

    if expected:
        assert expected == problems(load_environments, tmp_path)
    else:
        assert ["a", "b"] == list(load_environments(tmp_path))


def test_push_commands_need_no_pydantic() -> None:
    """The command line reads environment files, and does not load the app's dependencies."""
    program = (
        "import sys; sys.modules['pydantic'] = None; sys.modules['aws_cdk'] = None\n"
        "from ecr_constructs.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    command = ["push-commands", "payments/api", "--environment", "environments/prod.yaml"]
    subprocess.run([sys.executable, "-c", program, *command], check=True, cwd=ROOT)
