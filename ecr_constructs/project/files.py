"""The files of a project: copies of the app's own, and those that the settings fill in."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.project.source import files_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.project.settings import EnvironmentSettings, ProjectSettings
    from ecr_constructs.project.source import Source

_TEMPLATES = Path(__file__).parent / "templates"
_FIELD = re.compile("<<([a-z_]+)>>")
_EXAMPLES = "examples/ci"
# Words that YAML 1.1 does not read as text.
_NOT_TEXT = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")
# The commit of this package where it is not known.
NO_COMMIT = "0" * 40
_ACTION = ("OWNER/ecr-constructs", NO_COMMIT)
_CLONE = "https://git.example.com/platform/ecr-constructs.git"


def project_files(settings: ProjectSettings, source: Source) -> dict[str, str]:
    """Return the text of each file of a project, by its path.

    Args:
        settings: What the project is made for; without errors.
        source: Where it installs this package from.
    """
    return dict(sorted([*_copies(), *_written(settings, source), *_ci(settings, source)]))


def _copies() -> Iterator[tuple[str, str]]:
    """Yield the files that every project has alike."""
    root = files_folder()
    stacks = sorted((root / "stacks").glob("*.py"))
    schema = root / "environments" / "environment.schema.json"
    for path in (root / "app.py", root / "cdk.json", schema, *stacks):
        yield path.relative_to(root).as_posix(), path.read_text("utf-8")


def _written(settings: ProjectSettings, source: Source) -> Iterator[tuple[str, str]]:
    yield "pyproject.toml", _filled("pyproject.toml", requirement=source.requirement)
    yield ".gitignore", _filled("gitignore")
    yield "tests/test_environments.py", _filled("test_environments.py")
    yield "README.md", _readme(settings, source)
    repositories = "\n".join(f"      - {_scalar(name)}" for name in settings.repositories)
    organization = settings.organization
    for environment in settings.environments:
        text = _filled(
            "environment.yaml",
            account=environment.account,
            region=environment.region,
            profile=environment.profile,
            organization=f"organization: {organization}\n" if organization else "",
            team=_scalar(settings.team),
            repositories=repositories,
        )
        yield _file_of(environment), text


def _readme(settings: ProjectSettings, source: Source) -> str:
    first = settings.environments[0]
    workflows = {"github": ".github/workflows/", "gitlab": ".gitlab-ci.yml"}.get(settings.ci)
    return _filled(
        "README.md",
        environment_names=_joined([environment.name for environment in settings.environments]),
        ci_row=f"| `{workflows}` | review and deployment |\n" if workflows else "",
        ci_section=_ci_section(settings, source) if workflows else "",
        file=_file_of(first),
        repository=settings.repositories[0],
        account=first.account,
        region=first.region,
        stage=first.stage,
        cdk=_cdk_version(_example("github-synthesize.yml")),
    )


def _ci_section(settings: ProjectSettings, source: Source) -> str:
    is_github = settings.ci == "github"
    is_filled = source.action if is_github else source.commit
    place = _ACTION[0] if is_github else _CLONE
    note = (
        f"\n  In place of `{place}` and the zeros, write where `ecr-constructs` is, and the commit."
    )
    arns = (
        f"arn:{environment.partition}:iam::{environment.account}:role/"
        f"cdk-hnb659fds-*-{environment.account}-{environment.region}"
        for environment in settings.environments
    )
    roles = _filled(
        "roles.md",
        ci_name="GitHub" if is_github else "GitLab",
        subject="repo:OWNER/NAME:environment:ENVIRONMENT"
        if is_github
        else "project_path:GROUP/PROJECT:ref_type:branch:ref:main",
        arns=",\n".join(f'        "{arn}"' for arn in dict.fromkeys(arns)),
    )
    return _filled(f"ci_{settings.ci}.md", action_note="" if is_filled else note, roles=roles)


def _ci(settings: ProjectSettings, source: Source) -> Iterator[tuple[str, str]]:
    if settings.ci == "github":
        synthesis = _example("github-synthesize.yml")
        replaced = {"aws-region: eu-central-1": f"aws-region: {settings.environments[0].region}"}
        replaced |= {"eu-central-1 eu-west-1": _regions(settings)}
        if action := source.action:
            replaced |= dict(zip(_ACTION, action, strict=True))
        yield ".github/workflows/ecr-synthesis.yml", synthesis
        yield ".github/workflows/ecr-review.yml", _replaced(_example("github-review.yml"), replaced)
        yield ".github/workflows/deploy.yml", _github_deploy(settings, synthesis)
    elif settings.ci == "gitlab":
        replaced = {"eu-central-1 eu-west-1": _regions(settings)}
        if commit := source.commit:
            replaced |= {_CLONE: f"{commit[0]}.git", NO_COMMIT: commit[1]}
        text = _replaced(_example("gitlab-ci.yml"), replaced)
        jobs = [
            _filled("deploy_job_gitlab", **_job(environment), cdk=_cdk_version(text))
            for environment in settings.environments
        ]
        yield ".gitlab-ci.yml", "".join([text, *jobs])


def _github_deploy(settings: ProjectSettings, synthesis: str) -> str:
    # One truth about the versions of actions: the examples, which are kept up to date.
    pins = _pins(synthesis) | _pins(_example("github-review.yml"))
    cdk = _cdk_version(synthesis)
    jobs, previous = [], "synthesize"
    for environment in settings.environments:
        job = _job(environment)
        jobs.append(_filled("deploy_job_github", **job, **pins, previous=previous, cdk=cdk))
        previous = f"deploy-{environment.name}"
    return _filled("deploy.yml", **pins, cdk=cdk, jobs="".join(jobs))


def _job(environment: EnvironmentSettings) -> dict[str, str]:
    return {
        "name": environment.name,
        "region": environment.region,
        "stage": environment.stage,
    }


def _example(name: str) -> str:
    """Return an example of the review in CI, as a file of the project."""
    text = (files_folder() / _EXAMPLES / name).read_text("utf-8")
    first, _, rest = text.partition("\n")
    assert first.startswith("# Copy to"), name
    return rest.replace("--requirement requirements.txt", ".")


def _replaced(text: str, replacements: dict[str, str]) -> str:
    for old, new in replacements.items():
        text = text.replace(old, new)
    return text


def _pins(workflow: str) -> dict[str, str]:
    """Return the actions of a workflow with their commits, by name: ``setup_python``."""
    uses = re.findall(r"uses: ((?:[\w-]+)/([\w-]+)@[0-9a-f]{40}  # v\S+)", workflow)
    return {name.replace("-", "_"): reference for reference, name in uses}


def _cdk_version(workflow: str) -> str:
    [version] = set(re.findall(r"aws-cdk@([0-9.]+)", workflow))
    return str(version)


def _regions(settings: ProjectSettings) -> str:
    return " ".join(dict.fromkeys(environment.region for environment in settings.environments))


def _file_of(environment: EnvironmentSettings) -> str:
    return f"environments/{environment.name}.yaml"


def _joined(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if names[1:] else names[0]


def _scalar(name: str) -> str:
    """Return a name as YAML that is text, whatever it looks like."""
    is_text = "/" in name or (name[0].isalpha() and name not in _NOT_TEXT)
    return name if is_text else json.dumps(name)


def _filled(template: str, **values: str) -> str:
    """Return a template with its fields filled in; a value may be left out of it."""
    text = (_TEMPLATES / f"{template}.in").read_text("utf-8")
    return _FIELD.sub(lambda field: values[field[1]], text)
