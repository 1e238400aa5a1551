"""The files of a project: copies of the app's own, and those that the settings fill in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.project.source import files_folder
from ecr_constructs.project.text import filled, joined, scalar
from ecr_constructs.project.workflows import ACTION, CLONE, cdk_version, workflow_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.project.settings import EnvironmentSettings, ProjectSettings
    from ecr_constructs.project.source import Source

_ROLES = "deploy_role"


def project_files(settings: ProjectSettings, source: Source) -> dict[str, str]:
    """Return the text of each file of a project, by its path.

    Args:
        settings: What the project is made for; without errors.
        source: Where it installs this package from.
    """
    files = [*_copies(), *_written(settings, source), *workflow_files(settings, source)]
    return dict(sorted([*files, *(_role_files() if settings.ci != "none" else ())]))


def _copies() -> Iterator[tuple[str, str]]:
    """Yield the files that every project has alike."""
    root = files_folder()
    stacks = sorted((root / "stacks").glob("*.py"))
    schema = root / "environments" / "environment.schema.json"
    for path in (root / "app.py", root / "cdk.json", schema, *stacks):
        yield path.relative_to(root).as_posix(), path.read_text("utf-8")


def _role_files() -> Iterator[tuple[str, str]]:
    for path in sorted((files_folder() / "examples" / _ROLES).glob("*.*")):
        yield f"{_ROLES}/{path.name}", path.read_text("utf-8")


def _written(settings: ProjectSettings, source: Source) -> Iterator[tuple[str, str]]:
    yield "pyproject.toml", filled("pyproject.toml", requirement=source.requirement)
    yield ".gitignore", filled("gitignore")
    yield "tests/test_environments.py", filled("test_environments.py")
    yield "README.md", _readme(settings, source)
    repositories = "\n".join(f"      - {scalar(name)}" for name in settings.repositories)
    organization = settings.organization
    for environment in settings.environments:
        text = filled(
            "environment.yaml",
            account=environment.account,
            region=environment.region,
            profile=environment.profile,
            organization=f"organization: {organization}\n" if organization else "",
            team=scalar(settings.team),
            repositories=repositories,
        )
        yield _file_of(environment), text


def _readme(settings: ProjectSettings, source: Source) -> str:
    first = settings.environments[0]
    workflows = {"github": ".github/workflows/", "gitlab": ".gitlab-ci.yml"}.get(settings.ci)
    row = f"| `{workflows}` | review and deployment |\n| `{_ROLES}/` | the roles of CI |\n"
    return filled(
        "README.md",
        environment_names=_names(settings),
        ci_row=row if workflows else "",
        ci_section=_ci_section(settings, source) if workflows else "",
        file=_file_of(first),
        repository=settings.repositories[0],
        account=first.account,
        region=first.region,
        stage=first.stage,
        cdk=cdk_version(),
    )


def _ci_section(settings: ProjectSettings, source: Source) -> str:
    is_github = settings.ci == "github"
    is_filled = source.action if is_github else source.commit
    place = ACTION[0] if is_github else CLONE
    note = (
        f"\n- In place of `{place}` and the zeros, write where `ecr-constructs` is, and the commit."
    )
    workflows = filled(
        f"ci_{settings.ci}.md",
        environment_names=_names(settings),
        action_note="" if is_filled else note,
    )
    return filled(
        "ci.md",
        ci=settings.ci,
        ci_name="GitHub" if is_github else "GitLab",
        workflows=workflows,
        prepare="\n".join(_prepared(settings)),
        place="OWNER/NAME" if is_github else "GROUP/NAME",
    )


def _prepared(settings: ProjectSettings) -> Iterator[str]:
    """Yield the commands that prepare the accounts; those of one account are bootstrapped once."""
    is_github = settings.ci == "github"
    options = "-c project=OWNER/NAME" if is_github else "-c ci=gitlab -c project=GROUP/NAME"
    policies: dict[tuple[str, str], list[str]] = {}
    for item in settings.environments:
        stack = f"{item.name}-{item.account}"
        yield f"cdk deploy --app 'python {_ROLES}/app.py' {options} {stack}"
        policy = f"arn:{item.partition}:iam::{item.account}:policy/ci-execution-{item.name}"
        policies.setdefault((item.account, item.region), []).append(policy)
    for (account, region), arns in policies.items():
        yield f"cdk bootstrap aws://{account}/{region} \\"
        yield f"  --cloudformation-execution-policies {','.join(arns)}"


def _names(settings: ProjectSettings) -> str:
    return joined([environment.name for environment in settings.environments])


def _file_of(environment: EnvironmentSettings) -> str:
    return f"environments/{environment.name}.yaml"
