"""Imports between the packages point one way: those of docs/architecture.md, and no others."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import ecr_constructs

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "ecr_constructs"
# Third parties, and the only modules that may import them.
RESERVED = {
    "aws_cdk": r"ecr_constructs/(constructs/|checks/plugin\.py)|stacks/",
    "constructs": r"ecr_constructs/constructs/|stacks/",
    "boto3": r"ecr_constructs/live/",
    "botocore": r"ecr_constructs/live/",
    "pydantic": r"ecr_constructs/environment/|stacks/",
    "cfnlint": r"ecr_constructs/checks/cfnlint\.py",
}
# A service that a module imports: `from aws_cdk import aws_ecr as ecr`.
CDK_MODULES = re.compile(r"^from aws_cdk import ([a-z]\w*)\b", re.MULTILINE)
# They are empty by design, or hand names on (PEP 562, one release of a former path).
EXEMPT = {"ecr_constructs/__init__.py", "ecr_constructs/__main__.py"}


@cache
def imports(folder: str) -> dict[str, list[str]]:
    """Return what each module below a folder imports, by the module's path."""
    paths = sorted((ROOT / folder).rglob("*.py"))
    return {str(path.relative_to(ROOT)): [*imported(path)] for path in paths}


def modules() -> dict[str, list[str]]:
    """Return what each module of the product imports, by its path."""
    return imports("ecr_constructs") | imports("stacks")


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements of a module at any depth: imports are nowhere else in the tree."""
    for part in ("body", "orelse", "handlers", "finalbody", "cases"):
        for statement in getattr(node, part, ()):
            yield statement
            yield from statements(statement)


def imported(path: Path) -> Iterator[str]:
    """Yield the dotted names that a module imports, also those for type checkers only."""
    for node in statements(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def area(name: str) -> str | None:
    """Return the package that a path or dotted name belongs to, of those in the picture."""
    parts = name.removesuffix(".py").replace("/", ".").split(".")
    if len(parts) > 1 and parts[1] in ecr_constructs.__all__:
        # A public name, which is imported lazily from where it is defined.
        parts = [parts[0], *ecr_constructs._HOMES[parts[1]].split(".")]
    if parts[0] == "stacks":
        return "stacks"
    is_ours = parts[0] == "ecr_constructs" and len(parts) > 1 and (PACKAGE / parts[1]).is_dir()
    return parts[1] if is_ours else None


def arrows() -> set[tuple[str, str]]:
    """Return the imports between packages as the code has them."""
    pairs = {
        (area(path), area(name))
        for path, names in modules().items()
        if path not in EXEMPT
        for name in names
    }
    return {(source, target) for source, target in pairs if source and target and source != target}


def test_packages_import_as_the_picture_shows() -> None:
    picture = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    drawn = set(re.findall(r"^  (\w+) --> (\w+)$", picture, re.MULTILINE))

    assert sorted(drawn) == sorted(arrows())


def test_third_parties_stay_where_they_belong() -> None:
    misplaced = [
        f"{path} imports {name}"
        for path, names in modules().items()
        if path not in EXEMPT
        for name in names
        if (owner := RESERVED.get(name.split(".")[0])) and not re.match(owner, path)
    ]

    assert [] == misplaced


def test_mypy_reads_the_services_that_are_used() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]
    read = {
        module
        for override in settings["overrides"]
        if override["follow_imports"] == "normal"
        for module in override["module"]
    }
    used = {
        name
        for folder in settings["files"]
        for path in ([ROOT / folder] if folder.endswith(".py") else (ROOT / folder).rglob("*.py"))
        for name in CDK_MODULES.findall(path.read_text("utf-8"))
    }
    used = {f"aws_cdk.{name}" for name in used}

    assert used <= read


def test_product_and_tools_do_not_import_tests() -> None:
    """Tests may import tools, tools the product; never the other way round."""
    tools = ("scripts", "benchmarks", "local_aws")
    forbidden = {
        **dict.fromkeys(("ecr_constructs", "stacks"), (*tools, "tests")),
        **dict.fromkeys((*tools, "examples"), ("tests",)),
    }
    misplaced = [
        f"{path} imports {name}"
        for folder, others in forbidden.items()
        for path, names in imports(folder).items()
        for name in names
        if name.split(".")[0] in others
    ]

    assert [] == misplaced


def test_modules_import_each_other_one_way() -> None:
    """No module imports, through others, itself; imports for type checkers count too."""
    by_name = {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): names
        for path, names in modules().items()
        if path not in EXEMPT
    }
    graph = {
        name: {
            target
            for dotted in names
            for target in (dotted, dotted.rpartition(".")[0])
            if target in by_name and target != name
        }
        for name, names in by_name.items()
    }

    assert len(by_name) == len(list(TopologicalSorter(graph).static_order()))
