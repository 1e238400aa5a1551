"""Files, JSON and YAML of any origin: what is too deep, too long or not a file is an error."""

import inspect
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cloudformation import reading
from ecr_constructs.cloudformation.acknowledgments import acknowledged_in
from ecr_constructs.cloudformation.cloud_assembly import stack_files, top_of
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.loading import load, with_nested
from ecr_constructs.cloudformation.parsing import read_yaml
from ecr_constructs.cloudformation.reading import bytes_of, files_below, is_pipe, real_path
from ecr_constructs.cloudformation.unread import unread_of
from ecr_constructs.model.json_reading import MAX_DEPTH, JsonError, read_json
from ecr_constructs.review.inventories import read_inventories

# --- JSON ---------------------------------------------------------------------------------------

JSON: dict[str, tuple[str, str]] = {
    "nothing": ("", "syntax"),
    "two values": ("1 2", "syntax"),
    "NaN": ("[NaN]", "syntax"),
    "infinity": ('{"a": -Infinity}', "syntax"),
    "lists that are never closed": ("[" * 100_000, "depth"),
    "one list too deep": ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "depth"),
    "objects too deep": ('{"a":' * (MAX_DEPTH + 1) + "1" + "}" * (MAX_DEPTH + 1), "depth"),
    "digits": ("9" * 5_000, "number"),
    "digits that Python would read": ("-" + "9" * 1_001, "number"),
    "a large exponent": ("[1e999]", "number"),
    "half of a pair": (r'["\ud800"]', "text"),
    "the other half, as a key": (r'{"\uDFFF": 1}', "text"),
}


@pytest.mark.parametrize(("text", "kind"), JSON.values(), ids=JSON)
def test_what_is_not_json_for_us(text: str, kind: str) -> None:
    """The limits are those of Python, or far above what AWS accepts."""
    with pytest.raises(JsonError) as caught:
        read_json(text)
    assert kind == caught.value.kind


@pytest.mark.parametrize(
    "text",
    [
        ' \n{"a": [1, 2.5, -1e3, null, true]}\t',
        r'"\ud83d\ude00 \\ud800"',
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        "9" * 1_000,
        '{"a": 1, "a": 2}',
    ],
    ids=["white space", "a pair, and a backslash", "depth", "digits", "duplicate keys"],
)
def test_what_is_json(text: str) -> None:
    """It is read as Python does."""
    assert json.loads(text) == read_json(text)


# --- YAML ---------------------------------------------------------------------------------------


def bomb(item: str, levels: str = "bcdefghij") -> str:
    """Return mappings, each of which has or merges the one before it ten times."""
    lines = [f"a: &a {{{', '.join(f'k{number}: x' for number in range(10))}}}"]
    previous = "a"
    for level in levels:
        lines.append(f"{level}: &{level} {item.replace('X', f'*{previous}')}")
        previous = level
    return "\n".join(lines)


MERGES = f"{{<<: [{', '.join(['X'] * 10)}]}}"
YAML: dict[str, tuple[str, str]] = {
    "aliases of aliases": (bomb(f"[{', '.join(['X'] * 10)}]"), "template-too-large"),
    "merges of merges": (bomb(MERGES), "template-too-large"),
    "a long text, repeated": (
        f"a: &a {'x' * 100_000}\nb: [{', '.join(['*a'] * 1_000)}]",
        "template-too-large",
    ),
    "an alias of itself": ("a: &a [*a]", "template-too-large"),
    "a mapping that merges itself": ("a: &a {b: {<<: *a}}", "template-too-large"),
    "a mapping that is its own base": ("&a {<<: *a}", "template-too-large"),
    "a key that is a mapping": ("? {a: b}\n: c", "template-not-yaml"),
    "a key that is itself": ("&a {? *a : b}", "template-not-yaml"),
    "a merge of a text": ("<<: a", "template-not-yaml"),
    "a merge of texts": ("<<: [a, b]", "template-not-yaml"),
    "nesting": ("[" * 1_000, "template-too-large"),
    "nesting by tags": ("a: " + "!Sub [" * 60 + "]" * 60, "template-too-large"),
    "infinity": ("a: .inf", "number-too-long"),
    "not a number": ("a: .nan", "number-too-long"),
    "a number of base 60": (f"a: 1{':59' * 400}.5", "template-not-yaml"),
    "hexadecimal digits": (f"a: 0x{'f' * 5_000}", "number-too-long"),
    "an integer that is none": ("a: !!int ''", "template-not-yaml"),
    "a boolean that is none": ("a: !!bool maybe", "template-not-yaml"),
    "an object of Python": ("a: !!python/object:os.system x", "template-not-yaml"),
    "two documents": ("a: 1\n---\nb: 1", "template-not-yaml"),
    "ESC": ("a: 1\nb: \x1b[0m", "template-not-yaml"),
    "NUL": ("a: \0", "template-not-yaml"),
}


@pytest.mark.parametrize(("text", "code"), YAML.values(), ids=YAML)
def test_what_is_not_yaml_for_us(monkeypatch: pytest.MonkeyPatch, text: str, code: str) -> None:
    """The error is one line, and comes before the time and the memory are gone."""
    monkeypatch.setattr("ecr_constructs.cloudformation.parsing._MAX_NODES", 10_000)
    with pytest.raises(TemplateError) as caught:
        read_yaml(text)
    assert code == caught.value.code
    assert 1 == len(str(caught.value).splitlines())


def test_a_control_character_has_a_place() -> None:
    """As every other error of YAML has."""
    with pytest.raises(TemplateError, match=r"U\+001B at line 2, column 4"):
        read_yaml("a: 1\nb: \x1b[0m")


def test_a_text_with_half_of_a_pair_is_no_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reader in C rejects it, the one in Python does not."""
    yaml = pytest.importorskip("yaml")
    monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    with pytest.raises(TemplateError) as caught:
        read_yaml(r'a: "\ud800"')
    assert "template-not-unicode" == caught.value.code


def test_merged_keys() -> None:
    """The first mapping of a list counts, and own keys count more; inner merges count less."""
    text = """
base: &base {a: 1, b: 1, c: 1}
more: &more {<<: *base, b: 2, d: 2}
both: {<<: [*more, {a: 3, e: 3}], c: 4}
"""
    content, _, repeated = read_yaml(text)

    assert {"a": 1, "b": 2, "c": 4, "d": 2, "e": 3} == content["both"]
    assert [] == repeated


# --- files --------------------------------------------------------------------------------------


def code_of(path: Path, **options: Any) -> str:
    """Return the code of the error of reading a file."""
    with pytest.raises(TemplateError) as caught:
        bytes_of(path, **options)
    assert caught.value.path == path
    return caught.value.code


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_WAIT_FOR_WRITER", 0.05)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """What has no end, or waits for somebody, is not opened as a file."""
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    (tmp_path / "loop").symlink_to("loop")

    assert "file-kind" == code_of(tmp_path / "pipe")
    assert "file-kind" == code_of(tmp_path / "pipe", may_be_pipe=True)
    assert "file-kind" == code_of(Path("/dev/zero"))
    assert "file-unreadable" == code_of(tmp_path / "socket")
    assert "file-unreadable" == code_of(tmp_path)
    assert "file-unreadable" == code_of(tmp_path / "loop")
    assert "file-unreadable" == code_of(tmp_path / "a\0b")
    assert "file-unreadable" == code_of(tmp_path / "\ud800")
    assert "file-unreadable" == code_of(tmp_path / ("a" * 5_000))
    # As an empty file, which scripts write where there is none.
    assert b"" == bytes_of(Path(os.devnull))


def test_a_file_has_a_limit(tmp_path: Path) -> None:
    """It is not read to its end to find out."""
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(reading.MAX_BYTES + 1)

    assert "file-too-large" == code_of(path)
    assert "file-too-large" == code_of(path, most=0)
    assert reading.MAX_BYTES + 1 == len(bytes_of(path, most=reading.INVENTORY_MAX_BYTES))


@pytest.mark.parametrize("delay", [0, 0.6], ids=["at once", "later than the reader waits"])
def test_a_pipe_with_a_writer_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, delay: float
) -> None:
    """The command of ``<(command)`` may take its time, once it is there."""
    monkeypatch.setattr(reading, "_WAIT_FOR_WRITER", 0.5 if delay else 60)
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write() -> None:
        # To open a pipe takes until somebody reads it.
        with path.open("wb") as file:
            time.sleep(delay)
            file.write(b"text")

    writer = threading.Thread(target=write)
    writer.start()
    assert b"text" == bytes_of(path, may_be_pipe=True)
    writer.join()


def test_names_that_no_file_has() -> None:
    """They are no error before somebody reads the file."""
    assert not is_pipe("a\0b")
    assert Path("a\0b") == real_path("a\0b")


def test_each_folder_is_visited_once(tmp_path: Path) -> None:
    """Links to folders above, to each other and to themselves end."""
    (tmp_path / "one" / "two").mkdir(parents=True)
    (tmp_path / "one" / "two" / "a.json").touch()
    (tmp_path / "one" / "two" / "up").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(tmp_path / "one")
    (tmp_path / "self").symlink_to("self")

    errors: list[OSError] = []
    names = [path.name for path in files_below(tmp_path, (".json",), errors.append)]
    assert (["a.json"], []) == (names, errors)


# --- assemblies ---------------------------------------------------------------------------------


def write(path: Path, content: Any) -> Path:
    """Write a document as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def nested(*names: str) -> dict[str, Any]:
    """Return a template with nested stacks."""
    metadata = {"aws:asset:property": "TemplateURL"}
    return {
        "Resources": {
            f"N{number}": {
                "Type": "AWS::CloudFormation::Stack",
                "Metadata": {"aws:asset:path": name, **metadata},
            }
            for number, name in enumerate(names)
        }
    }


def stack(file: Any, **artifact: Any) -> dict[str, Any]:
    """Return a manifest with one stack."""
    properties = {"templateFile": file}
    return {
        "artifacts": {
            "S": {"type": "aws:cloudformation:stack", "properties": properties, **artifact}
        }
    }


def test_each_file_of_an_assembly_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two nested stacks at each of twenty levels, each with both of the next level."""
    write(tmp_path / "manifest.json", stack("0a.json"))
    for level in range(20):
        children = [f"{level + 1}{side}.json" for side in "ab"] if level < 19 else ["0a.json"]
        for side in "ab":
            write(tmp_path / f"{level}{side}.json", nested(*children))
    read: list[Path] = []

    def counted(path: Path, **options: Any) -> str:
        read.append(path)
        return reading.text_of(path, **options)

    monkeypatch.setattr("ecr_constructs.cloudformation.loading.text_of", counted)

    assert 39 == len(load([tmp_path])) == len(read)


def test_a_chain_of_assemblies_and_nested_stacks(tmp_path: Path) -> None:
    """However long it is; an assembly that names itself or one above is not read again."""
    names = [f"a{number}" for number in range(20)]
    artifacts = [
        {"type": "cdk:cloud-assembly", "properties": {"directoryName": name}}
        for name in (".", *(f"../{name}" for name in names))
    ]
    for name in names:
        document = {"artifacts": dict(zip(["self", *names], artifacts, strict=True))}
        write(tmp_path / name / "manifest.json", document)
    write(tmp_path / "manifest.json", {"artifacts": {}})
    write(tmp_path / "a19" / "manifest.json", stack("s0.json"))
    length = 400
    for number in range(length):
        following = nested(f"s{number + 1}.json") if number < length - 1 else nested()
        write(tmp_path / "a19" / f"s{number}.json", following)

    [file] = stack_files(tmp_path / "a0")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + length // 2)
    try:
        templates = list(with_nested(file))
    finally:
        sys.setrecursionlimit(limit)
    assert ("s0.json", length) == (file.path.name, len(templates))


def test_an_assembly_above_another() -> None:
    """The search for the app ends at the root of the file system."""
    assert Path("/") == top_of(Path("/"))


ODD_MANIFESTS: dict[str, tuple[Any, str]] = {
    "a file with a NUL": (stack("a\0b"), "file-unreadable"),
    "a file that is a list": (stack(["a"]), "assembly-malformed"),
    "no properties": (
        {"artifacts": {"S": {"type": "aws:cloudformation:stack"}}},
        "assembly-malformed",
    ),
    "a link to itself": (stack("loop"), "file-unreadable"),
    "a pipe": (stack("pipe"), "file-kind"),
    "a folder": (stack("."), "file-unreadable"),
}


@pytest.mark.parametrize(("manifest", "code"), ODD_MANIFESTS.values(), ids=ODD_MANIFESTS)
def test_odd_manifests(tmp_path: Path, manifest: Any, code: str) -> None:
    """Whoever wrote the assembly cannot make the reader wait, or crash."""
    write(tmp_path / "manifest.json", manifest)
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(TemplateError) as caught:
        load([tmp_path])
    assert code == caught.value.code


def test_odd_names_of_stacks(tmp_path: Path) -> None:
    """What is not text is not a name."""
    write(tmp_path / "s.json", nested("a\0b", "loop", "../x"))
    manifest = stack("s.json", displayName=["a"], environment=7)
    manifest["artifacts"]["S"]["properties"] |= {"stackName": {}, "tags": [1]}
    write(tmp_path / "manifest.json", manifest)
    (tmp_path / "loop").symlink_to("loop")

    [template] = load([tmp_path])
    assert ("S", None) == (template.stack_name, template.construct)


KEY = "aws:cdk:acknowledged-rules"
ODD_METADATA: list[Any] = [
    [],
    {KEY: 7},
    {"/S": [KEY, {}, {"type": KEY}, {"type": KEY, "data": {"EcrChecks::ECR012": 7}}]},
]


@pytest.mark.parametrize("metadata", ODD_METADATA)
def test_odd_metadata(tmp_path: Path, metadata: Any) -> None:
    """It acknowledges nothing."""
    write(tmp_path / "s.metadata.json", metadata)

    assert [] == list(acknowledged_in(tmp_path / "s.template.json").all)


def test_a_first_byte_is_part_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe that has been written to already needs no wait."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    monkeypatch.setattr(reading, "_WAIT_FOR_WRITER", -1)
    # A pipe that is open for reading and writing has a writer, and keeps what is written.
    with os.fdopen(os.open(path, os.O_RDWR), "wb", buffering=0) as file:
        file.write(b"text")
        timer = threading.Timer(0.2, file.close)
        timer.start()
        assert b"text" == bytes_of(path, may_be_pipe=True)
        timer.join()


def test_a_folder_of_inventories_that_cannot_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its images would be missing."""

    def walk(top: Path, *, onerror: Callable[[OSError], None], followlinks: bool) -> Any:
        assert followlinks
        onerror(PermissionError(13, "Permission denied", str(top)))
        return ()

    monkeypatch.setattr(os, "walk", walk)
    with pytest.raises(TemplateError) as caught:
        read_inventories(tmp_path)
    assert "file-unreadable" == caught.value.code


# JSON writes a letter by its number, and YAML in two more ways.
HIDDEN = {"t.json": r"\u0061", "t.yaml": r"\x61", "u.yaml": r"\U00000061"}


@pytest.mark.parametrize(("name", "letter"), HIDDEN.items(), ids=HIDDEN)
def test_a_word_with_an_escaped_letter_is_read(tmp_path: Path, name: str, letter: str) -> None:
    """A macro cannot hide from what looks for its name in the text, nor can a nested stack."""
    resources = {
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"Fn::Transform": {"Name": "Any"}}},
        **nested("nested.json")["Resources"],
    }
    text = json.dumps(resources)
    for word in ("Transform", "TemplateURL"):
        text = text.replace(word, word.replace("a", letter))
    start, end = ('{"Resources": ', "}") if name.endswith(".json") else ("Resources: ", "")
    (tmp_path / name).write_text(start + text + end, encoding="utf-8")
    write(tmp_path / "nested.json", {"Resources": {}})

    outer, inner = load([tmp_path])
    parts = unread_of(TemplateSet([outer]).stacks[0])
    [bucket] = [part for part in parts if part.resource == "Bucket"]
    assert ("transform-not-read", outer.path) == (bucket.code, inner.root)


@pytest.mark.parametrize("innermost", ["1", "{}", '{"a": 1}', "[]"])
@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a": ', "}")], ids=["[]", "{}"])
def test_the_depth_of_json(opened: str, closed: str, innermost: str) -> None:
    """A document of the allowed depth is read, whatever is inside, and a deeper one rejected."""
    levels = MAX_DEPTH - (innermost != "1")
    allowed = opened * levels + innermost + closed * levels

    assert read_json(allowed) == json.loads(allowed)
    with pytest.raises(JsonError) as caught:
        read_json(opened + allowed + closed)
    assert "depth" == caught.value.kind
