"""Rewrite the environments in the examples of deployments: `python -m scripts.deployments`."""

from pathlib import Path

from ecr_constructs.environment.loading import load_environments
from ecr_constructs.project.settings import EnvironmentSettings
from ecr_constructs.project.workflows import deployments

ROOT = Path(__file__).parent.parent
FILES = {ci: ROOT / "examples" / "ci" / f"{ci}-deploy.yml" for ci in ("github", "gitlab")}
# In the order in which they are deployed.
NAMES = ("dev", "staging", "prod")


def rendered() -> dict[Path, str]:
    """Return the text of each example, with the environments of this repository."""
    loaded = load_environments(ROOT / "environments")
    profiles = dict(zip(NAMES, ("development", "staging", "production"), strict=True))
    environments = [
        EnvironmentSettings(name, home.account, home.region, profiles[name])
        for name in NAMES
        for home in [loaded[name].home]
    ]
    return {path: deployments(ci, environments) for ci, path in FILES.items()}


if __name__ == "__main__":
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
