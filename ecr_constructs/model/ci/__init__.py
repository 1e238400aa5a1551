"""CI jobs: the subjects of their OIDC tokens, and the trust policies that admit them."""

from ecr_constructs.model.ci.bitbucket import BitbucketPipelines
from ecr_constructs.model.ci.circleci import CircleCi
from ecr_constructs.model.ci.github import GitHubActions
from ecr_constructs.model.ci.gitlab import GitLabCi
from ecr_constructs.model.ci.issuer import CiIssuer
from ecr_constructs.model.ci.project import CiProject

__all__ = [
    "BitbucketPipelines",
    "CiIssuer",
    "CiProject",
    "CircleCi",
    "GitHubActions",
    "GitLabCi",
]
