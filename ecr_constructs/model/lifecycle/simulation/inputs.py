"""What a result assumes about its input, because the inventory lacks something."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.lifecycle.inventory import Inventory
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.simulation.evaluation import Assumption


def input_assumptions(inventory: Inventory, rules: Sequence[LifecycleRule]) -> Iterator[Assumption]:
    """Yield an assumption for each part of the input that is missing and may change the result."""
    if not inventory.complete:
        yield Assumption(
            "inventoryIncomplete",
            "The inventory's last page has a nextToken: images are missing. More images may be "
            "deleted or archived than are listed here, and others than these.",
            len(inventory),
        )
    if rules and (failures := inventory.unread_manifests):
        # A reason such as `KmsError: …` is counted by its code.
        counts = Counter(reason.partition(":")[0] for reason in failures.values())
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in counts.most_common())
        yield Assumption(
            "manifestsUnread",
            f"The {pluralize(len(failures), 'manifest')} could not be read: {reasons}. Which "
            "images these list is unknown; images that they protect may be listed as deleted.",
            len(failures),
        )
    counts_pulls = any(rule.count_type == "sinceImagePulled" for rule in rules)
    if counts_pulls and inventory and not inventory.pull_times_listed:
        yield Assumption(
            "pullTimesUnlisted",
            "No image has a lastRecordedPullTime, so that each counts from its push. The "
            "images do not name their repository either: --query may have left out both.",
            len(inventory),
        )
