"""Which code pyright reads, and which of its errors are those of CDK."""

from pathlib import Path

from scripts import typed

TEXT = """# A guide

```python
first = 1
```

Words.

```console
$ ls
```

```python
second = 2
```
"""
MISMATCH = """Argument of type "AccountRootPrincipal" cannot be assigned
  "AccountRootPrincipal" is incompatible with protocol "IPrincipal"
    Parameter name mismatch: "statement" versus "_statement\""""


def test_blocks_keep_their_lines() -> None:
    """So that an error names the line of the document."""
    lines = typed.code_of(TEXT).splitlines()

    assert {4: "first = 1", 14: "second = 2"} == {
        number: line for number, line in enumerate(lines, 1) if line
    }


def test_documents_with_code_are_read() -> None:
    names = {path.name for path in typed.documents(typed.ROOT)}

    assert {"README.md", "access.md", "registry.md"} <= names
    assert "review.md" not in names


def test_errors_of_cdk_are_left_out(tmp_path: Path) -> None:
    """An error in code of a document names the document."""
    file = str(tmp_path / "docs" / "guide.py")
    place = {"start": {"line": 3}}
    problems = [
        {"file": file, "message": message, "range": place} for message in (MISMATCH, "No name")
    ]
    report = {"generalDiagnostics": problems}

    assert ["docs/guide.md:4: No name"] == [*typed.errors(report, Path("/root"), tmp_path)]
