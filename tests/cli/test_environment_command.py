"""``ecr-constructs environment check`` and ``environment explain``."""

import subprocess
import sys
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Run, write

COMPANY = str(ROOT / "tests" / "app" / "company" / "prod.yaml")
KEY = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
SOUND = """\
account: "111122223333"
region: eu-central-1
organization: o-a1b2c3d4e5
profile: development
replica_regions: [eu-west-1]
defaults:
  tags: {environment: dev}
  acknowledge: {ECR115: The next build fills it.}
teams:
  shop:
    tags: {team: shop}
    push: {github: acme/shop, branches: [main]}
    repositories:
      - shop/web
      - name: shop/api
        tag_mutability: immutable
        tag_mutability_exceptions: [latest]
        encryption: {key: "KEY"}
        protect_tags: ["v*"]
        organization_may_pull: false
        pull_accounts: ["444455556666"]
        admit_lambda: true
        policy_statements:
          - Effect: Allow
            Principal: {AWS: "arn:aws:iam::444455556666:root"}
            Action: ecr:DescribeImages
        replicate: false
        tags: {tier: one}
        acknowledge: {ECR013: Scanned elsewhere.}
""".replace("KEY", KEY)
# A line of a file that is wrong, and its problem as ``path: code``, with what is meant.
MISTAKES = {
    "profile: Production": ("profile: value-unknown", "production"),
    "Region: eu-central-1": ("Region: key-unknown", "region"),
    "pullTimeUpdateExclusions: []": ("pullTimeUpdateExclusions: key-unknown", ""),
    "defaults: {imageTagMutability: MUTABLE}": (
        "defaults.imageTagMutability: key-unknown",
        "tag_mutability",
    ),
    "defaults: {tag_mutability: IMMUTABLE_WITH_EXCLUSION}": (
        "defaults.tag_mutability: value-unknown",
        "immutable",
    ),
    "defaults: {repositoryPolicyText: []}": (
        "defaults.repositoryPolicyText: key-unknown",
        "policy_statements",
    ),
    "defaults: {encryption: KMS}": ("defaults.encryption: value-unknown", "customer_managed"),
    "registry: {scanningConfiguration: {}}": (
        "registry.scanningConfiguration: key-unknown",
        "scanning",
    ),
    "registry: {pull_through_caches: [{upstream: Docker Hub}]}": (
        "registry.pull_through_caches[0].upstream: value-unknown",
        "docker_hub",
    ),
}


@pytest.fixture(autouse=True)
def _in_a_folder(folder: object) -> None:
    """Run in a folder of its own."""


def wrong(line: str) -> str:
    """Return a file with a line of its own in place of the one with the same key."""
    key = line.partition(":")[0]
    lines = [item for item in SOUND.splitlines() if not item.startswith(f"{key}:")]
    if key == "defaults":
        lines = [item for item in lines if not item.startswith(("  tags: {env", "  acknowledge"))]
    return "\n".join([line, *lines])


def test_sound_files_are_valid(run: Run) -> None:
    """A folder is all of its files."""
    write("environments/dev.yaml", SOUND)

    result = run("environment", "check")
    document = run("environment", "check", "environments/dev.yaml", "--format", "json").json

    assert (0, "") == (result.status, result.err)
    assert [True, []] == [document["valid"], document["findings"]]
    assert [
        {
            "file": "environments/dev.yaml",
            "name": "dev",
            "repositories": 2,
            "registries": ["111122223333/eu-central-1", "111122223333/eu-west-1"],
        }
    ] == document["environments"]


@pytest.mark.parametrize("line", MISTAKES)
def test_a_mistake_has_its_line_and_what_is_meant(run: Run, line: str) -> None:
    """Whether it is a typing error or AWS's own name."""
    expected, meant = MISTAKES[line]
    file = write("dev.yaml", wrong(line))

    result = run("environment", "check", file, "--format", "json")

    findings = {f"{item['path']}: {item['code']}": item for item in result.json["findings"]}
    assert 1 == result.status
    assert (file, 1) == (findings[expected]["file"], findings[expected]["line"])
    assert (repr(meant) in findings[expected]["remedy"]) == bool(meant)
    assert ("did you mean" in findings[expected]["remedy"]) == bool(meant)


def test_every_mistake_of_every_file_is_reported(run: Run) -> None:
    """Also those between files, and next to a file that cannot be read."""
    write("a.yaml", SOUND)
    write("b.yaml", SOUND.replace("shop/web", "shop//web").replace("profile: dev", "profile: def"))
    write("c.yaml", SOUND.replace("shop/api", "shop/other"))
    files = ("a.yaml", "b.yaml", "c.yaml", "missing.yaml")

    result = run("environment", "check", *files, "--format", "json")

    findings = {(item["file"], item["code"]) for item in result.json["findings"]}
    assert {
        ("b.yaml", "value-unknown"),
        ("c.yaml", "repository-shared"),
        ("c.yaml", "registry-shared"),
        ("missing.yaml", "file-unreadable"),
    } <= findings
    assert (2, ["file-unreadable"]) == (result.status, result.codes)
    text = run("environment", "check", *files).out.splitlines()
    assert "a.yaml: valid; 2 repositories in 2 registries" in text
    assert not [line for line in text if line.startswith("c.yaml: valid")]


def test_formats_of_code_hosts_have_the_line(run: Run) -> None:
    """As those of the command check do."""
    file = write("dev.yaml", wrong("profile: Production"))

    github = run("environment", "check", file, "--format", "github")
    sarif = run("environment", "check", file, "--format", "sarif").json["runs"][0]
    [issue] = run("environment", "check", file, "--format", "gitlab").json

    assert github.out.startswith("::error file=dev.yaml,line=1,title=value-unknown profile::")
    [result] = sarif["results"]
    assert ("value-unknown", "error") == (result["ruleId"], result["level"])
    assert {"id": "value-unknown"} in sarif["tool"]["driver"]["rules"]
    assert "ruleIndex" not in result
    assert ("value-unknown", 1) == (issue["check_name"], issue["location"]["lines"]["begin"])


def test_a_folder_without_files_is_an_error(run: Run) -> None:
    """Nothing was checked, so nothing is valid."""
    write("environments/readme.txt", "")

    result = run("environment", "check")

    assert (2, ["folder-empty"]) == (result.status, result.codes)
    write("environments/prod.yml", SOUND)
    assert ["file-name"] == run("environment", "check").codes
    named = run("environment", "check", "environments/prod.yml", "--format", "json")
    assert (1, ["file-name"]) == (named.status, [item["code"] for item in named.json["findings"]])


def explained(run: Run, file: str, repository: str) -> dict[str, tuple[Any, str, int | None]]:
    """Return value, level and line of each setting."""
    document = run("environment", "explain", file, repository, "--format", "json").json
    return {
        item["name"]: (item["value"], item["level"], item["line"]) for item in document["settings"]
    }


def test_a_name_has_the_settings_of_all_other_levels(run: Run) -> None:
    """Team, defaults, environment, profile, and what is built in."""
    file = write("dev.yaml", SOUND)

    settings = explained(run, file, "shop/web")

    assert ("mutable", "profile", 4) == settings["tag_mutability"]
    assert ("aes256", "profile", 4) == settings["encryption"]
    assert (True, "built-in", None) == settings["scan_on_push"]
    assert ("profile", 4) == settings["retention"][1:]
    assert (["o-a1b2c3d4e5"], "environment", 3) == settings["organization_may_pull"]
    assert ({"github": "acme/shop"}, "team", 12) == settings["push"]
    assert (True, "built-in", None) == settings["replicate"]
    assert ("dev", "defaults", 7) == settings["tags.environment"]
    assert ("shop", "team", 11) == settings["tags.team"]
    assert ("defaults", 8) == settings["acknowledge.ECR115"][1:]
    assert ("profile", 4) == settings["acknowledge.ECR012"][1:]


def test_a_repository_sets_what_it_names(run: Run) -> None:
    """Each at its own line, as the file writes it or as it is resolved."""
    file = write("dev.yaml", SOUND)

    settings = explained(run, file, "shop/api")

    keys = {"111122223333/eu-central-1": KEY}
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
        "Action": "ecr:DescribeImages",
    }
    functions = [{"account": "111122223333", "functions": []}]
    expected = {
        "tag_mutability": ("immutable", 16),
        "tag_mutability_exceptions": (["latest"], 17),
        "encryption": ({"type": "customer_managed", "keys": keys}, 18),
        "protect_tags": (["v*"], 19),
        "organization_may_pull": (False, 20),
        "pull_accounts": (["444455556666"], 21),
        "admit_lambda": (functions, 22),
        "policy_statements": ([statement], 23),
        "replicate": (False, 27),
        "tags.tier": ("one", 28),
        "acknowledge.ECR013": ("Scanned elsewhere.", 29),
    }
    assert expected == {
        name: (value, line)
        for name, (value, level, line) in settings.items()
        if level == "repository"
    }


def test_a_policy_of_its_own_is_the_lifecycle(run: Run) -> None:
    """Not the predefined one of the profile."""
    rules = "{name: shop/api, lifecycle_dry_run: true, lifecycle: [{expire: {after_days: 7}}]}"
    file = write("dev.yaml", SOUND.partition("      - name")[0] + f"      - {rules}\n")

    settings = explained(run, file, "shop/api")

    assert "retention" not in settings
    assert ("repository", 15) == settings["lifecycle"][1:]
    assert (True, "repository", 15) == settings["lifecycle_dry_run"]


def test_the_text_names_file_and_addresses(run: Run) -> None:
    """In the home registry and in the replicas."""
    out = run("environment", "explain", write("dev.yaml", SOUND), "shop/web").out

    assert out.startswith(
        "dev.yaml:14: shop/web, 111122223333.dkr.ecr.eu-central-1.amazonaws.com/shop/web, "
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web\n"
    )
    assert "profile development (dev.yaml:4)" in out
    single = run("environment", "explain", "dev.yaml", "shop/api").out
    assert "dkr.ecr.eu-west-1" not in single


def test_what_a_setting_does_not_do_is_said(run: Run) -> None:
    """CloudFormation removes tags, whatever the file says."""
    file = write("dev.yaml", SOUND.replace("defaults:", "defaults:\n  extra_tags: keep", 1))

    document = run("environment", "explain", file, "shop/web", "--format", "json").json
    notes = {item["name"]: item["note"] for item in document["settings"] if item["note"]}

    assert ["extra_tags"] == [*notes]
    assert notes["extra_tags"] in run("environment", "explain", file, "shop/web").out
    scanned = write("dev.yaml", f"{SOUND}registry: {{scanning: {{type: enhanced}}}}\n")
    document = run("environment", "explain", scanned, "shop/web", "--format", "json").json
    assert ["scan_on_push"] == [item["name"] for item in document["settings"] if item["note"]]
    removed = write("dev.yaml", SOUND.replace("defaults:", "defaults:\n  extra_tags: remove", 1))
    assert notes["extra_tags"] not in run("environment", "explain", removed, "shop/web").out


def test_every_setting_of_a_company_is_explained(run: Run) -> None:
    """Every repository of the realistic file, without an error."""
    names = run("environment", "check", COMPANY, "--format", "json").json["environments"][0]

    assert names["repositories"] >= 60
    assert explained(run, COMPANY, "base/python")["tags.team"][1] == "team"


def test_an_unknown_repository_is_an_error(run: Run) -> None:
    """With the name that is probably meant."""
    result = run("environment", "explain", write("dev.yaml", SOUND), "Shop/Wep")

    assert (2, ["repository-unknown"]) == (result.status, result.codes)
    assert "'shop/web'" in result.err


def test_a_wrong_file_is_not_explained(run: Run) -> None:
    """Its settings would be wrong too."""
    result = run("environment", "explain", write("dev.yaml", wrong("profile: x")), "shop/web")

    assert (2, ["value-unknown"]) == (result.status, result.codes)


def test_pydantic_is_optional(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, the command says what to install."""
    for name in [
        name for name in sys.modules if name.startswith("ecr_constructs.environment.loading")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("ecr_constructs.environment.loading", raising=False)
    monkeypatch.setitem(sys.modules, "pydantic", None)

    result = run("environment", "check", write("dev.yaml", SOUND))

    assert (2, ["extra-missing"]) == (result.status, result.codes)


def test_neither_cdk_nor_boto3_is_loaded() -> None:
    """The command checks a file without Node, as an editor or a hook does."""
    write("dev.yaml", SOUND)
    program = (
        "import sys\n"
        "from ecr_constructs.cli.main import main\n"
        "status = main(['environment', 'check', 'dev.yaml'])\n"
        "print(status, {'aws_cdk', 'jsii', 'boto3'} & set(sys.modules))\n"
    )

    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert out.stdout.splitlines()[-1] == "0 set()"


def test_a_file_without_pyyaml_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not the file that is wrong."""
    write("dev.yaml", SOUND)
    monkeypatch.setitem(sys.modules, "yaml", None)

    result = run("environment", "check", "dev.yaml")

    assert (2, True) == (result.status, "yaml-not-installed" in result.err)
