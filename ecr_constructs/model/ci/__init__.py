"""Who a CI job is, as its OIDC token says it and as a role's trust policy asks for it."""

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
