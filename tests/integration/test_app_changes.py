"""What becomes of a registry that holds images when its environment file changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from ecr_constructs.environment.loading import load_environments
from local_aws import images, paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from local_aws.process import LocalAws
    from tests.support.embedded_aws import Cdk

    Repositories = dict[str, dict[str, Any]]
    Read = Callable[[ResolvedEnvironment], Repositories]

# Of its own: `test_app_deploy.py` reads what the shipped account holds.
ACCOUNT = "555566667777"
CHANGED = "storefront/web"
ADDED = "storefront/returns"


@dataclass(frozen=True)
class History:
    """An environment's life: deployed, changed, extended, destroyed."""

    created: Repositories
    updated: Repositories
    update: str
    difference: int
    extended: Repositories
    extension: str
    destroyed: Repositories
    stacks: list[str]
    key_state: str


def rewrite(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change an environment file."""
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(yaml.safe_dump(content), encoding="utf-8")


def alone(content: dict[str, Any]) -> None:
    """Move the environment to an account of its own, without replicas."""
    content["account"] = ACCOUNT
    del content["replica_regions"], content["replica_accounts"]


def relax(content: dict[str, Any]) -> None:
    """Change every setting of a repository that may change in place."""
    repositories = content["teams"]["storefront"]["repositories"]
    repositories[repositories.index(CHANGED)] = {
        "name": CHANGED,
        "lifecycle": [{"keep_last": {"count": 7}}],
        "tag_mutability_exceptions": ["latest"],
        "pull_accounts": ["444455556666"],
        "scan_on_push": False,
        "tags": {"tier": "edge"},
    }


@pytest.fixture(scope="module")
def history(
    local_aws: LocalAws,
    cdk: Cdk,
    deploy: Cdk,
    read_back: Read,
    tmp_path_factory: pytest.TempPathFactory,
) -> History:
    folder = tmp_path_factory.mktemp("environments")
    file = folder / "prod.yaml"
    file.write_bytes((paths.PROJECT / "environments" / "prod.yaml").read_bytes())
    rewrite(file, alone)
    before = load_environments(folder)["prod"]
    place = {"account": ACCOUNT, "region": before.region}
    local_aws.bootstrap([(ACCOUNT, before.region)])

    deploy("**", account=ACCOUNT, environments=folder)
    local_aws.registry(**place).push(f"{CHANGED}:v1", images.image("release"))
    created = read_back(before)

    rewrite(file, relax)
    update = deploy("**", account=ACCOUNT, environments=folder).stdout
    updated = read_back(before)
    difference = cdk("diff", "**", "--fail", account=ACCOUNT, environments=folder).returncode

    rewrite(file, lambda content: content["teams"]["storefront"]["repositories"].append(ADDED))
    extension = deploy("**", account=ACCOUNT, environments=folder).stdout
    after = load_environments(folder)["prod"]
    extended = read_back(after)

    done = cdk("destroy", "**", "--force", account=ACCOUNT, environments=folder)
    assert done.returncode == 0, done.stdout
    stacks = local_aws.client("cloudformation", **place).describe_stacks()["Stacks"]
    key = created[CHANGED]["encryption"]["kmsKey"]
    described = local_aws.client("kms", **place).describe_key(KeyId=key)
    return History(
        created=created,
        updated=updated,
        update=update,
        difference=difference,
        extended=extended,
        extension=extension,
        destroyed=read_back(after),
        stacks=[stack["StackName"] for stack in stacks],
        key_state=described["KeyMetadata"]["KeyState"],
    )


def unchanged(output: str) -> set[str]:
    """Return the stacks of which the CLI says that nothing changed."""
    return {line.split()[1] for line in output.splitlines() if "(no changes)" in line}


def test_a_change_is_made_in_place(history: History) -> None:
    """The repository is the one that was there, with its image; the settings are the new ones."""
    before, after = history.created[CHANGED], history.updated[CHANGED]

    assert after["identity"] == before["identity"]
    assert after["images"] == before["images"]
    assert len(after["images"]) == 1
    assert after["encryption"] == before["encryption"]
    assert after["tag mutability"] == ("IMMUTABLE_WITH_EXCLUSION", ["latest"])
    assert after["scan on push"] is False
    assert after["tags"] == {**before["tags"], "tier": "edge"}
    [rule] = after["lifecycle"]["rules"]
    assert rule["selection"]["countNumber"] == 7
    accounts = [statement["Principal"]["AWS"] for statement in after["policy"]["Statement"]]
    assert accounts == ["*", "arn:aws:iam::444455556666:root"]


def test_a_change_of_one_repository_leaves_the_others(history: History) -> None:
    """Nothing of theirs is touched, whether in its stack or in another."""
    assert {name for name in history.created if history.created[name] != history.updated[name]} == {
        CHANGED
    }
    assert unchanged(history.update) == {
        "Prod/Alerts",
        "Prod/Key",
        "Prod/Payments",
        "Prod/Platform",
        "Prod/Push",
    }


def test_an_update_leaves_no_difference(history: History) -> None:
    """`cdk diff --fail` finds nothing afterwards."""
    assert history.difference == 0


def test_another_repository_touches_one_stack(history: History) -> None:
    """The others have no changes, and the repositories that were there stay as they are."""
    assert unchanged(history.extension) == {
        "Prod/Alerts",
        "Prod/Key",
        "Prod/Payments",
        "Prod/Platform",
        "Prod/Push",
    }
    assert set(history.extended) == {*history.updated, ADDED}
    assert history.updated.items() <= history.extended.items()


def test_destroying_the_stacks_loses_no_image(history: History) -> None:
    """Every repository, its images and the key that decrypts them are still there."""
    assert history.stacks == ["CDKToolkit"]
    assert history.key_state == "Enabled"
    kept = ("identity", "encryption", "images")
    assert {
        name: [repository[k] for k in kept] for name, repository in history.destroyed.items()
    } == {name: [repository[k] for k in kept] for name, repository in history.extended.items()}
