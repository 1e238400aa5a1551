"""``ecr-constructs init``."""

import io
import json
import re
import shlex
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecr_constructs.model.names import construct_id
from ecr_constructs.project.settings import EnvironmentSettings, ProjectSettings
from ecr_constructs.project.source import files_folder, installed_source, source_of
from ecr_constructs.project.writing import write_project
from tests.cli.conftest import ROOT, Result, Run, Terminal

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB = f"git+https://github.com/acme/ecr-constructs@{COMMIT}"
PLACE = ("--account", "111122223333", "--region", "eu-central-1")
CONTENT = ("--team", "payments", "--repository", "payments/api")
FLAGS = (*PLACE, *CONTENT)
# The arguments of a call that is rejected, after the folder; and the codes.
REJECTED: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "an account of 11 digits": (("--account", "11112222333", *FLAGS[2:]), ["account-id-format"]),
    "an empty account": (("--account", "", *FLAGS[2:]), ["account-id-format"]),
    "a Region that does not exist": (
        (*PLACE[:2], "--region", "eu-centrall-1", *CONTENT),
        ["region-unknown"],
    ),
    "a zone in place of a Region": (
        (*PLACE[:2], "--region", "eu-central-1a", *CONTENT),
        ["region-format"],
    ),
    "a team in capitals": ((*PLACE, "--team", "Payments", *CONTENT[2:]), ["team-name"]),
    "a repository in capitals": (
        (*PLACE, *CONTENT[:2], "--repository", "Payments/API"),
        ["repository-name-characters"],
    ),
    "a repository of one character": (
        (*PLACE, *CONTENT[:2], "--repository", "a"),
        ["repository-name-length"],
    ),
    "a repository twice": ((*FLAGS, *CONTENT[2:]), ["argument-duplicate"]),
    "an organization with a wildcard": (
        (*FLAGS, "--organization", "o-*"),
        ["organization-id-wildcard"],
    ),
    "an environment in capitals": ((*FLAGS, "--environment", "Dev"), ["environment-name"]),
    "an environment that is a path": ((*FLAGS, "--environment", "../dev"), ["environment-name"]),
    "an environment without a name": ((*FLAGS, "--environment", ""), ["environment-name"]),
    "an environment twice": (
        (*FLAGS, "--environment", "dev", "--environment", "dev=444455556666/eu-west-1"),
        ["argument-duplicate"],
    ),
    "an environment without a Region": (
        (*CONTENT, "--environment", "dev=111122223333"),
        ["environment-format"],
    ),
    "an environment with too much": (
        (*CONTENT, "--environment", "dev=111122223333/eu-west-1/staging/x"),
        ["environment-format"],
    ),
    "an unknown profile": (
        (*CONTENT, "--environment", "dev=111122223333/eu-west-1/prod"),
        ["profile-unknown"],
    ),
    "an account that no environment uses": (
        (*FLAGS[:2], *CONTENT, "--environment", "dev=111122223333/eu-west-1"),
        ["argument-unused"],
    ),
    "a team with the name of a stack": (
        (*PLACE, "--team", "registry", *CONTENT[2:]),
        ["team-name-reserved"],
    ),
    "an environment whose stacks have no name": (
        (*FLAGS, "--environment", "a" * 120),
        ["stack-name-length"],
    ),
    "an environment whose file has no name": (
        (*FLAGS, "--environment", "a" * 300),
        ["file-inaccessible"],
    ),
    "two environments with one repository": (
        (*FLAGS, "--environment", "dev", "--environment", "test"),
        ["repository-shared"],
    ),
    "several mistakes": (
        ("--account", "1", "--region", "x", "--team", "T", "--repository", "A/b"),
        ["account-id-format", "region-format", "team-name", "repository-name-characters"],
    ),
    "a source that pip does not know": ((*FLAGS, "--source", "ecr-constructs"), ["source-url"]),
    "a source that ends its line": ((*FLAGS, "--source", f'{GITHUB}"]\n'), ["source-url"]),
    "a source with a token": (
        (*FLAGS, "--source", GITHUB.replace("https://", "https://me:secret@")),
        ["source-password"],
    ),
    "a source with a password": (
        (*FLAGS, "--source", "git+ssh://git:secret@git.example.org/x/ecr"),
        ["source-password"],
    ),
    "nothing": ((), ["argument-missing"]),
    "no team": ((*PLACE, *CONTENT[2:]), ["argument-missing"]),
    "no Region": ((*PLACE[:2], *CONTENT), ["argument-missing"]),
}


@pytest.fixture(autouse=True)
def _without_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run without a terminal."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def text_of(path: str) -> str:
    """Return the text of a file of the project."""
    return Path("project", path).read_text("utf-8")


def environment_of(name: str = "dev") -> Any:
    """Return the content of an environment file."""
    return yaml.safe_load(text_of(f"environments/{name}.yaml"))


def test_it_writes_a_project(run: Run) -> None:
    """All of it, with the app as it is here."""
    result = run("init", "project", *FLAGS, "--source", GITHUB)

    assert (0, "") == (result.status, result.err)
    own = ("app.py", "cdk.json", "environments/environment.schema.json")
    stacks = [f"stacks/{path.name}" for path in (ROOT / "stacks").glob("*.py")]
    for name in (*own, *stacks):
        assert (ROOT / name).read_text("utf-8") == text_of(name)
    roles = [f"deploy_role/{name}" for name in ("app.py", "execution_policy.json")]
    for name in roles:
        assert (ROOT / "examples" / name).read_text("utf-8") == text_of(name)
    written = {
        *(".gitignore", "README.md", "pyproject.toml", "environments/dev.yaml"),
        *(f".github/workflows/ecr-{name}.yml" for name in ("deploy", "deploy-environment")),
        *(f".github/workflows/ecr-{name}.yml" for name in ("review", "synthesis")),
        "tests/test_environments.py",
    }
    files = {path for path in Path("project").rglob("*") if path.is_file()}
    assert {*own, *stacks, *roles, *written} == {str(path.relative_to("project")) for path in files}
    expected = {
        "account": "111122223333",
        "region": "eu-central-1",
        "profile": "development",
        "teams": {"payments": {"repositories": ["payments/api"]}},
    }
    assert expected == environment_of()
    project = tomllib.loads(text_of("pyproject.toml"))["project"]
    assert [f"ecr-constructs[app,cli] @ {GITHUB}"] == project["dependencies"]
    assert "<<" not in "".join(text_of(name) for name in written)


def test_the_command_of_the_guide(run: Run) -> None:
    """It writes what the guide says."""
    guide = (ROOT / "docs" / "guides" / "new-project.md").read_text("utf-8")
    block = guide.partition("```sh\n")[2].partition("```")[0]
    _, *arguments = shlex.split(block.replace("\\\n", " "))

    assert (0, "") == run(*arguments)[::2]

    rows = set(re.findall(r"`([\w./-]+)`", guide.partition("|---|---|")[2].partition("\n\n")[0]))
    named = {name.rstrip("/") for name in rows if Path("registry", name).exists()}
    top = {path.name for path in Path("registry").iterdir()}
    assert top == {name.partition("/")[0] for name in named}


def test_several_environments(run: Run) -> None:
    """A name alone takes account and Region of the options, and the profile of its name."""
    environments = (
        *("dev", "qa=444455556666/eu-west-1", "live-eu=333344445555/us-east-1"),
        "sandbox=222233334444/eu-west-1/staging",
    )
    options = [f"--environment={environment}" for environment in environments]

    result = run("init", "project", *FLAGS, *options, "--organization", "o-a1b2c3d4e5")

    assert 0 == result.status, result.err
    files = {name: environment_of(name) for name in ("dev", "qa", "live-eu", "sandbox")}
    assert {
        "dev": ("111122223333", "eu-central-1", "development"),
        "qa": ("444455556666", "eu-west-1", "staging"),
        "live-eu": ("333344445555", "us-east-1", "production"),
        "sandbox": ("222233334444", "eu-west-1", "staging"),
    } == {name: (file["account"], file["region"], file["profile"]) for name, file in files.items()}
    assert {"o-a1b2c3d4e5"} == {file["organization"] for file in files.values()}


@pytest.mark.parametrize("case", REJECTED)
def test_mistakes_are_one_line_and_nothing_is_written(run: Run, case: str) -> None:
    """Whatever the options are, there is no project and no folder."""
    arguments, codes = REJECTED[case]

    result = run("init", "new/project", *arguments)

    assert (2, "", codes) == (result.status, result.out, result.codes)
    assert "secret" not in result.err
    assert not Path("new").exists()


def test_an_error_names_no_temporary_folder(run: Run) -> None:
    """The files have the names that they would have in the project."""
    result = run("init", "project", *FLAGS, "--environment=dev", "--environment=test")

    assert "dev.yaml:9 already declares 'payments/api'" in result.err
    assert ".init-" not in result.err


def test_a_missing_option_is_named(run: Run) -> None:
    """All that are missing, and no other."""
    result = run("init", "project", *CONTENT)

    assert "--account, --region are missing" in result.err
    assert "--team" not in result.err


@pytest.mark.parametrize("option", ["--ci=jenkins", "--environments=dev", "--acc=1"])
def test_an_unknown_option_is_rejected(run: Run, option: str) -> None:
    """Also an abbreviation."""
    result = run("init", "project", *FLAGS, option)

    assert (2, ["arguments-invalid"]) == (result.status, result.codes)


def test_a_folder_with_files_is_refused(run: Run) -> None:
    """Before anything is asked, and with their names."""
    result = run("init", ".")

    assert (2, ["folder-not-empty"]) == (result.status, result.codes)
    assert "images.json, policy.json" in result.err
    Path("many").mkdir()
    for number in range(8):
        Path("many", f"file{number}").touch()
    assert "file4 and 3 more" in run("init", "many", *FLAGS).err


def test_a_folder_of_an_empty_variable_is_refused(run: Run) -> None:
    """It is not the folder that the shell is in."""
    Path("project").mkdir()

    assert ["argument-empty"] == run("init", "", *FLAGS).codes


@pytest.mark.parametrize("kind", ["file", "link"])
def test_what_is_no_folder_is_refused(run: Run, kind: str) -> None:
    """A link that leads nowhere is not a folder either."""
    if kind == "file":
        Path("project").touch()
    else:
        Path("project").symlink_to("nowhere")

    result = run("init", "project", *FLAGS)

    assert (2, ["folder-kind"]) == (result.status, result.codes)


def test_the_folder_of_a_shell_stays_the_same(run: Run, tmp_path: Path) -> None:
    """An empty folder, and a repository without files, are written into."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    before = folder.stat().st_ino

    assert 0 == run("init", "project", *FLAGS, "--ci", "none").status

    assert before == folder.stat().st_ino
    expected = {".git", ".gitignore", "README.md", "app.py", "cdk.json", "environments"}
    expected |= {"pyproject.toml", "stacks", "tests"}
    assert expected == {path.name for path in folder.iterdir()}
    assert "## CI" not in text_of("README.md")


def test_an_error_while_writing_leaves_nothing(tmp_path: Path) -> None:
    """Files that were moved already are removed, and the folders above that were created."""
    folder = tmp_path / "new" / "project"

    def obstruct(_: Path) -> None:
        # A folder that is not empty cannot be replaced by a file.
        (folder / "b" / "c").mkdir(parents=True)

    with pytest.raises(IsADirectoryError):
        write_project(folder, {"a": "", "a-folder/x": "", "b": ""}, obstruct)

    # What someone else has written in the meantime stays.
    assert [folder / "b", folder / "b" / "c"] == sorted(folder.rglob("*"))


def test_a_folder_that_cannot_be_created_is_an_error(run: Run) -> None:
    """Such as one below a file."""
    result = run("init", "policy.json/project", *FLAGS)

    assert (2, ["file-inaccessible"]) == (result.status, result.codes)


def ask(run: Run, monkeypatch: pytest.MonkeyPatch, answers: str, *arguments: str) -> Result:
    """Run the command on a terminal with answers."""
    terminal = Terminal(answers)
    monkeypatch.setattr(sys, "stdin", terminal)
    return run("init", "project", *arguments)


def test_what_is_missing_is_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each until the model accepts it."""
    answers = "1111\n 111122223333 \neu-central-1\nPayments\npayments\n\npayments/api\n"

    result = ask(run, monkeypatch, answers)

    assert 0 == result.status, result.err
    assert ["Region", "First team", "Its first repository", "12 digits"] == [
        words
        for words in ("Region", "First team", "Its first repository", "12 digits")
        if words in result.err
    ]
    assert 2 == result.err.count("AWS account, 12 digits: ")
    assert ["payments/api"] == environment_of()["teams"]["payments"]["repositories"]


def test_only_what_is_missing_is_asked_for(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment with a place of its own needs no other."""
    options = ("--environment=prod=333344445555/eu-central-1", "--repository=payments/api")

    result = ask(run, monkeypatch, "payments\n", *options)

    assert 0 == result.status
    assert result.err.startswith("First team, such as payments: ")
    assert "production" == environment_of("prod")["profile"]


def test_an_input_that_ends_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written."""
    result = ask(run, monkeypatch, "111122223333\n")

    assert (2, True) == (result.status, "[argument-missing]" in result.err)
    assert not Path("project").exists()


def test_without_standard_input_nothing_is_asked(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be closed."""
    monkeypatch.setattr(sys, "stdin", None)

    assert ["argument-missing"] == run("init", "project").codes


@pytest.mark.parametrize(
    ("team", "repository"),
    [
        *(("no", "123"), ("true", "0x1f"), ("null", "1e3"), ("on", "true"), ("y", "null")),
        *(("off", "1.5"), ("payments", "2026-11-27"), ("e5", "12/34")),
    ],
)
def test_a_name_is_text_in_yaml(run: Run, team: str, repository: str) -> None:
    """Also one that YAML reads as something else without quotes."""
    result = run("init", "project", *PLACE, "--team", team, "--repository", repository)

    assert 0 == result.status, result.err
    assert {team: {"repositories": [repository]}} == environment_of()["teams"]


def test_the_stage_has_the_name_that_the_app_gives_it() -> None:
    """The commands of the README name it."""
    for name in ("dev", "live-eu", "a1-b2-c3"):
        assert construct_id(name) == EnvironmentSettings(name, "", "", "").stage


def test_a_partition_has_roles_of_its_own(run: Run) -> None:
    """As in China."""
    run("init", "project", *CONTENT, "--environment=dev=111122223333/cn-north-1")

    assert "arn:aws-cn:iam::111122223333:policy/ci-execution-dev" in text_of("README.md")


# What pip has recorded of an installation, and where a project installs from.
RECORDS: dict[str, tuple[dict[str, Any] | None, str]] = {
    "an index": (None, "ecr-constructs[app,cli]==0.1.0"),
    "a commit": (
        {
            "url": "https://github.com/acme/ecr-constructs",
            "vcs_info": {"vcs": "git", "commit_id": COMMIT},
        },
        f"ecr-constructs[app,cli] @ {GITHUB}",
    ),
    "a checkout": (
        {"url": "file:///home/me/ecr", "dir_info": {"editable": True}},
        "ecr-constructs[app,cli] @ file:///home/me/ecr",
    ),
    "a wheel": (
        {"url": "https://example.com/e-0.1.0.whl", "archive_info": {}},
        "ecr-constructs[app,cli] @ https://example.com/e-0.1.0.whl",
    ),
}


@pytest.mark.parametrize("kind", RECORDS)
def test_a_project_installs_from_where_this_is_installed(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No index has a release, so that a name alone could be anybody's."""
    record, requirement = RECORDS[kind]
    metadata = tmp_path / "site" / "recorded_source-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Name: recorded-source\nVersion: 0.1.0\n")
    if record is not None:
        (metadata / "direct_url.json").write_text(json.dumps(record))
    monkeypatch.syspath_prepend(tmp_path / "site")

    source = installed_source("recorded-source")

    assert (requirement, kind == "a checkout") == (source.requirement, source.is_local)
    assert f"@ {ROOT.as_uri()}" == installed_source("not-installed-at-all").specifier


@pytest.mark.parametrize(
    ("url", "commit", "action"),
    [
        (
            GITHUB,
            ("https://github.com/acme/ecr-constructs", COMMIT),
            ("acme/ecr-constructs", COMMIT),
        ),
        (
            f"git+https://git.example.org/x/ecr.git@{COMMIT}",
            ("https://git.example.org/x/ecr", COMMIT),
            None,
        ),
        ("git+https://github.com/acme/ecr-constructs@main", None, None),
        ("https://example.com/ecr_constructs-0.1.0-py3-none-any.whl", None, None),
    ],
)
def test_a_source_says_where_actions_are(
    url: str, commit: tuple[str, str] | None, action: tuple[str, str] | None
) -> None:
    """Only a commit is a place that does not change."""
    assert (commit, action) == (source_of(url).commit, source_of(url).action)


# The files that run this package, and what is written where its place is not known.
REVIEWERS = {
    "github": (
        [f".github/workflows/ecr-{name}.yml" for name in ("deploy-environment", "review")],
        "OWNER/ecr",
    ),
    "gitlab": ([f".gitlab/ecr-{name}.yml" for name in ("deploy", "review")], "git.example.com"),
}


@pytest.mark.parametrize("ci", REVIEWERS)
def test_workflows_name_the_source(run: Run, ci: str) -> None:
    """The action or the clone, or a place to fill in, of which the README tells."""
    names, placeholder = REVIEWERS[ci]
    run("init", "project", *FLAGS, "--ci", ci, "--source", GITHUB)
    complete = {name: text_of(name) for name in names}
    explained = text_of("README.md")
    Path("project").rename("first")
    wheel = ("--source", "https://example.com/e-0.1.0.whl")
    result = run("init", "project", *FLAGS, "--ci", ci, *wheel)

    assert 0 == result.status
    assert placeholder not in explained
    assert placeholder in text_of("README.md")
    for name, text in complete.items():
        assert f"note: {name} has placeholders" in result.err
        assert "acme/ecr-constructs" in text
        assert COMMIT in text
        # A commit is no part of the digest of an image.
        assert not re.search(f"0{{8}}|sha256|{placeholder}", text)
        assert placeholder in text_of(name)


@pytest.mark.parametrize("ci", ["github", "gitlab", "none"])
def test_a_source_of_this_machine_is_noted(run: Run, ci: str) -> None:
    """CI cannot install it."""
    result = run("init", "project", *FLAGS, "--ci", ci, "--source", "file:///home/me/ecr")

    assert (ci != "none") == ("file:///home/me/ecr" in result.err)


PLACES = (
    "dev=111122223333/eu-central-1",
    "no=444455556666/cn-north-1/staging",
    "y=333344445555/us-east-1",
)


def test_github_deploys_each_environment_after_the_one_before(run: Run) -> None:
    """In the account, Region and partition of its own, by the workflow that the examples have."""
    run("init", "project", *CONTENT, *(f"--environment={place}" for place in PLACES))

    jobs = yaml.safe_load(text_of(".github/workflows/ecr-deploy.yml"))["jobs"]
    assert [None, "dev", "no"] == [job.get("needs") for job in jobs.values()]
    assert [
        ("dev", "Dev", "111122223333", "eu-central-1", None),
        ("no", "No", "444455556666", "cn-north-1", "aws-cn"),
        ("y", "Y", "333344445555", "us-east-1", None),
    ] == [
        tuple(
            job["with"].get(key)
            for key in ("environment", "stage", "account", "region", "partition")
        )
        for job in jobs.values()
    ]
    text = text_of(".github/workflows/ecr-deploy-environment.yml")
    example = (ROOT / "examples" / "ci" / "github-deploy-environment.yml").read_text("utf-8")
    changed = {*text.splitlines()} - {*example.splitlines()}
    assert ['if [ "$SIDE', "pip install"] == sorted(line.strip()[:11] for line in changed)


def test_gitlab_deploys_each_environment_after_the_one_before(run: Run) -> None:
    """In stages of their own; the production environment is started by hand."""
    places = (f"--environment={place}" for place in PLACES)
    run("init", "project", *CONTENT, *places, "--ci", "gitlab")

    pipeline = yaml.safe_load(text_of(".gitlab-ci.yml"))
    stages = ["deploy-dev", "deploy-no", "deploy-y"]
    assert ["test", "synthesize", *stages] == pipeline["stages"]
    for item in pipeline["include"]:
        assert yaml.safe_load(text_of(item["local"]))
    jobs = yaml.safe_load(text_of(".gitlab/ecr-deploy.yml"))
    assert ["synthesize", *stages] == jobs["stages"]
    names = ("dev", "no", "y")
    assert [["head"], ["deploy-dev"], ["deploy-no"]] == [
        jobs[f"base-{name}"]["needs"] for name in names
    ]
    assert [
        ("dev", "Dev", "aws", "eu-central-1"),
        ("no", "No", "aws-cn", "cn-north-1"),
        ("y", "Y", "aws", "us-east-1"),
    ] == [
        tuple(
            jobs[f".environment-{name}"]["variables"][key]
            for key in ("ENVIRONMENT", "STAGE", "PARTITION", "REGION")
        )
        for name in names
    ]
    assert [False, False, True] == ["rules" in jobs[f"deploy-{name}"] for name in names]
    assert [*names] == [jobs[f"deploy-{name}"]["environment"] for name in names]
    assert "pytest" in jobs["head"]["script"]
    # Both files together: no job of one replaces a job of the other, and each clones what it needs.
    review = yaml.safe_load(text_of(".gitlab/ecr-review.yml"))
    assert {"variables"} == {*review} & {*jobs}
    assert "clone" == review[".ecr-synthesis"]["variables"]["GIT_STRATEGY"]


def test_a_wheel_has_the_files_in_a_folder_of_its_own(tmp_path: Path) -> None:
    """A checkout has them where they are used."""
    assert ROOT == files_folder()
    (tmp_path / "_project").mkdir()

    assert tmp_path / "_project" == files_folder(tmp_path)


def test_settings_of_a_program_are_checked_too() -> None:
    """Every value is the model's."""
    environment = EnvironmentSettings("dev", "1", "eu-central-1", "x")
    settings = ProjectSettings((environment,), "a", ("a/b",))

    assert ["account-id-format", "profile-unknown"] == [error.code for error in settings.errors()]
