"""CI jobs: the subjects of their OIDC tokens, and the trust policies that admit them."""

from ecr_constructs.model.ci.issuer import CiIssuer
from ecr_constructs.model.ci.project import CiProject
from ecr_constructs.model.ci.providers import BitbucketPipelines, CircleCi, GitHubActions, GitLabCi

__all__ = ["BitbucketPipelines", "CiIssuer", "CiProject", "CircleCi", "GitHubActions", "GitLabCi"]
