"""A simulation as JSON, in the shape of ECR's GetLifecyclePolicyPreview and beyond.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicyPreview.html
Every key is described in docs/reference/cli.md.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ecr_constructs.model.lifecycle.simulation.engine import Fate, Outcome, Simulation
from ecr_constructs.model.lifecycle.simulation.forecast import Forecast
from ecr_constructs.model.lifecycle.simulation.storage import Bytes

_ACTIONS: dict[Fate, dict[str, str]] = {
    Fate.EXPIRED: {"type": "EXPIRE"},
    Fate.ARCHIVED: {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"},
}


class Change(NamedTuple):
    """An image to which one policy does something else than another.

    Attributes:
        before: What the old policy does.
        after: What the new policy does.
    """

    before: Outcome
    after: Outcome


def changes(before: Simulation, after: Simulation) -> tuple[Change, ...]:
    """Return the images whose fate differs, in the order in which the inventory lists them."""
    pairs = map(Change, before.outcomes, after.outcomes)
    return tuple(pair for pair in pairs if pair.before.fate is not pair.after.fate)


def document(
    simulation: Simulation, forecast: Forecast, changed: Iterable[Change] | None = None
) -> dict[str, Any]:
    """Return a simulation as a JSON document.

    Args:
        simulation: The simulation.
        forecast: What goes later.
        changed: The images to tell of, with what another policy did. Default: all images.
    """
    told = list(simulation.outcomes)
    compared = {}
    if changed is not None:
        listed = list(changed)
        told = [change.after for change in listed]
        compared = {"changes": [_change(change) for change in listed]}
    return {
        "previewResults": list(_results(told)),
        "summary": _summary(simulation),
        **compared,
        "explanations": [_explanation(outcome) for outcome in told],
        "assumptions": [
            {"id": each.id, "message": each.sentence, "imageCount": each.images}
            for each in simulation.assumptions
        ],
        "forecast": _forecast(forecast),
    }


def action_of(outcome: Outcome) -> str:
    """Return the action in ECR's words: EXPIRE, TRANSITION, or KEEP, which ECR does not say."""
    return _ACTIONS.get(outcome.fate, {"type": "KEEP"})["type"]


def _results(told: Iterable[Outcome]) -> Iterator[dict[str, Any]]:
    for outcome in told:
        if outcome.fate is not Fate.KEPT:
            image = outcome.image
            yield {
                "imageTags": list(image.tags),
                "imageDigest": image.digest,
                "imagePushedAt": image.pushed_at.isoformat(),
                "action": _ACTIONS[outcome.fate],
                "appliedRulePriority": outcome.rule_priority,
                "storageClass": "ARCHIVE" if image.archived else "STANDARD",
            }


def _summary(simulation: Simulation) -> dict[str, Any]:
    counts = simulation.counts
    transitioning = [{"targetStorageClass": "ARCHIVE", "imageTotalCount": counts[Fate.ARCHIVED]}]
    return {
        "evaluatedAt": simulation.now.isoformat(),
        "imageTotalCount": len(simulation.inventory),
        "expiringImageTotalCount": counts[Fate.EXPIRED],
        "transitioningImageTotalCounts": transitioning if counts[Fate.ARCHIVED] else [],
        "expiringBytes": _range(simulation.expired_bytes),
        "transitioningBytes": _range(simulation.archived_bytes),
    }


def _range(size: Bytes) -> dict[str, int]:
    return {"atLeast": size.at_least, "atMost": size.at_most}


def _explanation(outcome: Outcome) -> dict[str, Any]:
    return {
        "imageDigest": outcome.image.digest,
        "imageTags": list(outcome.image.tags),
        "outcome": outcome.fate.name,
        "rulePriority": outcome.rule_priority,
        "reason": outcome.reason,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "imageDigest": change.after.image.digest,
        "imageTags": list(change.after.image.tags),
        "before": _side(change.before),
        "after": _side(change.after),
    }


def _side(outcome: Outcome) -> dict[str, Any]:
    return {
        "action": action_of(outcome),
        "rulePriority": outcome.rule_priority,
        "reason": outcome.reason,
    }


def _forecast(forecast: Forecast) -> dict[str, Any]:
    return {
        "until": forecast.until.isoformat(),
        "days": [
            {
                "date": day.isoformat(),
                "expiringImageCount": counts[Fate.EXPIRED],
                "transitioningImageCount": counts[Fate.ARCHIVED],
            }
            for day, counts in forecast.days.items()
        ],
        "images": [
            {
                "imageDigest": event.image.digest,
                "imageTags": list(event.image.tags),
                "from": event.at.isoformat(),
                "action": _ACTIONS[event.fate],
                "appliedRulePriority": event.rule_priority,
            }
            for event in forecast.events
        ],
        "remainingImageCount": forecast.left,
    }
