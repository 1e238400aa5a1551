"""What ends a command with status 2: one line on standard error, with a code at its end."""

import gzip
import io
import json
import shlex
import shutil
import sys
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ARCHIVE, AT, PREVIEW, UNTAGGED, Run, detail, write
from tests.support.rule_examples.build import repository

SOUND = """
account: "111122223333"
region: eu-central-1
teams:
  shop: {repositories: [shop/web, {name: shop/api, tag_mutability: mutable}]}
"""
NO_TEAMS = "{account: '111122223333', region: eu-west-1, teams: %s}"
TOKEN_TEXT = {"LifecyclePolicyText": {"Fn::ImportValue": "policy"}}
HOST = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
ACCOUNT = "--account 111122223333 --region eu-west-1"
LIFECYCLE = f"lifecycle preview --policy policy.json --images images.json {' '.join(AT)}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with all files, which are written once."""
    result = tmp_path_factory.mktemp("files")
    with chdir(result):
        faulty_files(result)
    return result


@pytest.fixture(autouse=True)
def _files(folder: Path, written: Path) -> None:
    shutil.copytree(written, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)


def faulty_files(folder: Path) -> None:
    """Write the files that the commands of `ERRORS` name."""
    write("t.json", {"Resources": {"Api": repository()}})
    write("none.template.json", {"Resources": {}})
    write("named.template.json", {"Resources": {"A": repository(RepositoryName="a")}})
    two = {"A": repository(), "B": repository(RepositoryName={"Ref": "x"})}
    write("two.template.json", {"Resources": two})
    for name, policy in (("import", TOKEN_TEXT), ("if", {"Fn::If": []})):
        write(f"{name}.template.json", {"Resources": {"A": repository(LifecyclePolicy=policy)}})
    for stage, rules in (("Dev", [UNTAGGED]), ("Prod", [ARCHIVE])):
        resources = {"A": repository(*rules, RepositoryName="a")}
        write(f"app/{stage}.template.json", {"Resources": resources})
    for side in ("base", "head"):
        write(f"{side}/Prod.template.json", {"Resources": {}})
    write("bad/bad.template.json", "{")
    write("bad.yaml", "Resources: [")
    write("twice.json", {"imageDetails": [detail("a", 1, "v1"), detail("a", 2, "v1")]})
    write("page.json", {"imageDetails": [detail("a", 1)], "nextToken": "2"})
    both = [detail("a", 1, repositoryName="a"), detail("b", 1, repositoryName="b")]
    write("several.json", {"imageDetails": both})
    write("one.json", {"imageDetails": both[:1]})
    write("failed.txt", "\nAn error occurred (RepositoryNotFoundException) when calling it: gone\n")
    write("nothing.json", " ")
    write("half.json", '{"rules": [')
    write("deep.json", "[" * 100_000)
    write("policy.txt", "rules:")
    write("brackets.json", "rules: [")
    newer = {"rules": [{**UNTAGGED, "new": 1}]}
    stored = {"lifecyclePolicyText": json.dumps(newer), "lastEvaluatedAt": 1_790_000_000}
    write("stored.json", stored)
    write("number.json", "7")
    write("digits.json", f'{{"rules": [{"9" * 5_000}]}}')
    write("inner.json", {"lifecyclePolicyText": "{"})
    write("rules.yaml", "rules: []")
    Path("images.json.gz").write_bytes(gzip.compress(b'{"imageDetails": []}'))
    write("long.json", f'{{"Resources": {"9" * 5_000}}}')
    write("long.yaml", f"Resources: 0x{'f' * 5_000}")
    write("folder/t.json", {"Resources": {"Api": {"Ref": "x"}}})
    write("folder/broken.yaml", "Resources:\n  Api: {Type: AWS::ECR::Repository\n")
    Path("bad.toml").write_text("select = [", encoding="utf-8")
    Path("key.toml").write_text("selct = []", encoding="utf-8")
    Path("pyproject.toml").write_text('[project]\nname = "x"\n', encoding="utf-8")
    Path("latin.json").write_bytes('{"imageDetails": "ä"}'.encode("latin-1"))
    (folder / "empty").mkdir()


ERRORS = {
    # the command line
    "": "arguments-invalid",
    "verify": "arguments-invalid",
    "--vers": "arguments-invalid",
    "lifecycle": "arguments-invalid",
    "lifecycle review": "arguments-invalid",
    "check t.json --form json": "arguments-invalid",
    "check t.json --output json": "arguments-invalid",
    "check t.json --output json=": "arguments-invalid",
    "check t.json --output xml=a.xml": "arguments-invalid",
    "lifecycle check --pol policy.json": "arguments-invalid",
    # check, of templates
    "check": "paths-missing",
    "check none.json": "file-unreadable",
    "check empty": "template-missing",
    "check bad/bad.template.json": "template-not-json",
    "check --explain ECR999": "rule-unknown",
    "check t.json --images images.json": "option-needs-policy",
    "check t.json --manifests m.json": "option-needs-policy",
    "check t.json --now 2026-01-01T00:00Z": "option-needs-policy",
    "check t.json --pull-through-cache": "option-needs-policy",
    # check, of a policy
    "check images.json": "file-kind-unknown",
    "check policy.json t.json": "policy-not-alone",
    "check t.json policy.json": "policy-not-alone",
    "check policy.json policy.json": "policy-not-alone",
    "check app policy.json": "policy-not-alone",
    "check policy.json --manifests x": "images-missing",
    "check policy.json --images none.json": "file-unreadable",
    "check policy.json --images policy.json": "inventory-malformed",
    "check policy.json --format sarif": "format-unsupported",
    "check policy.json --output sarif=a.sarif": "format-unsupported",
    "check bad.yaml": "yaml-invalid",
    "check policy.json --baseline b.json": "option-needs-templates",
    "check policy.json --select ECR012": "option-needs-templates",
    # check, of several inputs
    "check none-*.json": "glob-unmatched",
    "check im*s.json": "template-missing",
    "check long.json": "number-too-long",
    "check long.yaml": "yaml-invalid",
    "check folder": "template-not-yaml",
    # check, its configuration
    "check t.json --ignore ECR999": "rule-unknown",
    "check t.json --select ecr012": "rule-unknown",
    "check t.json --config none.toml": "file-unreadable",
    "check t.json --config bad.toml": "config-not-toml",
    "check t.json --config pyproject.toml": "config-missing",
    "check t.json --config key.toml": "key-unknown",
    "check t.json --config none.toml --no-config": "arguments-invalid",
    "check t.json --baseline none.json": "baseline-missing",
    "check t.json --baseline t.json": "baseline-invalid",
    "check t.json --write-baseline t.json": "baseline-invalid",
    "check none.json --write-baseline a.json": "file-unreadable",
    "check t.json --baseline a --write-baseline b": "arguments-invalid",
    # lifecycle check
    "lifecycle check": "policy-missing",
    "lifecycle check --policy policy.json --manifests x": "images-missing",
    "lifecycle check --policy a --template b": "arguments-invalid",
    "lifecycle check --policy missing": "file-unreadable",
    "lifecycle check --policy empty": "template-missing",
    "lifecycle check --template bad.yaml": "yaml-invalid",
    "lifecycle check --template none.template.json": "repository-unknown",
    "lifecycle check --template two.template.json": "repository-ambiguous",
    "lifecycle check --template named.template.json --repository x": "repository-unknown",
    "lifecycle check --template app": "policy-ambiguous",
    "lifecycle check --template import.template.json": "policy-unresolved",
    "lifecycle check --template if.template.json": "policy-unresolved",
    # what is no policy is no verdict on one
    **dict.fromkeys(
        (
            f"{command} {name}"
            for command in ("lifecycle check --policy", "lifecycle preview --images a --policy")
            for name in ("failed.txt", "nothing.json", "half.json", "deep.json", "policy.txt")
        ),
        "json-syntax",
    ),
    "lifecycle check --policy number.json": "file-kind-unknown",
    "lifecycle check --policy images.json": "file-kind-unknown",
    "lifecycle check --policy digits.json": "json-syntax",
    "lifecycle check --policy inner.json": "json-syntax",
    "lifecycle check --policy stored.json": "policy-unreadable",
    "check stored.json": "policy-unreadable",
    "lifecycle check --policy brackets.json": "json-syntax",
    "check inner.json": "json-syntax",
    "check rules.yaml": "json-syntax",
    "check t.json --allow-incomplete": "option-needs-policy",
    "check policy.json --images page.json": "inventory-incomplete",
    # lifecycle preview
    "lifecycle preview --images images.json": "policy-missing",
    "lifecycle preview --policy policy.json": "images-missing",
    "lifecycle preview --live x --images y": "arguments-invalid",
    f"lifecycle preview --live x --service-preview {' '.join(AT)}": "service-preview-now",
    "lifecycle preview --live ''": "argument-empty",
    "lifecycle preview --live api --profile ''": "argument-empty",
    "lifecycle preview --live API": "repository-name-characters",
    "lifecycle preview --live api --account 1": "account-id-format",
    "lifecycle preview --live api --no-manifests --manifests m.json": "manifests-conflict",
    "lifecycle preview --live api --allow-incomplete": "allow-incomplete-live",
    f"{LIFECYCLE} --repository ''": "argument-empty",
    f"{LIFECYCLE} --images one.json --repository x": "inventory-repository-other",
    f"{LIFECYCLE} --format ecr --explain v1": "format-ecr-only",
    f"{LIFECYCLE} --format ecr --against policy.json": "format-ecr-only",
    f"{LIFECYCLE} --profile dev": "profile-not-live",
    f"{LIFECYCLE} --account 111122223333": "account-not-live",
    f"{LIFECYCLE} --no-manifests": "no-manifests-not-live",
    f"{LIFECYCLE} --images page.json": "inventory-incomplete",
    f"{LIFECYCLE} --images several.json": "inventory-repositories",
    f"{LIFECYCLE} --images several.json --repository x": "inventory-repository-unknown",
    f"{LIFECYCLE} --images images.json.gz": "file-encoding",
    f"{LIFECYCLE} --images failed.txt": "json-syntax",
    f"{LIFECYCLE} --against failed.txt": "json-syntax",
    f"{LIFECYCLE} --region eu-west-1": "region-not-live",
    f"{LIFECYCLE} --service-preview": "service-preview-not-live",
    f"{LIFECYCLE} --days 0": "days-out-of-range",
    f"{LIFECYCLE} --now noon": "arguments-invalid",
    f"{LIFECYCLE} --now 2026-01-01T00:00": "arguments-invalid",
    f"{LIFECYCLE} --now 20260101": "arguments-invalid",
    f"{LIFECYCLE} --now 1795080600000": "arguments-invalid",
    f"{LIFECYCLE} --now {'9' * 400}": "arguments-invalid",
    f"{LIFECYCLE} --format xml": "arguments-invalid",
    f"{LIFECYCLE} --manifests policy.json": "inventory-malformed",
    f"{LIFECYCLE} --images policy.json": "inventory-malformed",
    f"{LIFECYCLE} --images latin.json": "file-encoding",
    f"{LIFECYCLE} --images twice.json": "image-conflict",
    # review
    "review --base none --head head": "file-unreadable",
    "review --base base --head bad": "template-not-json",
    "review --base base": "arguments-invalid",
    "review --base base --head head --fail-on all": "arguments-invalid",
    "review --base base --head head --images none": "inventory-missing",
    "review --base base --head head --now noon": "arguments-invalid",
    # push-commands
    "push-commands api": "registry-missing",
    "push-commands api --account 111122223333": "registry-missing",
    "push-commands api --environment prod.yaml --region eu-west-1": "registry-missing",
    "push-commands api --environment none.yaml": "file-unreadable",
    f"push-commands api {ACCOUNT} --platform ''": "argument-empty",
    f"push-commands api {ACCOUNT} --profile ''": "argument-empty",
    "push-commands api --account '' --region eu-west-1": "argument-empty",
    "push-commands api --account 1 --region eu-west-1": "account-id-format",
    f"push-commands api {ACCOUNT} --fips": "region-fips",
    f"push-commands api {ACCOUNT} --tag 'a b'": "image-tag-format",
    f"push-commands api {ACCOUNT} --client helm": "chart-version-format",
    "push-commands api --client kaniko": "arguments-invalid",
    f"push-commands api {ACCOUNT} --platform arm64": "platform-format",
    f"push-commands api {ACCOUNT} --client oras --platform linux/arm64": "client-platform",
    f"push-commands api {ACCOUNT} --client finch --credential-helper": "client-helper",
    "push-commands api --account 111122223333 --region eu-cental-1": "region-unknown",
    "push-commands api --account 111122223333 --region xx-nowhere-1": "region-unknown",
    "push-commands public.ecr.aws/acme/web --region eu-central-1": "uri-contradicted",
    "push-commands public.ecr.aws/acme/web --environment shop.yaml": "uri-contradicted",
    "push-commands public.ecr.aws/acme/web --live": "uri-contradicted",
    "push-commands public.ecr.aws/acme/web --fips": "uri-contradicted",
    "push-commands public.ecr.aws/a/web": "registry-alias-format",
    f"push-commands {HOST}/api --account 444455556666": "uri-contradicted",
    f"push-commands {HOST}/api --region us-east-1": "uri-contradicted",
    f"push-commands {HOST}.cn/api {ACCOUNT}": "repository-name-is-uri",
}


@pytest.mark.parametrize(("command", "code"), ERRORS.items(), ids=ERRORS)
def test_an_error_is_one_line_with_a_code(run: Run, command: str, code: str) -> None:
    """The line begins with the command; nothing is printed, and no file written."""
    result = run(*shlex.split(command))

    assert (2, [code]) == (result.status, result.codes)
    # The findings of the other files of a folder are printed.
    assert not result.out or command == "check folder"
    if code != "arguments-invalid":
        name = " ".join(command.split()[: 2 if command.startswith("lifecycle") else 1])
        assert result.err.startswith(f"ecr-constructs {name}: ")
    assert not list(Path.cwd().glob("a.*"))


# An environment file, the repository to push to, and the code.
ENVIRONMENTS = {
    "no such repository": (SOUND, "warehouse", "repository-unknown"),
    "a similar one": (SOUND, "shop/wep", "repository-unknown"),
    "many others": (
        SOUND.replace("shop/web", ", ".join(f"shop/web{number}" for number in range(9))),
        *("warehouse", "repository-unknown"),
    ),
    "no repositories": (NO_TEAMS % "{a: }", "api", "repository-unknown"),
    "odd teams": (NO_TEAMS % "{a: {repositories: [1, {}]}, b: []}", "api", "repository-unknown"),
    "not an environment": ("[]", "api", "not-environment-file"),
    "no teams": ("account: '111122223333'", "api", "not-environment-file"),
    "not YAML": ("{", "api", "yaml-invalid"),
    "an account without quotes": (SOUND.replace('"', ""), "shop/web", "account-id-is-number"),
    "no Region": (SOUND.replace("region", "place"), "shop/web", "region-format"),
}


@pytest.mark.parametrize(("text", "repository", "code"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_an_environment_file_without_the_registry(
    run: Run, text: str, repository: str, code: str
) -> None:
    """The line names the file."""
    result = run("push-commands", repository, "--environment", write("dev.yaml", text))

    assert (2, "", [code]) == (result.status, result.out, result.codes)
    assert "dev.yaml:" in result.err


# A policy, and the priority of the rule that ECR rejects.
REJECTED: dict[str, tuple[Any, int | None]] = {
    "a rule without a selection": ({"rules": [{"rulePriority": 4}]}, 4),
    "a boolean as a priority": ({"rules": [{"rulePriority": True}]}, None),
    "a number as a rule": ({"rules": [7]}, None),
    "no rules": ({"rules": []}, None),
    "too long": ({"rules": [{**UNTAGGED, "description": "x" * 31_000}]}, None),
    "inside of the AWS CLI's document": ({"lifecyclePolicyText": '{"rules": []}'}, None),
    "rules that are no list": ({"rules": {}}, None),
    "a text of the AWS CLI's document": (json.dumps('{"rules": []}'), None),
    "a key twice": ('{"rules": [], "rules": []}', None),
}


@pytest.mark.parametrize(("policy", "priority"), REJECTED.values(), ids=REJECTED)
def test_a_policy_that_ecr_rejects(run: Run, policy: Any, priority: int | None) -> None:
    """It is checked with status 1, and cannot be previewed."""
    write("policy.json", policy)
    checked = run("lifecycle", "check", "--policy", "policy.json", "--format", "json")

    assert (1, False) == (checked.status, checked.json["valid"])
    assert {("LC000", "error")} == {
        (finding["id"], finding["severity"]) for finding in checked.json["findings"]
    }
    assert priority in [finding["rulePriority"] for finding in checked.json["findings"]]
    assert 1 == run("lifecycle", "check", "--policy", "policy.json").status
    previewed = run(*PREVIEW)
    assert (2, "", ["policy-rejected"]) == (previewed.status, previewed.out, previewed.codes)


@pytest.mark.parametrize(
    ("command", "text", "code"),
    [
        ((*PREVIEW[:5], "-", *AT), "{}", "inventory-malformed"),
        ((*PREVIEW[:3], "-", *PREVIEW[4:]), "{}", "file-kind-unknown"),
        (("check", "-"), "{}", "file-kind-unknown"),
        (("check", "-"), "{", "template-not-json"),
        (("check", "-"), f'{{"Resources": {"9" * 5_000}}}', "number-too-long"),
        (("check", "-"), b"\xff\xfe\xff", "file-encoding"),
    ],
    ids=["images", "a policy", "an object", "half an object", "a long number", "not text"],
)
def test_standard_input_has_a_name(
    run: Run, monkeypatch: pytest.MonkeyPatch, command: Any, text: Any, code: str
) -> None:
    """Errors call it by name."""
    data = text if isinstance(text, bytes) else text.encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    result = run(*command)

    assert (2, [code]) == (result.status, result.codes)
    assert "standard input" in result.err or "<stdin>" in result.err


def test_a_failed_write_leaves_the_old_file(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No reader ever sees half a report."""

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    write("a.json", "old")
    monkeypatch.setattr(Path, "replace", full)
    result = run("check", "t.json", "--output", "json=a.json")

    assert (2, ["file-unwritable"]) == (result.status, result.codes)
    assert "old" == Path("a.json").read_text(encoding="utf-8")
    assert not list(Path.cwd().glob(".*"))


def test_without_boto3_live_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """boto3 is optional."""
    for name in ("boto3", "botocore", "botocore.exceptions"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in ("ecr", "connection", "session"):
        monkeypatch.delitem(sys.modules, f"ecr_constructs.live.{name}", raising=False)
        monkeypatch.delattr(f"ecr_constructs.live.{name}", raising=False)

    assert ["boto3-missing"] == run("lifecycle", "preview", "--live", "api").codes
