"""Statements of an environment file, judged by the rules that check templates."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ecr_constructs.cloudformation.template import Place
from ecr_constructs.environment.source import Problem
from ecr_constructs.model.repository_policy import document

_PROPERTIES = {
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::ECR::RegistryPolicy": "PolicyText",
}


def statement_problems(
    kind: str,
    place: Place,
    statements: Sequence[Mapping[str, Any]],
    acknowledged: Collection[str] = (),
) -> Iterator[Problem]:
    """Yield the errors of the statements of a list of the file.

    Args:
        kind: The type of the resource that has the policy.
        place: The place of the list.
        statements: The statements, as AWS's JSON.
        acknowledged: The ids of accepted rules.
    """
    # The rules take half of the time of a file without statements.
    from ecr_constructs.checks import Severity, Template, check  # noqa: PLC0415

    text = _PROPERTIES[kind]
    resource = {"Type": kind, "Properties": {text: document(statements)}}
    for finding in check([Template("policy", {"Resources": {"Policy": resource}})]):
        match finding.path:
            case ("Properties", name, "Statement", *steps) if name == text:
                pass
            case _:
                continue
        if finding.severity is Severity.ERROR and finding.rule not in acknowledged:
            yield Problem((*place, *steps), finding.rule, finding.message, finding.remedy)
