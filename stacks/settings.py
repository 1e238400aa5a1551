"""Settings of repositories, as the keywords and calls of the constructs."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs.environment.inheritance import Settings
from ecr_constructs.environment.values import WARNINGS
from ecr_constructs.model.registry_id import RegistryId


class PulledByLambda(Protocol):
    """A repository, creation template or cache."""

    def grant_pull_to_lambda(self, *, functions: Any = ..., account: Any = ...) -> object:
        """Allow Lambda to pull."""


def keywords(
    settings: Settings, key: kms.IKey | None, registry: RegistryId | None
) -> dict[str, Any]:
    """Return the keywords that repositories, creation templates and caches share."""
    return {
        **settings.keywords(key, registry),
        "policy_statements": statements(settings.policy_statements),
    }


def statements(documents: Iterable[Mapping[str, Any]]) -> list[iam.PolicyStatement]:
    """Return the statements of AWS's JSON."""
    return [iam.PolicyStatement.from_json(document) for document in documents]


def admit_lambda(pulled: PulledByLambda, settings: Settings) -> None:
    """Allow the Lambda functions of the settings to run the images."""
    for functions in settings.functions:
        pulled.grant_pull_to_lambda(functions=functions.names, account=functions.account)


def acknowledge(scope: Construct, reasons: Mapping[str, str]) -> None:
    """Accept findings of the checks, and warnings, about a construct and those below it."""
    for name, reason in reasons.items():
        rule = f"Annotation::ecr-constructs:{name}" if name in WARNINGS else f"EcrChecks::{name}"
        cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=rule, reason=reason))
