"""The workflows of CI: the examples of this repository, for the environments of a project.

The examples are the only place where steps, versions and permissions are written. What there is
once for each environment is a template, from which the examples themselves are written too:
``python -m scripts.deployments``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecr_constructs.project.source import files_folder
from ecr_constructs.project.text import filled, scalar

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.project.settings import EnvironmentSettings, ProjectSettings
    from ecr_constructs.project.source import Source

# The commit of this package where it is not known.
NO_COMMIT = "0" * 40
ACTION = ("OWNER/ecr-constructs", NO_COMMIT)
CLONE = "https://git.example.com/platform/ecr-constructs.git"
_EXAMPLES = "examples/ci"
_REGIONS = "eu-central-1 eu-west-1"
_INSTALL, _CHECK = "--requirement requirements.txt", "ecr-constructs environment check environments"
_STAGES = re.compile(r"(?<=^stages: \[synthesize, ).*(?=\]$)", re.MULTILINE)
# Where the part of each environment begins.
_FIRST = {"github": "\njobs:\n", "gitlab": "\n.environment-"}


def workflow_files(settings: ProjectSettings, source: Source) -> Iterator[tuple[str, str]]:
    """Yield the workflows of a project, by their paths.

    Args:
        settings: What the project is made for; without errors.
        source: Where it installs this package from.
    """
    regions = " ".join(dict.fromkeys(item.region for item in settings.environments))
    if settings.ci == "github":
        replaced = {_REGIONS: regions}
        replaced["aws-region: eu-central-1"] = f"aws-region: {settings.environments[0].region}"
        if action := source.action:
            replaced |= dict(zip(ACTION, action, strict=True))
        folder = ".github/workflows"
        yield f"{folder}/ecr-synthesis.yml", _adapted("github-synthesize.yml", {})
        yield f"{folder}/ecr-review.yml", _adapted("github-review.yml", replaced)
        environment = _adapted("github-deploy-environment.yml", _tested("; pytest") | replaced)
        yield f"{folder}/ecr-deploy-environment.yml", environment
        yield f"{folder}/ecr-deploy.yml", _own(deployments("github", settings.environments))
    elif settings.ci == "gitlab":
        replaced = {_REGIONS: regions}
        if commit := source.commit:
            replaced |= {CLONE: f"{commit[0]}.git", NO_COMMIT: commit[1]}
        stages = _stages(settings.environments)
        yield ".gitlab-ci.yml", filled("gitlab-ci.yml", stages=stages)
        yield ".gitlab/ecr-review.yml", _adapted("gitlab-ci.yml", replaced)
        text = deployments("gitlab", settings.environments)
        replaced = _tested("\n    - pytest") | replaced
        yield ".gitlab/ecr-deploy.yml", _replaced(_own(text), replaced)


def deployments(ci: str, environments: Sequence[EnvironmentSettings]) -> str:
    """Return the example of a deployment for some environments, one after the other.

    Args:
        ci: ``github`` or ``gitlab``.
        environments: The environments, in the order in which they are deployed.
    """
    before = (None, *environments[:-1])
    jobs = "".join(_job(ci, *pair) for pair in zip(environments, before, strict=True))
    head, first, _ = _text(f"{ci}-deploy.yml").partition(_FIRST[ci])
    if ci == "github":
        return head + first + jobs.removeprefix("\n")
    return _STAGES.sub(_stages(environments), head.rstrip("\n")) + "\n" + jobs


def _job(ci: str, environment: EnvironmentSettings, previous: EnvironmentSettings | None) -> str:
    fields = {
        "name": environment.name,
        "text": scalar(environment.name),
        "stage": scalar(environment.stage),
        "account": environment.account,
        "region": environment.region,
    }
    if ci == "github":
        needs = f"    needs: {scalar(previous.name)}\n" if previous else ""
        partition = environment.partition
        other = f"      partition: {partition}\n" if partition != "aws" else ""
        return filled("deploy_github", **fields, needs=needs, partition=other)
    approval = filled("approval_gitlab") if environment.profile == "production" else ""
    return filled(
        "deploy_gitlab",
        **fields,
        partition=environment.partition,
        previous=f"deploy-{previous.name}" if previous else "head",
        approval=approval,
    )


def cdk_version() -> str:
    """Return the version of the CDK CLI that the workflows install."""
    [version] = set(re.findall(r"aws-cdk@([0-9.]+)", _text("github-synthesize.yml")))
    return str(version)


def _stages(environments: Sequence[EnvironmentSettings]) -> str:
    return ", ".join(f"deploy-{environment.name}" for environment in environments)


def _tested(further: str) -> dict[str, str]:
    """Return the replacements with which the tests of a project run before its deployment."""
    return {_INSTALL: "'.[dev]'", _CHECK: f"{_CHECK}{further}"}


def _adapted(name: str, replacements: dict[str, str]) -> str:
    return _replaced(_own(_text(name)), replacements)


def _replaced(text: str, replacements: dict[str, str]) -> str:
    for old, new in {**replacements, _INSTALL: "."}.items():
        text = text.replace(old, new)
    return text


def _own(text: str) -> str:
    """Return an example without its first line, which says where to copy it."""
    first, _, rest = text.partition("\n")
    assert first.startswith("# Copy to"), first
    return rest


def _text(name: str) -> str:
    return (files_folder() / _EXAMPLES / name).read_text("utf-8")
