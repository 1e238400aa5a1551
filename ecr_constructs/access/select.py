"""Find the repository that a question is about, in templates or in snapshots."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecr_constructs.access.callers import AccessError
from ecr_constructs.access.live import live_policies
from ecr_constructs.access.policies import Policies
from ecr_constructs.access.query import Query
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.image_uri import read_image_uri
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.snapshot.merging import merged
from ecr_constructs.snapshot.registry_view import RegistryView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecr_constructs.access.questions import Verb
    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.template import Template
    from ecr_constructs.snapshot.document import Snapshot

_ARN = re.compile(r"arn:[^:]+:ecr:(?P<region>[^:]+):(?P<account>\d{12}):repository/(?P<name>.+)")
ONLY_TEMPLATES = NotKnown(
    "",
    "",
    "roles, users and policies that no template defines are not part of the answer",
    "templates",
)


def _parts(repository: str) -> tuple[str, str | None, str | None]:
    """Return the name of a repository, and its account and Region if they are given."""
    if match := _ARN.fullmatch(repository):
        return match["name"], match["account"], match["region"]
    if (uri := read_image_uri(repository)) is not None:
        return uri.repository, *uri.registry
    return repository, None, None


def _fits(value: str | None, wanted: str | None) -> bool:
    return None in (value, wanted) or value == wanted


def query_templates(templates: Sequence[Template], repository: str, verb: Verb) -> Query:
    """Return the question about a repository of templates.

    Args:
        templates: The templates, those with roles and users too.
        repository: The name, the logical id, the ARN or the URI of the repository.
        verb: What is asked.

    Raises:
        AccessError: ``repository-missing``: no template has it; ``repository-ambiguous``: several
            registries have it.
    """
    policies = Policies(TemplateSet(templates))
    name, account, region = _parts(repository)
    repositories = [
        resource
        for resource in policies.templates.of_type(REPOSITORY)
        if name in (resource.text("RepositoryName"), resource.id)
        and _fits(resource.stack.account, account)
        and _fits(resource.stack.region, region)
    ]
    if not repositories:
        message = f"no template has a repository {repository!r}"
        names = [item.text("RepositoryName") or item.id for item in _some(policies)]
        remedy = f"there are {', '.join(names)}" if names else "name a folder with repositories"
        raise AccessError(Diagnostic("repository-missing", message, remedy=remedy))
    if len(repositories) > 1:
        places = [str(item.registry or item.stack.template.name) for item in repositories]
        raise _ambiguous(repository, places)
    return Query(policies, repositories[0], verb, extra=(ONLY_TEMPLATES,))


def _some(policies: Policies) -> Sequence[Resource]:
    return policies.templates.of_type(REPOSITORY)[:5]


def query_snapshots(snapshots: Sequence[Snapshot], repository: str, verb: Verb) -> Query:
    """Return the question about a repository of snapshots.

    Args:
        snapshots: The snapshots; those of other accounts tell what their roles and users may do.
        repository: The name, the ARN or the URI of the repository.
        verb: What is asked.

    Raises:
        AccessError: ``repository-missing``: no snapshot has it; ``repository-ambiguous``: several
            registries have it.
    """
    name, account, region = _parts(repository)
    joined = merged(snapshots)
    candidates = [
        snapshot
        for snapshot in joined
        if _fits(snapshot.header.account, account) and _fits(snapshot.header.region, region)
    ]
    having = [snapshot for snapshot in candidates if _has(snapshot, name)]
    if not having:
        # A registry whose repositories were not all listed may have it.
        having = [
            snapshot
            for snapshot in candidates
            if not snapshot.answer("DescribeRepositories").is_known
        ]
    if not having:
        message = f"no snapshot has a repository {repository!r}"
        remedy = "see the repositories with `ecr-constructs find` or in the AWS console"
        raise AccessError(Diagnostic("repository-missing", message, remedy=remedy))
    if len(having) > 1:
        raise _ambiguous(repository, [str(snapshot.registry) for snapshot in having])
    policies, resource, unread = live_policies(joined, having[0], name)
    return Query(policies, resource, verb, unread)


def _has(snapshot: Snapshot, name: str) -> bool:
    return name in RegistryView(snapshot).repositories.value


def _ambiguous(repository: str, places: Sequence[str]) -> AccessError:
    message = f"several registries have a repository {repository!r}: {', '.join(sorted(places))}"
    remedy = "name it by its ARN, arn:aws:ecr:REGION:ACCOUNT:repository/NAME"
    return AccessError(Diagnostic("repository-ambiguous", message, remedy=remedy))
