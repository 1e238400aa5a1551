"""Who wins at the next deployment: what the templates declare, or what is live.

CloudFormation compares templates, not registries: it leaves a resource alone whose template does
not change, whatever somebody did to it. If the template changes, the update handler of a repository
deletes a policy and tags that the template does not declare, and leaves other settings alone.
https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ecr
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import SINGLETONS
from ecr_constructs.cloudformation.update_behavior import (
    Fate,
    create_only,
    outcome_of,
    rejects_duplicates,
)
from ecr_constructs.status.model import Deployment

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.status.aspects import Aspect
    from ecr_constructs.status.declared import Deployed

_IMPORT = "import it (`cdk deploy --import-existing-resources`, or `cdk import`)"


def of_setting(
    aspect: Aspect, declared: Resource, before: Resource | None, state: Deployed
) -> Deployment:
    """Return what becomes of a setting of a resource that is declared and live.

    Args:
        aspect: The setting.
        declared: The resource in the template.
        before: The resource in the deployed template. None: there is none, or it is not known.
        state: How both differ.
    """
    tops = {path.partition("/")[0] for path in create_only(declared.type)}
    if tops & {*aspect.properties}:
        return _of_fixed(aspect, declared, before, state)
    words = aspect.words
    if not aspect.is_declared(declared) and aspect.when_absent == "leaves":
        sentence = f"The template declares no {words}, and deployments leave it as it is."
        return Deployment("live", sentence)
    effect = _effect(aspect, declared)
    if state == "unchanged":
        sentence = (
            f"The next deployment leaves the {words} as it is, because the template does not "
            f"change; a deployment that changes the resource {effect}."
        )
        return Deployment("live", sentence)
    if state == "changed":
        return Deployment("declared", f"The next deployment {effect}.")
    if state == "new":
        return _of_existing(declared)
    sentence = (
        f"If the next deployment changes the resource, it {effect}; otherwise it leaves the "
        f"{words} as it is."
    )
    return Deployment("not-known", sentence)


def _effect(aspect: Aspect, declared: Resource) -> str:
    if aspect.is_declared(declared):
        return f"sets the {aspect.words} of the template"
    verb = "resets" if aspect.when_absent == "resets" else "deletes"
    return f"{verb} the live {aspect.words}, because the template declares none"


def _of_fixed(
    aspect: Aspect, declared: Resource, before: Resource | None, state: Deployed
) -> Deployment:
    """Return what becomes of a setting that only the creation of a resource sets."""
    words = aspect.words
    fixed = f"ECR sets the {words} when it creates the resource, and never changes it"
    if state == "new":
        return _of_existing(declared)
    if state == "not-known":
        sentence = f"{fixed}; a deployment that changes it in the template fails."
        return Deployment("not-known", sentence)
    if before is not None and aspect.compare(declared, before) is not True:
        sentence = (
            f"The next deployment fails: the template changes the {words}, which CloudFormation "
            "does not change of a resource with a name."
        )
        return Deployment("fails", sentence)
    return Deployment("live", f"{fixed}: deployments leave it as it is.")


def _of_existing(declared: Resource) -> Deployment:
    """Return what becomes of something live that a template is to create."""
    if rejects_duplicates(declared.type):
        sentence = f"The next deployment creates it, and fails because it exists: {_IMPORT}."
        return Deployment("fails", sentence)
    sentence = "The next deployment creates it; it is not known whether that overwrites it or fails"
    return Deployment("not-known", f"{sentence}.")


def of_missing(declared: Resource, state: Deployed) -> Deployment:
    """Return what becomes of a resource that is declared and not live."""
    if state == "new":
        return Deployment("declared", "The next deployment creates it.")
    if state == "unchanged":
        sentence = (
            "CloudFormation does not notice: the next deployment does not create it again, and "
            "one that changes it fails."
        )
        return Deployment("live", sentence)
    if state == "changed":
        return Deployment("fails", "The next deployment changes it, and fails: it does not exist.")
    sentence = (
        "If its stack has it already, deployments do not create it again, and one that changes it "
        "fails; otherwise the next deployment creates it."
    )
    noun = "registry" if declared.type in SINGLETONS else "resource"
    return Deployment("not-known", sentence.replace("it already", f"this {noun} already", 1))


def of_undeclared(owner: Resource | None, *, is_known: bool) -> Deployment:
    """Return what becomes of something that is live and not declared.

    Args:
        owner: The deployed resource with its name, of a stack of the templates. None: there is
            none, or it is not known.
        is_known: Whether the deployed templates of all stacks are known.
    """
    if owner is not None:
        fate = outcome_of(owner, "DeletionPolicy").fate
        if fate == Fate.RETAINED:
            sentence = "The next deployment removes it from its stack, and retains it."
            return Deployment("live", sentence)
        sentence = "The next deployment removes it from its stack, and deletes it"
        if fate == Fate.DELETED_IF_EMPTY:
            sentence += " if it is empty"
        return Deployment("declared", f"{sentence}.")
    if is_known:
        return Deployment("live", "No stack of the templates has it: deployments leave it.")
    sentence = "If a stack has it, the next deployment removes it; otherwise it stays."
    return Deployment("not-known", sentence)
