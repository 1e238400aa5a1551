"""Environment files: what is refused, and how it is said."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic_core import ErrorDetails

from ecr_constructs.environment.errors import sentence
from ecr_constructs.environment.loading import load_environment, load_environments
from ecr_constructs.environment.yaml_file import EnvironmentFileError, read_yaml

SOUND = """\
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
    """Return a function that writes an environment file and gives its path."""

    def write_file(text: str, name: str = "prod.yaml") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def _refusal(path: Path) -> list[str]:
    """Return the lines of a refusal, without the folder."""
    with pytest.raises(EnvironmentFileError) as caught:
        load_environment(path)
    return str(caught.value).replace(f"{path.parent}/", "").splitlines()


def _replace(old: str, new: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new)


def test_a_sound_file_is_read(write: Write) -> None:
    """The smallest file there is gives an environment."""
    environment = load_environment(write(SOUND))
    assert (environment.account, environment.teams["payments"].repositories[0].name) == (
        "111122223333",
        "payments/api",
    )


ONE_FAULT = {
    "account as a number": (
        _replace('"111122223333"', "111122223333"),
        (
            "prod.yaml:1: account: must be text, but YAML reads 111122223333 as a number; put it "
            'in quotes: "111122223333"'
        ),
    ),
    "account that YAML reads as octal": (
        _replace('"111122223333"', "012345670123"),
        (
            "prod.yaml:1: account: must be text, but YAML reads 012345670123 as a number; put it "
            'in quotes: "012345670123"'
        ),
    ),
    "account too short": (
        _replace('"111122223333"', '"1111"'),
        "prod.yaml:1: account: '1111': an account id has 12 digits",
    ),
    "account missing": (
        _replace('account: "111122223333"\n', ""),
        "prod.yaml:1: account: is missing",
    ),
    "account null": (
        _replace('account: "111122223333"', "account:"),
        "prod.yaml:1: account: must be text, got nothing",
    ),
    "region in words": (
        _replace("eu-central-1", "Frankfurt"),
        "prod.yaml:2: region: 'Frankfurt': a Region is written like 'eu-central-1'",
    ),
    "region that does not exist": (
        _replace("eu-central-1", "eu-centrall-1"),
        (
            "prod.yaml:2: region: 'eu-centrall-1' is not a Region that the installed aws-cdk-lib "
            "knows; did you mean 'eu-central-1'?"
        ),
    ),
    "profile unknown": (
        _replace("production", "prod"),
        "prod.yaml:3: profile: must be 'development', 'staging' or 'production', got 'prod'",
    ),
    "organization wildcard": (
        _replace("o-a1b2c3d4e5", '"o-*"'),
        (
            "prod.yaml:4: organization: 'o-*': a wildcard would admit every AWS account there is; "
            "write the whole id"
        ),
    ),
    "organization too short": (
        _replace("o-a1b2c3d4e5", "o-a1b2"),
        (
            "prod.yaml:4: organization: 'o-a1b2': an organization id is 'o-' and 10 to 32 "
            "lowercase letters or digits"
        ),
    ),
    "acknowledgment of no rule": (
        SOUND + "defaults:\n  acknowledge: {ECR1: Tags move.}\n",
        (
            "prod.yaml:10: defaults.acknowledge: no rule is named 'ECR1'; "
            "`ecr-constructs check --list` names them"
        ),
    ),
    "acknowledgment without a reason": (
        SOUND + 'defaults:\n  acknowledge: {ECR012: " "}\n',
        (
            "prod.yaml:10: defaults.acknowledge: ECR012 is acknowledged without a reason; "
            "say why it need not be kept"
        ),
    ),
    "key misspelt": (
        _replace("organization:", "organisation:"),
        (
            "prod.yaml:4: organisation: is not a key here, did you mean 'organization'? Allowed: "
            "account, region, profile, organization, key_administrators, replica_regions, "
            "replica_accounts, replicate_deletions, existing_ci_providers, alerts, defaults, teams"
        ),
    ),
    "key unlike any other": (
        SOUND + "zzz: 1\n",
        (
            "prod.yaml:9: zzz: is not a key here; Allowed: account, region, profile, organization, "
            "key_administrators, replica_regions, replica_accounts, replicate_deletions, "
            "existing_ci_providers, alerts, defaults, teams"
        ),
    ),
    "an address that is none": (
        SOUND + "alerts:\n  emails:\n    - a@example.com\n    - platform\n",
        (
            "prod.yaml:12: alerts.emails[1]: 'platform': must be an e-mail address, such as "
            "'platform@example.com'"
        ),
    ),
    "an address twice": (
        SOUND + "alerts:\n  emails: [a@example.com, a@example.com]\n",
        "prod.yaml:10: alerts.emails: 'a@example.com' is listed twice",
    ),
    "an address alone": (
        SOUND + "alerts: {emails: a@example.com}\n",
        (
            "prod.yaml:9: alerts.emails: must be a list, got 'a@example.com'; write "
            "['a@example.com']"
        ),
    ),
    "a severity that is none": (
        SOUND + "alerts: {severity: high}\n",
        (
            "prod.yaml:9: alerts.severity: must be 'INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH' or "
            "'CRITICAL', got 'high'"
        ),
    ),
    "a setting of alerts misspelt": (
        SOUND + "alerts: {email: [a@example.com]}\n",
        (
            "prod.yaml:9: alerts.email: is not a key here, did you mean 'emails'? Allowed: "
            "emails, severity"
        ),
    ),
    "alerts for a team of that name": (
        _replace("  payments:", "  alerts:"),
        (
            "prod.yaml:6: teams.alerts: is the name of a stack of the registry itself; call the "
            "team otherwise"
        ),
    ),
    "team named in capitals": (
        _replace("  payments:", "  Payments:"),
        (
            "prod.yaml:6: teams.Payments: 'Payments': a team is named in lowercase letters and "
            "digits, joined by single hyphens"
        ),
    ),
    "team named as a stack of ours": (
        _replace("  payments:", "  key:"),
        (
            "prod.yaml:6: teams.key: is the name of a stack of the registry itself; call the team "
            "otherwise"
        ),
    ),
    "team without repositories": (
        _replace("repositories:\n      - payments/api", "repositories: []"),
        "prod.yaml:7: teams.payments.repositories: must hold at least 1",
    ),
    "teams missing": (
        SOUND.partition("teams:")[0],
        "prod.yaml:1: teams: is missing",
    ),
    "repositories as a mapping": (
        _replace("- payments/api", "payments/api: {}"),
        (
            "prod.yaml:7: teams.payments.repositories: must be a list, got {'payments/api': {}}; "
            "write [{'payments/api': {}}]"
        ),
    ),
    "name in capitals": (
        _replace("payments/api", "Payments/API"),
        (
            "prod.yaml:8: teams.payments.repositories[0].name: 'Payments/API': may hold only a-z, "
            "0-9, '.', '_', '-' and '/', found 'A', 'I', 'P'; write 'payments/api'"
        ),
    ),
    "name with a tag": (
        _replace("payments/api", "payments/api:latest"),
        (
            "prod.yaml:8: teams.payments.repositories[0].name: 'payments/api:latest': may hold "
            "only a-z, 0-9, '.', '_', '-' and '/', found ':'; write 'payments/api'"
        ),
    ),
    "name given as a URI": (
        _replace("payments/api", "111122223333.dkr.ecr.eu-central-1.amazonaws.com/payments/api"),
        (
            "prod.yaml:8: teams.payments.repositories[0].name: "
            "'111122223333.dkr.ecr.eu-central-1.amazonaws.com/payments/api': is an image URI, not "
            "a name; write 'payments/api'"
        ),
    ),
    "name with two slashes": (
        _replace("payments/api", "payments//api"),
        (
            "prod.yaml:8: teams.payments.repositories[0].name: 'payments//api': must not begin or "
            "end with '/' nor hold '//'"
        ),
    ),
    "name missing": (
        _replace("- payments/api", "- scan_on_push: true"),
        "prod.yaml:8: teams.payments.repositories[0].name: is missing",
    ),
    "repository twice in a team": (
        SOUND + "      - payments/api\n",
        (
            "prod.yaml:9: teams.payments.repositories[1]: 'payments/api' stands twice, first as "
            "teams.payments.repositories[0]"
        ),
    ),
    "repository in two teams": (
        SOUND + "  web:\n    repositories: [payments/api]\n",
        (
            "prod.yaml:10: teams.web.repositories[0]: 'payments/api' stands twice, first as "
            "teams.payments.repositories[0]"
        ),
    ),
    "team twice": (
        SOUND + "  payments:\n    repositories: [web/shop]\n",
        "prod.yaml:9: teams.payments: stands twice, first in line 6",
    ),
    "too many repositories in a team": (
        SOUND + "".join(f"      - payments/api-{n}\n" for n in range(500)),
        (
            "prod.yaml:7: teams.payments.repositories: holds 501 repositories, and a team is one "
            "stack, which CloudFormation limits to 500 resources; split the team"
        ),
    ),
    "not a mapping": (
        "- a\n- b\n",
        "prod.yaml:1: must be a mapping with the keys account, region, profile, teams",
    ),
    "empty": ("", "prod.yaml:1: must be a mapping with the keys account, region, profile, teams"),
    "not YAML": (
        SOUND + "x: [1,\n",
        "prod.yaml:10: expected the node content, but found '<stream end>'",
    ),
    "a tab": (
        SOUND + "\tx: 1\n",
        "prod.yaml:9: found character '\\t' that cannot start any token",
    ),
    "a YAML tag of another program": (
        SOUND + "x: !!python/object:os.system {}\n",
        (
            "prod.yaml:9: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object:os.system'"
        ),
    ),
    "an alias to itself": (SOUND + "x: &a [*a]\n", "prod.yaml:1: cannot be read as YAML"),
}


@pytest.mark.parametrize(("text", "expected"), ONE_FAULT.values(), ids=ONE_FAULT.keys())
def test_a_fault_is_said_with_file_line_and_key(text: str, expected: str, write: Write) -> None:
    """What was given, what is allowed, and where it stands."""
    assert [expected] == _refusal(write(text))


SETTING = {
    "tag_mutability: on": "[0].tag_mutability: must be 'mutable' or 'immutable', got True",
    "tag_mutability_exceptions: latest": (
        "[0].tag_mutability_exceptions: must be a list, got 'latest'; write ['latest']"
    ),
    "tag_mutability_exceptions: ['a*b*c*']": (
        "[0]: Invalid tag mutability exclusion filters (value: ['a*b*c*']): - 'a*b*c*' may hold "
        "at most 2 '*', holds 3"
    ),
    "encryption: kms": (
        "[0].encryption: must be 'aes256', 'aws_managed', 'customer_managed' or 'dual_layer', "
        "got 'kms'"
    ),
    "encryption: dual_layer": (
        "[0]: Invalid encryption (value: KMS_DSSE, AWS managed key): - KMS_DSSE exists only in "
        "the AWS GovCloud (US) Regions, this repository is in eu-central-1; write "
        "Encryption.customer_managed(key)"
    ),
    "scan_on_push: 'yes'": "[0].scan_on_push: must be true or false, got 'yes'",
    "retention: long": (
        "[0].retention: must be 'development', 'staging' or 'production', got 'long'"
    ),
    "lifecycle: {keep_last: 5}": (
        "[0].lifecycle: must be a list, got {'keep_last': 5}; write [{'keep_last': 5}]"
    ),
    "lifecycle: [{keep_last: 5}]": (
        "[0].lifecycle[0].keep_last: must be a mapping of keys to values, got 5"
    ),
    "lifecycle: [{keep_last: {count: 0}}]": (
        "[0].lifecycle[0].keep_last.count: must be at least 1, got 0"
    ),
    "lifecycle: [{keep_last: {count: many}}]": (
        "[0].lifecycle[0].keep_last.count: must be a whole number, got 'many'"
    ),
    "lifecycle: [{keep_lest: {count: 1}}]": (
        "[0].lifecycle[0].keep_lest: is not a key here, did you mean 'keep_last'? Allowed: "
        "expire_untagged, expire, keep_last, protect, archive, expire_archived"
    ),
    "lifecycle: [{}]": (
        "[0].lifecycle[0]: a rule has exactly one of the keys expire_untagged, expire, keep_last, "
        "protect, archive, expire_archived; got none"
    ),
    "lifecycle: [{archive: {}}]": (
        "archive needs exactly one of not_pulled_for_days and after_days, got none"
    ),
    "lifecycle: [{expire_archived: {after_days: 30}}]": (
        "[0].lifecycle[0]: Invalid lifecycle rule (value: "
        '{"selection":{"tagStatus":"any","storageClass":"archive","countType":'
        '"sinceImageTransitioned","countUnit":"days","countNumber":30},"action":'
        '{"type":"expire"}}): - selection.countNumber: must be at least 90 with '
        "sinceImageTransitioned, got 30"
    ),
    "lifecycle: [{keep_last: {count: 5}}, {expire: {after_days: 5}}]": (
        "[0]: Invalid lifecycle policy"
    ),
    "protect_tags: v*": "[0].protect_tags: must be a list, got 'v*'; write ['v*']",
    "pull_accounts: [111122223333]": (
        "[0].pull_accounts[0]: must be text, but YAML reads 111122223333 as a number; put it in "
        'quotes: "111122223333"'
    ),
    "pull_principals: ['*']": (
        "[0].pull_principals[0]: '*': a principal cannot hold a wildcard; name each role, or "
        "admit its account"
    ),
    "push_principals: [ci]": (
        "[0].push_principals[0]: 'ci': must be the ARN of a role or user, "
        "'arn:aws:iam::ACCOUNT:role/NAME'"
    ),
    "tags: {since: 2026-11-24}": (
        "[0].tags.since: must be text, but YAML reads 2026-11-24 as a date; put it in quotes: "
        '"2026-11-24"'
    ),
    "tags: {'aws:team': a}": (
        "[0].tags: key 'aws:team' begins with 'aws:', which is reserved for AWS"
    ),
    "tags: {team: ''}": ("[0].tags: the value of 'team' must be 1 to 255 characters long, is 0"),
}


@pytest.mark.parametrize(("setting", "expected"), SETTING.items(), ids=SETTING.keys())
def test_a_faulty_setting_is_said_with_its_line(setting: str, expected: str, write: Write) -> None:
    """A repository's own settings are judged where they stand."""
    text = _replace("- payments/api", f"- name: payments/api\n        {setting}")
    [line] = _refusal(write(text))
    assert re.match(r"prod\.yaml:[89]: teams\.payments\.repositories\[0\]", line)
    assert expected in line


def test_every_fault_of_a_file_is_said_in_its_order(write: Write) -> None:
    """One run tells all there is to mend."""
    text = SOUND.replace("eu-central-1", "Mars").replace('"111122223333"', "1")
    assert [line.split(" ")[0] for line in _refusal(write(text))] == [
        "prod.yaml:1:",
        "prod.yaml:2:",
    ]


def test_a_merge_key_is_followed(write: Write) -> None:
    """What YAML itself offers for repetition works."""
    text = _replace("- payments/api", "- &base {name: a/b, scan_on_push: false}") + (
        "      - {<<: *base, name: c/d}\n"
    )
    repositories = load_environment(write(text)).teams["payments"].repositories
    assert [(r.name, r.scan_on_push) for r in repositories] == [("a/b", False), ("c/d", False)]


def test_a_file_is_named_like_an_environment(write: Write) -> None:
    """The file's name becomes the stage's and the stacks'."""
    assert _refusal(write(SOUND, "Prod_EU.yaml")) == [
        (
            "Prod_EU.yaml:1: the file's name is the environment's: lowercase letters and digits, "
            "joined by single hyphens; got 'Prod_EU'"
        )
    ]


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """Another encoding is named, not guessed."""
    path = tmp_path / "prod.yaml"
    path.write_bytes(b"account: \xff\xfe")
    assert _refusal(path) == ["prod.yaml: is not UTF-8 text"]


def test_a_file_that_is_missing_is_refused(tmp_path: Path) -> None:
    """The operating system's reason is passed on."""
    assert _refusal(tmp_path / "prod.yaml") == ["prod.yaml: No such file or directory"]


def test_environments_are_named_after_their_files(write: Write) -> None:
    """A folder gives every environment in it."""
    folder = write(SOUND, "prod.yaml").parent
    write(SOUND.replace("111122223333", "222233334444"), "dev.yaml")
    assert ["dev", "prod"] == list(load_environments(folder))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    """An app without environments deploys nothing, and says so."""
    with pytest.raises(EnvironmentFileError, match=r"holds no environment; write one, such as"):
        load_environments(tmp_path)


def test_the_faults_of_all_files_are_said(write: Write) -> None:
    """One faulty file does not hide another."""
    folder = write(SOUND.replace("production", "prod"), "a.yaml").parent
    write(SOUND.replace("eu-central-1", "Mars"), "b.yaml")
    with pytest.raises(EnvironmentFileError) as caught:
        load_environments(folder)
    lines = str(caught.value).replace(f"{folder}/", "").splitlines()
    assert [line.split(" ")[0] for line in lines] == ["a.yaml:3:", "b.yaml:2:"]


def test_two_environments_cannot_own_one_repository(write: Write) -> None:
    """A name is unique in an account and Region, whichever file it stands in."""
    folder = write(SOUND, "a.yaml").parent
    write(SOUND, "b.yaml")
    with pytest.raises(EnvironmentFileError) as caught:
        load_environments(folder)
    assert str(caught.value).replace(f"{folder}/", "") == (
        "b.yaml:8: teams.payments.repositories[0]: 'payments/api' is in "
        "111122223333/eu-central-1 already, by a.yaml:8; a name is unique in a registry"
    )


def test_two_environments_may_share_an_account(write: Write) -> None:
    """Different repositories of one registry may come from two files."""
    folder = write(SOUND, "a.yaml").parent
    write(SOUND.replace("payments/api", "payments/worker"), "b.yaml")
    assert ["a", "b"] == list(load_environments(folder))


def test_a_fault_that_has_no_sentence_yet_is_said_in_pydantics_words(write: Write) -> None:
    """A kind of error that a newer pydantic brings is still answered in one line."""
    file = read_yaml(write(SOUND))
    error: ErrorDetails = {
        "type": "brand_new",
        "loc": ("region",),
        "msg": "Input should be newer",
        "input": "old",
    }
    assert sentence(file, error) == (("region",), "Input should be newer, got 'old'")


def test_a_registry_has_alerts_of_one_file(write: Write, tmp_path: Path) -> None:
    """They are about every repository of it, so two files would tell of each finding twice."""
    alerts = "alerts: {emails: [a@example.com]}\n"
    write(SOUND + alerts, "a.yaml")
    write(SOUND.replace("payments/", "web/") + alerts, "b.yaml")
    write(SOUND.replace("payments/", "shop/"), "c.yaml")
    with pytest.raises(EnvironmentFileError) as caught:
        load_environments(tmp_path)

    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "b.yaml:9: alerts: 111122223333/eu-central-1 is a registry that a.yaml has alerts for "
        "already, so each finding would be told of twice; name all addresses there"
    )
