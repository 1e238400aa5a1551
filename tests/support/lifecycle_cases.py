"""Random policies and inventories as ECR's JSON, for the model and for the oracle.

Values are drawn from few, so that ties, images with many tags, images that several rules select,
and dependent images are frequent: model and oracle could disagree about them.
"""

import json
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple

from hypothesis import strategies as st

from ecr_constructs import LifecyclePolicy
from ecr_constructs.model.lifecycle import EvaluationOptions, Inventory, Simulation, TieOrder
from local_aws.overlay import lifecycle_oracle

Json = Any

NOW = 1_800_000_000
DAY = 86_400
EXPIRE = {"type": "expire"}
ARCHIVE = {"type": "transition", "targetStorageClass": "archive"}

_TAGS = ["a", "ab", "abc", "b", "ba", "c-1", "c-2", "v1", "v1.0", "v2", "x", "latest", "rc-a.b"]
_PATTERNS = ["*", "a*", "*a", "a*c", "*b*", "v*", "v1", "c-*", "*-*", "v*.*", ".*", "a", "*a*b*"]
_PREFIXES = ["a", "ab", "v", "v1", "c-", "b", "*", "z"]


class Case(NamedTuple):
    """A policy's rules, and images as DescribeImages returns them, indexes with `references`."""

    rules: list[Json]
    images: list[Json]

    @property
    def policy(self) -> LifecyclePolicy:
        """The policy for the model."""
        return LifecyclePolicy.from_json(json.dumps({"rules": self.rules}))

    @property
    def inventory(self) -> Inventory:
        """The images for the model."""
        details = [without(image, "references") for image in self.images]
        manifests = [
            {
                "imageId": {"imageDigest": image["imageDigest"]},
                "imageManifest": json.dumps(
                    {"manifests": [{"digest": digest} for digest in image["references"]]}
                ),
            }
            for image in self.images
            if "references" in image
        ]
        inventory = Inventory.from_describe_images({"imageDetails": details})
        return inventory.with_manifests({"images": manifests})

    def simulate(self, options: EvaluationOptions | None = None, now: float = NOW) -> Simulation:
        """Return the result of the model."""
        at = datetime.fromtimestamp(now, UTC)
        return self.policy.simulate(self.inventory, now=at, options=options)

    def ask_oracle(self, options: EvaluationOptions, now: float = NOW) -> "Fates":
        """Return the result of the oracle in the model's terms."""
        verdicts = lifecycle_oracle.evaluate(
            {"rules": self.rules}, self.images, now, _answers(options)
        )
        return {
            digest: (_WORDS[verdict.action], verdict.priority, verdict.follows)
            for digest, verdict in verdicts.items()
        }

    def ask_oracle_for_preview(self, options: EvaluationOptions) -> "Previewed":
        """Return what ECR's own preview lists, according to the oracle."""
        verdicts = lifecycle_oracle.previewed(
            {"rules": self.rules}, self.images, NOW, _answers(options)
        )
        return {
            digest: (_WORDS[verdict.action], verdict.priority)
            for digest, verdict in verdicts.items()
        }


_WORDS = {None: "kept", "EXPIRE": "expired", "TRANSITION": "archived"}


def _answers(options: EvaluationOptions) -> lifecycle_oracle.Answers:
    return lifecycle_oracle.Answers(
        listed_order_breaks_ties=options.ties is TieOrder.LISTED,
        children_take_places=options.children_take_places,
        referrers_take_places=options.referrers_take_places,
        archived_index_releases=options.archived_index_releases_children,
    )


Fates = dict[str, tuple[str, int | None, bool]]
Previewed = dict[str, tuple[str, int | None]]


def fates(simulation: Simulation) -> Fates:
    """Return fate, rule, and whether it follows a subject, of each image."""
    return {
        outcome.image.digest: (
            outcome.fate.value,
            outcome.rule_priority,
            outcome.follows is not None,
        )
        for outcome in simulation.outcomes
    }


def previewed(simulation: Simulation) -> Previewed:
    """Return fate and rule of each image of the model's preview."""
    return {
        result.image.digest: (result.fate.value, result.rule_priority)
        for result in simulation.preview_results
    }


def without(image: Json, *keys: str) -> Json:
    """Return an object without some keys."""
    return {key: value for key, value in image.items() if key not in keys}


def rule(priority: int, selection: Json, *, action: Json | None = None, **count: Json) -> Json:
    """Return a rule."""
    return {
        "rulePriority": priority,
        "selection": {**selection, **count},
        "action": action or EXPIRE,
    }


def since(event: str, days: int) -> Json:
    """Return the count of a rule by age."""
    return {"countType": f"sinceImage{event}", "countUnit": "days", "countNumber": days}


def _count(random: Random, storage_class: str) -> tuple[Json, Json]:
    action = random.choice([EXPIRE, ARCHIVE])
    kind = random.randrange(4)
    if storage_class == "archive":
        return since("Transitioned", random.choice([90, 91, 95])), EXPIRE
    if kind == 3:
        return since("Pulled", random.randint(1, 5)), ARCHIVE
    if kind == 2:
        return since("Pushed", random.randint(1, 5)), action
    return {"countType": "imageCountMoreThan", "countNumber": random.randint(1, 4)}, action


def _selections(random: Random, size: int) -> list[Json]:
    selections: list[Json] = []
    for _ in range(size):
        if random.randrange(2):
            tags = random.choices(_PATTERNS, k=random.choice([1, 1, 2]))
            selections.append({"tagStatus": "tagged", "tagPatternList": tags})
        else:
            tags = random.choices(_PREFIXES, k=random.choice([1, 1, 2]))
            selection = {"tagStatus": "tagged", "tagPrefixList": sorted(set(tags))}
            if selection not in selections:
                selections.append(selection)
    if random.randrange(2):
        selections.insert(random.randint(0, len(selections)), {"tagStatus": "untagged"})
    if random.randrange(2) or not selections:
        selections.append({"tagStatus": "any"})
    return selections


def _rules(random: Random, standard: int, archive: int) -> list[Json]:
    """Return the rules of a valid policy, both storage classes mixed, priorities with gaps."""
    queues = {
        "standard": _selections(random, standard),
        "archive": _selections(random, archive) if archive else [],
    }
    rules, priority = [], 0
    while waiting := [name for name, queue in queues.items() if queue]:
        storage_class = random.choice(waiting)
        selection = queues[storage_class].pop(0)
        count, action = _count(random, storage_class)
        if storage_class == "archive":
            selection["storageClass"] = "archive"
        priority += random.choice([1, 1, 2, 10])
        rules.append(rule(priority, selection, action=action, **count))
    return rules


def _images(random: Random, size: int) -> list[Json]:
    """Return images with few timestamps and many tags, some of them dependent."""
    digests = [f"sha256:{number:064x}" for number in range(size)]
    random.shuffle(digests)
    tags = random.sample(_TAGS, len(_TAGS))

    def instant() -> int:
        return NOW - random.randint(0, 12) * DAY // 2

    def others() -> list[str]:
        return random.choices([*digests, "sha256:elsewhere"], k=random.choice([0, 1, 2, 2, 3]))

    images: list[Json] = []
    for digest in digests:
        count = random.choice([0, 0, 1, 1, 2, 3])
        image: Json = {"imageDigest": digest, "imagePushedAt": instant()}
        image["imageTags"], tags = tags[:count], tags[count:]
        image["imageStatus"] = random.choice(["ACTIVE"] * 5 + ["ARCHIVED"] * 2 + ["ACTIVATING"])
        if random.randrange(4) == 0:
            image["lastRecordedPullTime"] = instant()
        if image["imageStatus"] == "ARCHIVED" or random.randrange(6) == 0:
            image["lastArchivedAt"] = instant() - random.choice([0, 88, 90]) * DAY
            if random.randrange(2):
                image["lastActivatedAt"] = instant()
        if random.randrange(4) == 0:
            image["references"] = others()
        if random.randrange(5) == 0:
            image["subjectManifestDigest"] = random.choice(digests)
        images.append(image)
    return images


def case(seed: int, standard: int, archive: int, size: int) -> Case:
    """Return the case of a seed, with at most so many tagged rules of each storage class.

    Drawing each value from Hypothesis would take a hundred times as long as evaluating it; only
    the numbers of rules and images shrink.
    """
    random = Random(seed)  # noqa: S311
    return Case(_rules(random, standard, archive), _images(random, size))


def cases() -> st.SearchStrategy[Case]:
    """A policy and an inventory."""
    seeds = st.integers(0, 2**32)
    return st.builds(case, seeds, st.integers(0, 4), st.integers(0, 3), st.integers(0, 9))


def evaluation_options() -> st.SearchStrategy[EvaluationOptions]:
    """Any options."""
    return st.builds(
        EvaluationOptions,
        ties=st.sampled_from(TieOrder),
        children_take_places=st.booleans(),
        referrers_take_places=st.booleans(),
        archived_index_releases_children=st.booleans(),
    )
