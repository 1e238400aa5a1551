"""Environment files: what is rejected, with file, line, key and code."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic_core import ErrorDetails
from syrupy.assertion import SnapshotAssertion

from ecr_constructs.environment.loading import load_environment, load_environments, problems_of
from ecr_constructs.environment.source import EnvironmentFileError, parse_source
from tests.app.conftest import ROOT, problems
from tests.app.test_push import BITBUCKET, CIRCLECI, OTHER, UUID

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

REPOSITORY = "teams.payments.repositories[0]"

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


# A text of the file, what replaces it, and the problem as ``line: key: code``.
REPLACED = {
    "a number": ('"111122223333"', "111122223333", "1: account: not-text"),
    "a number that YAML reads as octal": ('"111122223333"', "012345670123", "1: account: not-text"),
    "too short": ('"111122223333"', '"1111"', "1: account: account-id-format"),
    "missing": ('account: "111122223333"\n', "", "1: account: key-missing"),
    "null": ('"111122223333"', "", "1: account: not-text"),
    "in words": ("eu-central-1", "Frankfurt", "2: region: region-format"),
    "that does not exist": ("eu-central-1", "eu-centrall-1", "2: region: region-unknown"),
    "unlike any other": ("eu-central-1", "xx-y-1", "2: region: region-unknown"),
    "unknown": ("production", "prod", "3: profile: value-unknown"),
    "wildcard": ("o-a1b2c3d4e5", '"o-*"', "4: organization: organization-id-wildcard"),
    "short": ("o-a1b2c3d4e5", "o-a1b2", "4: organization: organization-id-format"),
    "misspelt": ("organization:", "organisation:", "4: organisation: key-unknown"),
    "in capitals": ("  payments:", "  Payments:", "6: teams.Payments: team-name"),
    **{
        f"named {name}": ("  payments:", f"  {name}:", f"6: teams.{name}: team-name-reserved")
        for name in ("alerts", "key", "push", "registry")
    },
    "with a name for which no stack has one": (
        *("  payments:", f"  {'p' * 120}:"),
        f"6: teams.{'p' * 120}: stack-name-length",
    ),
    "without repositories": (
        *("repositories:\n      - payments/api", "repositories: []"),
        "7: teams.payments.repositories: too-few",
    ),
    "no teams": (VALID[VALID.index("teams:") :], "", "1: teams: key-missing"),
    "a list": (VALID[VALID.index("teams:") :], "teams: [a]\n", "5: teams: not-mapping"),
    "a mapping": (
        *("- payments/api", "payments/api: {}"),
        "7: teams.payments.repositories: not-list",
    ),
    **{
        name: ("payments/api", name, f"8: {REPOSITORY}.name: repository-name-{code}")
        for name, code in {
            "Payments/API": "characters",
            "payments/api:latest": "characters",
            "111122223333.dkr.ecr.eu-central-1.amazonaws.com/payments/api": "is-uri",
            "payments//api": "slashes",
        }.items()
    },
    "without a name": (
        "- payments/api",
        "- scan_on_push: true",
        f"8: {REPOSITORY}.name: key-missing",
    ),
    "not a mapping": (VALID, "- a\n- b\n", "1: not-mapping"),
    "empty": (VALID, "", "1: not-mapping"),
}

# Lines at the end of the file; the first is line 9.
ADDED = {
    "defaults: {acknowledge: {ECR1: Tags move.}}": (
        "9: defaults.acknowledge.ECR1: acknowledgment-rule-unknown"
    ),
    "defaults: {acknowledge: {ECR012: ' '}}": (
        "9: defaults.acknowledge.ECR012: acknowledgment-reason-missing"
    ),
    "zzz: 1": "9: zzz: key-unknown",
    "    push: {branches: [main]}": "9: teams.payments.push: push-not-one-key",
    "alerts:\n  emails:\n    - a@example.com\n    - platform": "12: alerts.emails[1]: email-format",
    "alerts:\n  emails: [a@example.com, a@example.com]": "10: alerts.emails[1]: email-duplicate",
    "    pusch: {}": "9: teams.payments.pusch: key-unknown",
    "alerts: {emails: a@example.com}": "9: alerts.emails: not-list",
    "      - 12": "9: teams.payments.repositories[1]: not-mapping",
    "alerts: {severity: high}": "9: alerts.severity: value-unknown",
    "alerts: {email: [a@example.com]}": "9: alerts.email: key-unknown",
    "      - payments/api": "9: teams.payments.repositories[1]: repository-duplicate",
    "  web:\n    repositories: [payments/api]": (
        "10: teams.web.repositories[0]: repository-duplicate"
    ),
    "  payments:\n    repositories: [web/shop]": "9: teams.payments: key-duplicate",
    "defaults: {tags: {on: call}}": "9: defaults.tags.True: key-not-text",
    "\n".join(f"      - payments/api-{number}" for number in range(500)): (
        "7: teams.payments.repositories: team-too-large"
    ),
    "x: [1,": "10: yaml-invalid",
    "\tx: 1": "9: yaml-invalid",
    "x: !!python/name:os.system x": "9: yaml-invalid",
    "x: &a [*a]": "yaml-invalid",
    # Where images are replicated, defaults are the settings of undeclared repositories too.
    "defaults: {tag_mutability_exceptions: ['a*b*c*']}\nreplica_regions: [eu-west-1]": (
        "9: defaults.tag_mutability_exceptions[0]: mutability-filter-wildcards"
    ),
    "defaults: {lifecycle: [{keep_last: {count: 5}}, {expire: {after_days: 5}}]}": (
        "9: defaults.lifecycle[0]: rule-priority-order"
    ),
}

# Settings of the repository, the problem's key below it, and the code.
SETTINGS = {
    "tag_mutability: on": "tag_mutability: value-unknown",
    "tag_mutability_exceptions: latest": "tag_mutability_exceptions: not-list",
    "tag_mutability_exceptions: ['a*b*c*']": (
        "tag_mutability_exceptions[0]: mutability-filter-wildcards"
    ),
    "encryption: kms": "encryption: value-unknown",
    "encryption: dual_layer": "encryption: encryption-type-region",
    "scan_on_push: 'yes'": "scan_on_push: not-boolean",
    "retention: long": "retention: value-unknown",
    "{retention: staging, lifecycle: []}": "retention: lifecycle-twice",
    "lifecycle: {keep_last: 5}": "lifecycle: not-list",
    "lifecycle: [{keep_last: 5}]": "lifecycle[0].keep_last: not-mapping",
    "lifecycle: [{keep_last: {count: 0}}]": "lifecycle[0].keep_last.count: number-too-small",
    "lifecycle: [{keep_last: {count: many}}]": "lifecycle[0].keep_last.count: not-integer",
    "lifecycle: [{keep_lest: {count: 1}}]": "lifecycle[0].keep_lest: key-unknown",
    "lifecycle: [{}]": "lifecycle[0]: rule-not-one-key",
    "lifecycle: [{keep_last: {count: 1}, expire: {after_days: 1}}]": (
        "lifecycle[0]: rule-not-one-key"
    ),
    "lifecycle: [{archive: {}}]": "lifecycle[0].archive: archive-age-count",
    "lifecycle: [{expire_archived: {after_days: 30}}]": (
        "lifecycle[0].expire_archived.after_days: number-too-small"
    ),
    "lifecycle: [{protect: {tag_pattern: '*****'}}]": (
        "lifecycle[0].protect.tag_pattern: tag-wildcards"
    ),
    "lifecycle: [{expire: {after_days: 1, tag_patterns: [a, '*****']}}]": (
        "lifecycle[0].expire.tag_patterns[1]: tag-wildcards"
    ),
    "lifecycle: [{keep_last: {count: 5}}, {expire: {after_days: 5}}]": (
        "lifecycle[0]: rule-priority-order"
    ),
    # The protected tags are the first rule of the policy.
    "{lifecycle: [{keep_last: {count: 5}}, {expire: {after_days: 5}}], protect_tags: [v1]}": (
        "lifecycle[0]: rule-priority-order"
    ),
    "{lifecycle: [{keep_last: {count: 5}}, {expire: {after_days: 5}}], protect_in_use: true}": (
        "lifecycle[0]: rule-priority-order"
    ),
    "protect_in_use: maybe": "protect_in_use: not-boolean",
    f"protect_tags: {[f'v{number}' for number in range(60)]}": "protect_tags: rule-count",
    "protect_tags: ['*****']": "protect_tags: tag-wildcards",
    "protect_tags: v*": "protect_tags: not-list",
    "push: {branches: [main]}": "push: push-not-one-key",
    "push: {github: a/b, gitlab: a/b, branches: [main]}": "push: push-not-one-key",
    "push: {guthub: a/b}": "push.guthub: key-unknown",
    "push: acme/payments": "push: not-mapping",
    "push: {github: 'acme/*', branches: [main]}": "push.github: github-repository-wildcard",
    "push: {github: a/b, branches: ['*']}": "push.branches[0]: ci-selection-matches-all",
    "push: {github: a/b, branches: [main], url: 'http://example.com'}": (
        "push.url: issuer-url-format"
    ),
    "push: {github: a/b, branches: [main], session_hours: 24}": (
        "push.session_hours: number-too-large"
    ),
    "push: {gitlab: acme/payments}": "push: ci-selection-missing",
    "push: {gitlab: acme, branches: [main]}": "push.gitlab: gitlab-project-format",
    "push: {gitlab: a/b, environments: [prod]}": "push.environments: push-selector-unsupported",
    f"push: {{bitbucket: {BITBUCKET}, branches: [main], tags: [v1]}}": (
        "push.branches: push-selector-unsupported"
    ),
    f"push: {{environments: [{UUID}], bitbucket: {BITBUCKET.replace(OTHER, 'api')}}}": (
        "push.bitbucket.repository_uuid: uuid-format"
    ),
    f"push: {{branches: [main], url: 'https://example.com', circleci: {CIRCLECI}}}": (
        "push.url: push-url-unsupported"
    ),
    f"push: {{branches: [main], audience: acme, circleci: {CIRCLECI}}}": (
        "push.audience: push-audience-unsupported"
    ),
    "push: {github: a/b, branches: [main], audience: ''}": "push.audience: issuer-audience-length",
    "push: {github: a/b, branches: [main], match: all}": "push.match: ci-match-incomplete",
    "push: {gitlab: a/b, branches: [main], match: all}": "push.match: push-selector-unsupported",
    "push: {github: a/b, branches: [main], claims: {repository_owner: a}}": (
        "push.claims.repository_owner: ci-claim-not-read"
    ),
    f"push: {{branches: [main], circleci: {CIRCLECI.replace(f'project_id: {OTHER}, ', '')}}}": (
        "push.circleci.project_id: key-missing"
    ),
    "pull_accounts: [111122223333]": "pull_accounts[0]: not-text",
    "pull_principals: ['*']": "pull_principals[0]: principal-arn-wildcard",
    "push_principals: [ci]": "push_principals[0]: principal-arn-format",
    "tags: {since: 2026}": "tags.since: not-text",
    "tags: {'aws:team': a}": "tags.aws:team: tag-key-reserved-prefix",
    "tags: {team: ''}": "tags.team: tag-value-length",
}

CACHE = "      - {name: payments/cache, replicate: false}\n"
TWICE = "replica_accounts: [{account: '111122223333', region: eu-west-1}]"
MANY = ", ".join(f"{{account: '{number:012}', region: eu-west-1}}" for number in range(26))
# Lines after another repository, which stays at home; the first is line 10.
REPLICAS = {
    "replica_regions: [eu-west-1, eu-vest-2]": "10: replica_regions[1]: region-unknown",
    "replica_regions: [eu-central-1]": (
        "10: replica_regions[0]: replication-destination-is-source"
    ),
    "replica_accounts: [{account: '111122223333', region: eu-central-1}]": (
        "10: replica_accounts[0]: replication-destination-is-source"
    ),
    "replica_regions: [cn-north-1]": "10: replica_regions[0]: replication-destination-partition",
    f"replica_regions: [eu-west-1]\n{TWICE}": "11: replica_accounts[0]: replica-duplicate",
    "replica_accounts: [{account: 444455556666, region: eu-west-1}]": (
        "10: replica_accounts[0].account: not-text"
    ),
    "replica_accounts: [{account: '444455556666', region: eu-vest-1}]": (
        "10: replica_accounts[0].region: region-unknown"
    ),
    "replica_accounts: [{account: '444455556666'}]": "10: replica_accounts[0].region: key-missing",
    f"replica_accounts: [{MANY}]": "10: replica_accounts[0]: replication-destination-count",
    "replica_regions: [eu-west-1]\ndefaults: {replicate: false}": (
        "10: replica_regions[0]: replica-empty"
    ),
    # Replication selects by prefix, so a name may not begin another that stays at home.
    "      - {name: payments/api-cache, replicate: false}\nreplica_regions: [eu-west-1]": (
        "5: teams: prefix-ambiguous"
    ),
}


def _with_setting(setting: str) -> str:
    """Return the file with a setting of the repository on line 9, or with several on line 8."""
    if setting.startswith("{"):
        return _replace("- payments/api", f"- {{name: payments/api, {setting[1:]}")
    return _replace("- payments/api", f"- name: payments/api\n        {setting}")


ONE_PROBLEM = {
    **{
        f"{expected.split(': ')[1]} {name}": (_replace(old, new), expected)
        for name, (old, new, expected) in REPLACED.items()
    },
    **{text[:90]: (f"{VALID}{text}\n", expected) for text, expected in ADDED.items()},
    **{
        setting[:90]: (
            _with_setting(setting),
            f"{8 if setting.startswith('{') else 9}: {REPOSITORY}.{expected}",
        )
        for setting, expected in SETTINGS.items()
    },
    **{text[:90]: (f"{VALID}{CACHE}{text}\n", expected) for text, expected in REPLICAS.items()},
}


@pytest.mark.parametrize(("text", "expected"), ONE_PROBLEM.values(), ids=ONE_PROBLEM)
def test_a_problem_has_a_line_a_key_and_a_code(text: str, expected: str, write: Write) -> None:
    """One problem of the file is one diagnostic, and one line of the message."""
    assert [expected] == problems(load_environment, write(text))


def test_messages(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    """A message says what was given and what is allowed; this snapshot has the words."""
    path = tmp_path / "prod.yaml"
    messages = {}
    for name, (text, _) in ONE_PROBLEM.items():
        path.write_text(text, encoding="utf-8")
        with pytest.raises(EnvironmentFileError) as caught:
            load_environment(path)
        messages[name] = str(caught.value).removeprefix(f"{tmp_path}/")

    assert snapshot == "\n".join(f"{name!r}\n    {text}" for name, text in messages.items())


def test_every_problem_is_reported_in_the_order_of_lines(write: Write) -> None:
    """One run reports everything that is to be corrected."""
    text = VALID.replace("eu-central-1", "Mars").replace('"111122223333"', "1")

    listed = problems(load_environment, write(text))
    assert ["1: account", "2: region"] == [problem.rpartition(": ")[0] for problem in listed]


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
    "a name for which one stack has none": (
        f"{'p' * 116}.yaml",
        VALID.replace("payments:", "web:").encode(),
        "1: stack-name-length",
    ),
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


@pytest.mark.parametrize("level", ["defaults", "repository"])
def test_a_missing_organization_may_not_pull(level: str, write: Write) -> None:
    """The setting would admit nobody; to deny it is sound."""
    setting = "organization_may_pull: true"
    text = f"{VALID}defaults: {{{setting}}}\n" if level == "defaults" else _with_setting(setting)
    alone = "".join(line for line in text.splitlines(keepends=True) if "organization:" not in line)
    place = "defaults" if level == "defaults" else REPOSITORY
    assert load_environment(write(text)).repositories
    assert load_environment(write(alone.replace("true", "false"))).repositories
    assert [f"8: {place}.organization_may_pull: organization-missing"] == problems(
        load_environment, write(alone)
    )


def test_a_file_with_another_ending_is_rejected(tmp_path: Path, write: Write) -> None:
    """Nobody would notice that its environment is missing; files of other kinds are not read."""
    write(VALID)
    for name in ("staging.yml", "live.YAML", "environment.schema.json", "README.md"):
        (tmp_path / name).write_text(VALID, encoding="utf-8")

    assert problems(load_environments, tmp_path) == [
        "live.YAML: file-name",
        "staging.yml: file-name",
    ]


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("payments/api", "write ['payments/api']"),
        ("", "write a hyphen before each item"),
        ("{name: payments/api}", "write a hyphen before each item"),
        ("'[\"payments/api\"]'", "write a hyphen before each item"),
        ("[12]", 'write a name in quotes: "12"'),
        ("[[payments/api]]", ""),
    ],
)
def test_what_is_not_a_list_has_a_remedy(value: str, remedy: str, write: Write) -> None:
    """It can be copied, or says what is missing; it is not what was written, in brackets."""
    text = VALID.partition("    repositories:")[0] + f"    repositories: {value}\n"
    with pytest.raises(EnvironmentFileError) as raised:
        load_environment(write(text))
    assert [remedy] == [problem.remedy for problem in raised.value.diagnostics]


REPLICATED = VALID + "replica_regions: [eu-west-1]\n"
ALERTS = VALID + "alerts: {emails: [a@example.com]}\n"
PUSHED = VALID + "defaults: {push: {github: acme/payments, branches: [main]}}\n"
SHARED = f"b.yaml: 8: {REPOSITORY}: "


def _web(text: str) -> str:
    return text.replace("payments/", "web/")


def _account(text: str) -> str:
    return text.replace("111122223333", "222233334444")


FOLDERS: dict[str, tuple[list[str], list[str]]] = {
    "two accounts": ([VALID, _account(VALID)], []),
    "two sets of repositories in one account": ([VALID, _web(VALID)], []),
    "problems of two files": (
        [_replace("production", "prod"), _replace("eu-central-1", "eu-moon-1")],
        ["a.yaml: 3: profile: value-unknown", "b.yaml: 2: region: region-unknown"],
    ),
    "one repository": ([VALID, VALID], [f"{SHARED}repository-shared"]),
    "a replica's repository": (
        [REPLICATED, _replace("eu-central-1", "eu-west-1")],
        [f"{SHARED}repository-shared"],
    ),
    "one registry": (
        [REPLICATED, _web(REPLICATED)],
        ["b.yaml: 2: region: registry-shared", "b.yaml: 9: replica_regions: registry-shared"],
    ),
    "alerts of one registry": (
        [ALERTS, _web(ALERTS), _replace("payments/", "shop/")],
        ["b.yaml: 9: alerts: alerts-shared"],
    ),
    "one OIDC provider": (
        [PUSHED, PUSHED.replace("payments/api", "web/shop")],
        [f"{SHARED}ci-provider-shared"],
    ),
    "an OIDC provider that exists": (
        [PUSHED, PUSHED.replace("payments/api", "web/shop") + "existing_ci_providers: [github]\n"],
        [],
    ),
    "an OIDC provider in two accounts": ([PUSHED, _account(PUSHED)], []),
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
