"""The policies of identities that are known by their ARN only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import IDENTITIES
from ecr_constructs.cloudformation.unread import Unread
from ecr_constructs.review.access.identities import Identities, identity_of
from ecr_constructs.review.access.wording import describe_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import TemplateSet


def unread_policies(templates: TemplateSet) -> Iterator[Unread]:
    """Yield the attached policies whose content no template and no published policy has."""
    identities = Identities(templates)
    for resource in templates.of_type(*IDENTITIES):
        identity = identity_of(resource)
        for arn in dict.fromkeys(identities.unread(identity)):
            template = resource.stack.template
            yield Unread(
                "policy-not-read",
                template.name,
                resource.id,
                f"the content of policy {describe_text(arn)}, which {identity.label} has, is not "
                "among the files",
                ("Properties", "ManagedPolicyArns"),
                template.line(("Resources", resource.id, "Properties", "ManagedPolicyArns")),
            )
