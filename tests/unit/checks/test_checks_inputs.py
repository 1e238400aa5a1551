"""Folders and patterns: a file that can be a template is read, or it is named."""

import os
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import CheckError, load
from ecr_constructs.cloudformation.loading import load_each
from tests.support.rule_examples.build import api
from tests.unit.checks.test_checks_loading import write

SOUND = {"Resources": api()}
JINJA = "Resources:\n  {% for name in names %}\n  {{ name }}:\n    Type: AWS::ECR::Repository\n"
GO = "Resources:\n{{- range .Names }}\n  {{ . }}:\n    Type: AWS::ECR::Repository\n{{- end }}\n"
HELM = "{{- if .Values.on }}\nkind: Deployment\n{{- end }}\n"
FRAGMENT = "Api:\n  Type: AWS::ECR::Repository\n  Properties: {RepositoryName: a/b}\n"
SERVERLESS = f"service: shop\nresources:\n  resources:\n{FRAGMENT}".replace("\nApi", "\n    Api")
# Files of a folder next to a sound template, by name, and the codes of their errors.
BROKEN: dict[str, tuple[str, Any, str]] = {
    "a syntax error": (
        "a.yaml",
        "Resources:\n  A: {Type: 'AWS::SNS::Topic'\n",
        "template-not-yaml",
    ),
    "a colon": ("a.yml", "Type: AWS::ECR::Repository\na: b: c\n", "template-not-yaml"),
    "Jinja": ("a.yaml", JINJA, "template-not-yaml"),
    "Go": ("a.yaml", GO, "template-not-yaml"),
    "Jinja in JSON": ("a.json", '{"Resources": {{{ resources }}}}', "template-not-json"),
    "a version and no more": ("a.yaml", "AWSTemplateFormatVersion: [", "template-not-yaml"),
    "upper case": ("A.JSON", '{"Resources": ', "template-not-json"),
    "the name of a template": ("a.template", "{", "template-not-json"),
    "a number too long": (
        "a.json",
        f'{{"Type": "AWS::A::B", "a": {"9" * 5_000}}}',
        "number-too-long",
    ),
    "another encoding": ("a.yaml", "Resources: {ü: {}}".encode("latin-1"), "file-encoding"),
    "no resources": ("a.yaml", "AWSTemplateFormatVersion: '2010-09-09'\n", "template-resources"),
    "empty resources": ("a.yaml", "Resources:\n", "template-resources"),
    "a transform": ("a.yaml", "Transform: [AWS::Serverless-2016-10-31]\n", "template-resources"),
    "several documents": ("a.yaml", f"---\n{GO}---\n{GO}", "template-not-yaml"),
}
# Files that are plainly something else.
OTHERS: dict[str, tuple[str, Any]] = {
    "packages": ("package.json", {"name": "x", "resources": {}}),
    "compose": ("docker-compose.yml", "services: {web: {image: a/b}}\n"),
    "comments": ("tsconfig.json", "{ // a comment\n}"),
    "Helm": ("deployment.yaml", HELM),
    "several documents": ("k8s.yaml", "kind: A\n---\nkind: B\n"),
    "tags": ("mkdocs.yml", "x: !!python/name:a.b\n"),
    "a task definition": ("task.template.json", {"family": "x"}),
    "an encoding": ("notes.yaml", "a: ü".encode("latin-1")),
    "types": ("recorder.json", {"resourceTypes": ["AWS::ECR::Repository"]}),
    "a package": ("node_modules/x/a.json", "{AWS::ECR::Repository"),
    "lists": ("a.json", [[[[[[[{"Type": "AWS::ECR::Repository"}]]]]]]]),
    "a tree of an assembly": ("tree.json", {"a": {"Type": "AWS::ECR::Repository"}}),
}


@pytest.mark.parametrize(("name", "content", "code"), BROKEN.values(), ids=BROKEN)
def test_a_broken_template_is_named(tmp_path: Path, name: str, content: Any, code: str) -> None:
    """The other templates are read; `load` raises."""
    write(tmp_path / "sound.json", SOUND)
    broken = write(tmp_path / name, content)

    loaded = load_each([tmp_path])
    assert [(code, broken)] == [(error.code, error.path) for error in loaded.errors]
    assert ["sound.json"] == [Path(template.name).name for template in loaded.templates]
    with pytest.raises(CheckError) as caught:
        load([tmp_path])
    assert (code, broken) == (caught.value.code, caught.value.path)


def test_every_broken_template_is_named(tmp_path: Path) -> None:
    """One error lists them all, a line each."""
    for name in ("a.yaml", "b.yaml"):
        write(tmp_path / name, GO)

    with pytest.raises(CheckError) as caught:
        load([tmp_path])
    assert ["template-not-yaml"] * 2 == [item.code for item in caught.value.diagnostics]
    assert 2 == len(str(caught.value).splitlines())


@pytest.mark.parametrize(("name", "content"), OTHERS.values(), ids=OTHERS)
def test_other_files_are_left_alone(tmp_path: Path, name: str, content: Any) -> None:
    """They are no templates, and do not look like any."""
    write(tmp_path / "sound.json", SOUND)
    write(tmp_path / name, content)

    loaded = load_each([tmp_path])
    assert (1, [], []) == (len(loaded.templates), loaded.errors, loaded.unread)


@pytest.mark.parametrize("content", [FRAGMENT, SERVERLESS], ids=["fragment", "serverless"])
def test_resources_outside_of_templates_are_not_read(tmp_path: Path, content: str) -> None:
    """A part that a template includes, or the file of a framework, is listed."""
    write(tmp_path / "sound.json", SOUND)
    other = write(tmp_path / "other.yml", content)

    [unread] = load_each([tmp_path]).unread
    assert ("file-not-template", str(other)) == (unread.code, unread.template)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Whether it is a template is unknown: here, a link to nothing."""
    write(tmp_path / "sound.json", SOUND)
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nothing.yaml")

    assert ["file-unreadable"] == [error.code for error in load_each([tmp_path]).errors]


def test_linked_folders_are_read_once(tmp_path: Path) -> None:
    """Also if a link leads back."""
    write(tmp_path / "shared" / "a.json", SOUND)
    top = tmp_path / "app"
    write(top / "b.json", SOUND)
    (top / "shared").symlink_to(tmp_path / "shared")
    (top / "again").symlink_to(top)

    assert ["b.json", "a.json"] == [Path(item.name).name for item in load([top])]


def test_a_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its templates are unknown. Root may list every folder, so the system call is made to fail."""
    write(tmp_path / "a.json", SOUND)
    closed = tmp_path / "closed"
    closed.mkdir()
    scan = os.scandir

    def scandir(path: Any) -> Any:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", scandir)

    loaded = load_each([tmp_path])
    assert [("file-unreadable", closed)] == [(e.code, e.path) for e in loaded.errors]
    assert 1 == len(loaded.templates)


def test_a_name_that_no_file_can_have(tmp_path: Path) -> None:
    """It is an error as any other."""
    with pytest.raises(CheckError) as caught:
        load([tmp_path / "a\0b.yaml"])
    assert "file-unreadable" == caught.value.code


def test_matches_of_a_pattern_can_be_other_files(tmp_path: Path) -> None:
    """As the files of a folder, unlike a file that is named."""
    paths = [write(tmp_path / "a.json", SOUND), write(tmp_path / "b.json", {"name": "x"})]

    loaded = load_each([], paths)
    assert (1, []) == (len(loaded.templates), loaded.errors)
