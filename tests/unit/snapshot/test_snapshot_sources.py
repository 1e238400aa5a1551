"""The table of what is asked, against botocore's descriptions of the services."""

import re
from typing import Any

import pytest

from ecr_constructs.model.snapshot_sources import (
    DEFAULT_SOURCES,
    GROUPS,
    SOURCES,
    aggregator_source,
    operations_of,
    selected,
)
from ecr_constructs.model.snapshot_sources.audit_role import external_id_errors, read_policy
from ecr_constructs.model.snapshot_sources.operation import Operation
from ecr_constructs.model.validation import ValidationError
from tests.support.service_models import model

OPERATIONS = {
    operation.id: operation
    for operation in operations_of([*SOURCES.values(), aggregator_source("all")])
}


def members(operation: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the members of the input and the output."""
    described = model(operation.service).operation_model(operation.name)
    given = described.input_shape.members if described.input_shape else {}
    return dict(given), dict(described.output_shape.members)


def listed(shape: Any) -> Any:
    """Return the shape of the entries of a list."""
    return shape.member if shape.type_name == "list" else shape


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_the_table_is_what_botocore_describes(operation: Operation) -> None:
    """Names of parameters and members, sizes of pages and lists, and paths are those of AWS."""
    given, answered = members(operation)
    for fixed in operation.fixed:
        assert fixed.keys() <= given.keys()
    assert not operation.lists or operation.lists in answered
    assert {*operation.carry} <= given.keys()
    if paging := operation.paging:
        assert paging.token in given
        assert paging.member in answered
        if paging.size:
            assert paging.size <= given[paging.limit].metadata.get("max", paging.size)
    else:
        assert not {"nextToken", "NextToken", "NextMarker"} & answered.keys()
    if operation.after:
        above = OPERATIONS[operation.after]
        shape = model(above.service).operation_model(above.name).output_shape
        for name in operation.over.split("."):
            parent = shape
            shape = listed(shape.members[name])
        assert shape.type_name == "string"
        assert {*operation.where} <= parent.members.keys()
        assert {*operation.carry} <= members(above)[0].keys()
        parameter = given[operation.parameter]
        assert (parameter.type_name == "list") == bool(operation.at_once)
        assert operation.at_once <= parameter.metadata.get("max", 100)
        assert not operation.wrap or operation.wrap in parameter.member.members


def test_each_operation_follows_one_of_its_source() -> None:
    """A source can be read alone."""
    for source in SOURCES.values():
        names = {operation.id for operation in source.operations}
        assert {operation.after for operation in source.operations} <= {*names, ""}, source.name


def test_only_reads() -> None:
    """The policy changes nothing, gets no secret and pulls nothing unless it is asked."""
    statement = read_policy(SOURCES[name] for name in GROUPS["all"])["Statement"][0]
    for action in statement["Action"]:
        assert re.match(r"[a-z0-9-]+:(Get|List|Describe|BatchGet|Validate)[A-Z]", action), action
    assert not {"ecr:BatchGetImage", "ecr:GetAuthorizationToken"} & {*statement["Action"]}
    pulls = read_policy([SOURCES["manifests"]])["Statement"][0]["Action"]
    assert ["ecr:BatchGetImage", "ecr:DescribeImages", "ecr:DescribeRepositories"] == pulls
    for action in (
        "bedrock-agentcore:GetAgentRuntime",
        "cleanrooms-ml:GetConfiguredModelAlgorithm",
    ):
        assert action in statement["Action"]


def test_environment_variables_are_left_out() -> None:
    """Of each operation whose answer has some."""
    for operation in OPERATIONS.values():
        shape = model(operation.service).operation_model(operation.name).output_shape
        for names in paths(shape, ()):
            if re.search("environment(variables)?$", names[-1], re.IGNORECASE):
                is_build = (operation.service, names[-1]) == ("codebuild", "environment")
                assert is_build or operation.without & {*names}, (operation.id, names)


def paths(shape: Any, above: tuple[str, ...]) -> Any:
    """Yield the path of each member of an answer."""
    if shape.type_name == "list":
        yield from paths(shape.member, above)
    elif shape.type_name == "structure" and len(above) < 6:
        for name, member in shape.members.items():
            yield (*above, name)
            yield from paths(member, (*above, name))


def test_names_of_sources() -> None:
    """Groups stand for their sources, and the order is that of the table."""
    assert list(DEFAULT_SOURCES) == selected(["images", "registry", "repositories"])
    assert ["kms", "iam"] != selected(["kms", "iam"]) == ["iam", "kms"]
    assert "manifests" not in selected(["all"])


@pytest.mark.parametrize(
    ("names", "code"), [(["ecss"], "snapshot-source-unknown"), ([], "snapshot-source-missing")]
)
def test_an_unknown_source(names: list[str], code: str) -> None:
    """It is an error with the one that is meant."""
    with pytest.raises(ValidationError) as caught:
        selected(names)

    assert [code] == [problem.code for problem in caught.value.diagnostics]
    if names:
        assert "'ecs'" in caught.value.diagnostics[0].remedy


def test_a_source_like_no_other() -> None:
    """All are listed."""
    with pytest.raises(ValidationError) as caught:
        selected(["quux"])

    assert "registry" in caught.value.diagnostics[0].remedy


def test_what_is_not_of_aws_is_not_asked_about() -> None:
    """Nor what has another type than AWS describes."""
    operation = OPERATIONS["lambda:GetFunction"]
    image = {"FunctionArn": "arn", "PackageType": "Image"}
    functions: list[Any] = [7, {"FunctionArn": 7}, image, {**image, "FunctionArn": 8}]

    assert ["arn"] == [*operation.subjects({"Functions": functions})]
    assert [] == [*operation.subjects({"Functions": 7})]


@pytest.mark.parametrize(("text", "problems"), [("a", 1), ("ab", 0), ("a b", 1)])
def test_external_ids(text: str, problems: int) -> None:
    """STS documents 2 to 1,224 characters."""
    assert problems == len([*external_id_errors(text)])
