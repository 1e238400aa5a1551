"""Write a simulation as the response of ECR's GetLifecyclePolicyPreview, or as JSON with more.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetLifecyclePolicyPreview.html
docs/reference/cli.md describes every key.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.rule import rule_in_words
from ecr_constructs.model.lifecycle.simulation.engine import (
    Bytes,
    Fate,
    FollowUp,
    Outcome,
    PreviewResult,
    Simulation,
)
from ecr_constructs.model.lifecycle.simulation.forecast import Forecast
from ecr_constructs.model.lifecycle.simulation.in_use import PULLED_WITHIN_DAYS

SCHEMA_VERSION = 1
"""The version of the keys that this document has in addition to those of ECR's response."""

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


def service_response(simulation: Simulation) -> dict[str, Any]:
    """Return exactly what GetLifecyclePolicyPreview answers once the preview is complete.

    Only images that a rule acts on now are in it, neither children of an index that goes first nor
    referrers. The repository and its registry are left out if the inventory does not name them.
    """
    inventory = simulation.inventory
    return {
        **_present("registryId", inventory.registry_id),
        **_present("repositoryName", inventory.repository_name),
        "lifecyclePolicyText": simulation.policy.to_json(),
        "status": "COMPLETE",
        "previewResults": list(map(_result, simulation.preview_results)),
        "summary": _service_summary(simulation.preview_results),
    }


def document(
    simulation: Simulation,
    forecast: Forecast,
    changed: Iterable[Change] | None = None,
    *,
    pulled_within_days: float = PULLED_WITHIN_DAYS,
    explained: Sequence[Outcome] = (),
) -> dict[str, Any]:
    """Return a simulation as JSON: ECR's response, and what it does not say.

    Args:
        simulation: The simulation.
        forecast: What follows later.
        changed: With another policy: explain only these images. Default: all.
        pulled_within_days: How many days an image counts as in use after a pull. Default: 7.
        explained: The images whose treatment by each rule is written. Default: none.
    """
    outcomes = list(simulation.outcomes)
    comparison = {}
    if changed is not None:
        changed = list(changed)
        outcomes = [change.after for change in changed]
        comparison = {"changes": [_change(change) for change in changed]}
    response = service_response(simulation)
    return {
        "schemaVersion": SCHEMA_VERSION,
        **response,
        "summary": {**response["summary"], **_summary(simulation)},
        "followUps": list(map(_follow_up, simulation.follow_ups)),
        "recentlyPulled": {
            "days": pulled_within_days,
            "known": simulation.has_pull_times,
            "images": [_pulled(item) for item in simulation.pulled_within(pulled_within_days)],
        },
        "rules": list(_rules(simulation)),
        **comparison,
        **(
            {"explained": [_explained(simulation, item) for item in explained]} if explained else {}
        ),
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


def _present(key: str, value: object) -> dict[str, Any]:
    return {} if value is None else {key: value}


def _result(result: PreviewResult) -> dict[str, Any]:
    image = result.image
    return {
        **({"imageTags": list(image.tags)} if image.tags else {}),
        "imageDigest": image.digest,
        "imagePushedAt": image.pushed_at.isoformat(),
        "action": _ACTIONS[result.fate],
        "appliedRulePriority": result.rule_priority,
        "storageClass": "ARCHIVE" if image.archived else "STANDARD",
    }


def _service_summary(results: Sequence[PreviewResult]) -> dict[str, Any]:
    fates = [result.fate for result in results]
    archiving = fates.count(Fate.ARCHIVED)
    total = {"targetStorageClass": "ARCHIVE", "imageTotalCount": archiving}
    return {
        "expiringImageTotalCount": fates.count(Fate.EXPIRED),
        **({"transitioningImageTotalCounts": [total]} if archiving else {}),
    }


def _summary(simulation: Simulation) -> dict[str, Any]:
    """Return what ECR's summary does not have."""
    return {
        "evaluatedAt": simulation.now.isoformat(),
        "imageTotalCount": len(simulation.inventory),
        "followUpImageTotalCount": len(simulation.follow_ups),
        "unselectedImageTotalCount": simulation.unselected_count,
        "expiringBytes": _range(simulation.expired_bytes),
        "transitioningBytes": _range(simulation.archived_bytes),
    }


def _follow_up(item: FollowUp) -> dict[str, Any]:
    return {
        "imageDigest": item.image.digest,
        "imageTags": list(item.image.tags),
        "action": _ACTIONS[item.fate],
        "after": item.after,
        "because": item.because,
        "appliedRulePriority": item.rule_priority,
        "withinHours": item.within_hours,
    }


def _pulled(outcome: Outcome) -> dict[str, Any]:
    return {
        "imageDigest": outcome.image.digest,
        "imageTags": list(outcome.image.tags),
        **_last_pull(outcome.image),
        "action": _ACTIONS[outcome.fate],
        "rulePriority": outcome.rule_priority,
    }


def _last_pull(image: Image) -> dict[str, Any]:
    pulled = image.last_recorded_pull_time
    return {} if pulled is None else {"lastRecordedPullTime": pulled.isoformat()}


def _rules(simulation: Simulation) -> Iterator[dict[str, Any]]:
    for effect in simulation.rule_effects:
        yield {
            "rulePriority": effect.rule.rule_priority,
            "effect": rule_in_words(effect.rule),
            "selectedImageCount": effect.selected,
            "markedImageCount": effect.marked,
            "actedImageCount": effect.acted,
            "reason": effect.reason,
        }


def _explained(simulation: Simulation, outcome: Outcome) -> dict[str, Any]:
    return {
        **_explanation(outcome),
        "rules": [
            {
                "rulePriority": step.rule.rule_priority,
                "selects": step.selects,
                "marks": step.marks,
                "acts": step.acts,
                "reason": step.reason,
            }
            for step in simulation.rule_steps(outcome.image.digest)
        ],
    }


def _range(size: Bytes) -> dict[str, int]:
    return {"atLeast": size.at_least, "atMost": size.at_most}


def _explanation(outcome: Outcome) -> dict[str, Any]:
    return {
        "imageDigest": outcome.image.digest,
        "imageTags": list(outcome.image.tags),
        **_last_pull(outcome.image),
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
