"""ECR's own preview of a policy, compared with the simulation image by image."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecr_constructs.live import LiveError
from ecr_constructs.live.connection import preview_in_progress
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle import Fate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecr_constructs.live.ecr import Repository
    from ecr_constructs.model.lifecycle import Simulation
    from ecr_constructs.model.lifecycle.image import Image

_WAIT_SECONDS = 600.0
_LONGEST_PAUSE_SECONDS = 5.0
_KEPT = ("KEEP", None)
_ACTIONS = {Fate.EXPIRED: "EXPIRE", Fate.ARCHIVED: "TRANSITION"}

_Verdict = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """An image that ECR's preview treats differently.

    Action and rule are those of the simulation here, and those of ECR there.
    """

    image: Image
    here: _Verdict
    there: _Verdict

    @property
    def model(self) -> str:
        """The result of the simulation, in words."""
        return _in_words(self.here)

    @property
    def service(self) -> str:
        """The result of ECR, in words."""
        return _in_words(self.there)

    def to_json(self) -> dict[str, Any]:
        """Return the disagreement as JSON."""
        return {
            "imageDigest": self.image.digest,
            "imageTags": list(self.image.tags),
            "model": {"action": self.here[0], "rulePriority": self.here[1]},
            "service": {"action": self.there[0], "rulePriority": self.there[1]},
        }


@dataclass(frozen=True, slots=True)
class ComparedFollowUp:
    """An image that follows others, and whether ECR's preview lists it all the same."""

    image: Image
    is_listed: bool

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "imageDigest": self.image.digest,
            "imageTags": list(self.image.tags),
            "listed": self.is_listed,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """The images that ECR's preview treats differently, and those that follow others.

    ECR's preview is of one evaluation, so it need not list an image that goes after others. If it
    does, it agrees as long as it does the same to it.
    """

    disagreements: list[Disagreement]
    follow_ups: list[ComparedFollowUp]

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as JSON."""
        return {
            "disagreements": [item.to_json() for item in self.disagreements],
            "followUps": [item.to_json() for item in self.follow_ups],
        }


def compare(repository: Repository, simulation: Simulation, first_pause: float = 0.5) -> Comparison:
    """Let ECR preview the policy, wait, and return the images it treats differently.

    The first pause is the seconds before ECR is asked again; they double.
    """
    text = simulation.policy.to_json()
    if not simulation.policy.rules:
        message = f"{repository.name} has no policy that ECR could preview"
        remedy = "give one with --policy"
        raise LiveError(Diagnostic("preview-without-policy", message, remedy=remedy))
    if _status(repository) == "IN_PROGRESS":
        raise preview_in_progress(repository.name)
    repository.ask("start_lifecycle_policy_preview", lifecyclePolicyText=text)
    with repository.progress("waiting for ECR") as advance:
        _wait(repository, first_pause, advance)
    with repository.connection.readable("get_lifecycle_policy_preview"):
        verdicts = _verdicts(repository, json.loads(text))
    own = {
        result.image.digest: (_ACTIONS[result.fate], result.rule_priority)
        for result in simulation.preview_results
    }
    later = {item.image.digest: item for item in simulation.follow_ups}
    disagreements, follow_ups = [], []
    for image in simulation.inventory:
        here, there = (items.get(image.digest, _KEPT) for items in (own, verdicts))
        if item := later.get(image.digest):
            follow_ups.append(ComparedFollowUp(image, there != here))
            if there[0] == _ACTIONS[item.fate] and item.rule_priority in (None, there[1]):
                continue
        if here != there:
            disagreements.append(Disagreement(image, here, there))
    return Comparison(disagreements, follow_ups)


def _status(repository: Repository) -> str | None:
    absent = "LifecyclePolicyPreviewNotFoundException"
    answer = repository.ask("get_lifecycle_policy_preview", absent=absent, maxResults=1)
    return str(answer["status"]) if answer else None


def _wait(repository: Repository, pause: float, advance: Any) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while (status := _status(repository)) == "IN_PROGRESS":
        if time.monotonic() > deadline:
            message = f"ECR's preview of {repository.name} is still running after 10 minutes"
            raise LiveError(Diagnostic("preview-timeout", message))
        time.sleep(pause)
        advance(1)
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    if status != "COMPLETE":
        message = f"ECR's preview of {repository.name} ended with the status {status}"
        raise LiveError(Diagnostic("preview-failed", message, remedy="try again"))


def _verdicts(repository: Repository, policy: Any) -> Mapping[str, _Verdict]:
    verdicts: dict[str, _Verdict] = {}
    for page in repository.pages("get_lifecycle_policy_preview", maxResults=100):
        if json.loads(page["lifecyclePolicyText"]) != policy:
            message = f"another preview of {repository.name} was started meanwhile"
            remedy = "try again when it is complete"
            raise LiveError(Diagnostic("preview-replaced", message, remedy=remedy))
        for result in page.get("previewResults", ()):
            action = str(result["action"]["type"])
            verdicts[result["imageDigest"]] = (action, result.get("appliedRulePriority"))
    return verdicts


def _in_words(verdict: _Verdict) -> str:
    action, priority = verdict
    words = {"KEEP": "kept", "EXPIRE": "deleted", "TRANSITION": "archived"}
    word = words.get(action, action)
    return word if priority is None else f"{word} by rule {priority}"
