"""The examples of README.md and docs/ are run."""

from pathlib import Path
from tempfile import TemporaryDirectory

import yaml
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser, PythonCodeBlockParser

from stacks.environment_file import load_environment
from stacks.lifecycle_rules import Rule


def _environment_file(example: Example) -> None:
    """Read a YAML example as the file, or the part of one, that it shows."""
    shown = yaml.safe_load(example.parsed)
    if list(shown) == ["lifecycle"]:
        assert [Rule.model_validate(rule).rule() for rule in shown["lifecycle"]]
        return
    with TemporaryDirectory() as folder:
        path = Path(folder) / "prod.yaml"
        path.write_text(example.parsed, encoding="utf-8")
        load_environment(path)


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), CodeBlockParser("yaml", _environment_file)],
    patterns=["README.md", "docs/*.md"],
).pytest()
