"""Replicas in environment files: what is refused, and how it is said."""

from pathlib import Path

import pytest

from ecr_constructs.environment.loading import load_environment, load_environments
from ecr_constructs.environment.yaml_file import EnvironmentFileError

FILE = """\
account: "111122223333"
region: eu-central-1
profile: production
{replicas}
teams:
  payments:
    repositories:
      - payments/api
      - {{name: payments/cache, replicate: false}}
"""

FAULTS = {
    "unknown Region": (
        "replica_regions: [eu-west-1, eu-vest-2]",
        (
            "4: replica_regions[1]: 'eu-vest-2' is not a Region that the installed aws-cdk-lib "
            "knows; did you mean 'eu-west-2'?"
        ),
    ),
    "its own Region": (
        "replica_regions: [eu-central-1]",
        ("4: replica_regions[0]: 111122223333/eu-central-1 is this registry itself; leave it out"),
    ),
    "its own registry as an account": (
        "replica_accounts: [{account: '111122223333', region: eu-central-1}]",
        ("4: replica_accounts[0]: 111122223333/eu-central-1 is this registry itself; leave it out"),
    ),
    "another partition": (
        "replica_regions: [cn-north-1]",
        (
            "4: replica_regions[0]: 111122223333/cn-north-1 is in the partition aws-cn, this "
            "registry in aws; images are not replicated between partitions"
        ),
    ),
    "a replica twice": (
        (
            "replica_regions: [eu-west-1]\n"
            "replica_accounts: [{account: '111122223333', region: eu-west-1}]"
        ),
        (
            "5: replica_accounts[0]: 111122223333/eu-west-1 is a replica twice, first as "
            "replica_regions[0]"
        ),
    ),
    "an account as a number": (
        "replica_accounts: [{account: 444455556666, region: eu-west-1}]",
        (
            "4: replica_accounts[0].account: must be text, but YAML reads 444455556666 as a "
            'number; put it in quotes: "444455556666"'
        ),
    ),
    "an unknown Region of an account": (
        "replica_accounts: [{account: '444455556666', region: eu-vest-1}]",
        (
            "4: replica_accounts[0].region: 'eu-vest-1' is not a Region that the installed "
            "aws-cdk-lib knows; did you mean 'eu-west-1'?"
        ),
    ),
    "a Region missing": (
        "replica_accounts: [{account: '444455556666'}]",
        "4: replica_accounts[0].region: is missing",
    ),
    "too many": (
        "replica_accounts: ["
        + ", ".join(f"{{account: '{n:012}', region: eu-west-1}}" for n in range(26))
        + "]",
        (
            "4: replica_accounts[0]: a registry replicates to at most 25 different destinations, "
            "these are 26"
        ),
    ),
    "nothing to replicate": (
        "replica_regions: [eu-west-1]\ndefaults: {replicate: false}",
        "4: replica_regions[0]: is a replica of nothing: every repository says replicate: false",
    ),
}


def _refusal(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "prod.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EnvironmentFileError) as caught:
        load_environment(path)
    return str(caught.value).replace(f"{path}:", "").splitlines()


@pytest.mark.parametrize(("replicas", "expected"), FAULTS.values(), ids=FAULTS.keys())
def test_a_faulty_replica_is_said_with_its_line(
    replicas: str, expected: str, tmp_path: Path
) -> None:
    """What was given, what is allowed, and where it stands."""
    assert [expected] == _refusal(tmp_path, FILE.format(replicas=replicas))


def test_a_repository_that_no_prefix_tells_apart_is_refused(tmp_path: Path) -> None:
    """Replication selects by prefix, so a name may not begin another that stays at home."""
    text = FILE.format(replicas="replica_regions: [eu-west-1]").replace(
        "payments/cache", "payments/api-cache"
    )
    assert _refusal(tmp_path, text) == [
        (
            "5: teams: a replication rule selects by prefix, and 'payments/api' begins "
            "'payments/api-cache', which is not to be replicated; rename one of them, or "
            "replicate both or neither"
        )
    ]


def test_two_environments_cannot_configure_one_registry(tmp_path: Path) -> None:
    """A registry has one replication configuration, and the second would overwrite the first."""
    text = FILE.format(replicas="replica_regions: [eu-west-1]")
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "b.yaml").write_text(text.replace("payments/", "web/"), encoding="utf-8")
    with pytest.raises(EnvironmentFileError) as caught:
        load_environments(tmp_path)
    assert str(caught.value).replace(f"{tmp_path}/", "").splitlines() == [
        (
            f"b.yaml:{line}: {key}: {registry} is a registry that a.yaml configures already; a "
            "registry has one replication configuration and one policy, and the second would "
            "overwrite the first. Describe both in one file, or use another account"
        )
        for line, key, registry in (
            (2, "region", "111122223333/eu-central-1"),
            (4, "replica_regions", "111122223333/eu-west-1"),
        )
    ]


def test_a_replica_cannot_hold_what_another_environment_owns(tmp_path: Path) -> None:
    """A repository's name is unique at the replica as well."""
    home = FILE.format(replicas="replica_regions: [eu-west-1]")
    (tmp_path / "a.yaml").write_text(home, encoding="utf-8")
    other = FILE.format(replicas="organization: o-a1b2c3d4e5").replace("eu-central-1", "eu-west-1")
    (tmp_path / "b.yaml").write_text(other, encoding="utf-8")
    with pytest.raises(EnvironmentFileError) as caught:
        load_environments(tmp_path)
    assert str(caught.value).replace(f"{tmp_path}/", "") == (
        "b.yaml:8: teams.payments.repositories[0]: 'payments/api' is in 111122223333/eu-west-1 "
        "already, by a.yaml:8; a name is unique in a registry"
    )
