"""Write a simulation as JSON that extends the response of ECR's GetLifecyclePolicyPreview.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicyPreview.html
docs/reference/cli.md describes every key.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ecr_constructs.model.lifecycle.simulation.engine import Bytes, Fate, Outcome, Simulation
from ecr_constructs.model.lifecycle.simulation.forecast import Forecast

_ACTIONS: dict[Fate, dict[str, str]] = {
    Fate.EXPIRED: {"type": "EXPIRE"},
    Fate.ARCHIVED: {"type": "TRANSITION", "targetStorageClass": "ARCHIVE"},
}


class Change(NamedTuple):
    """An image with different outcomes under two policies."""

    before: Outcome
    after: Outcome


def changes(before: Simulation, after: Simulation) -> tuple[Change, ...]:
    """Return the images whose fate differs, in the order of the inventory."""
    pairs = map(Change, before.outcomes, after.outcomes)
    return tuple(pair for pair in pairs if pair.before.fate is not pair.after.fate)


def document(
    simulation: Simulation, forecast: Forecast, changed: Iterable[Change] | None = None
) -> dict[str, Any]:
    """Return a simulation as JSON, with all images or only the changed ones."""
    outcomes = list(simulation.outcomes)
    comparison = {}
    if changed is not None:
        changed = list(changed)
        outcomes = [change.after for change in changed]
        comparison = {"changes": [_change(change) for change in changed]}
    return {
        "previewResults": list(_results(outcomes)),
        "summary": _summary(simulation),
        **comparison,
        "explanations": [_explanation(outcome) for outcome in outcomes],
        "assumptions": [
            {"id": name, "message": sentence, "imageCount": images}
            for name, sentence, images in simulation.assumptions
        ],
        "forecast": _forecast(forecast),
    }


def action_of(outcome: Outcome) -> str:
    """Return EXPIRE or TRANSITION as in ECR's API, or KEEP."""
    return _ACTIONS.get(outcome.fate, {"type": "KEEP"})["type"]


def _results(outcomes: Iterable[Outcome]) -> Iterator[dict[str, Any]]:
    for outcome in outcomes:
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
