"""Hypothesis strategies: environment files with every key, valid or with one mistake.

A file is valid by construction as far as one value goes; values may still contradict each other,
which the app then says in its own words.
"""

import copy
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

from tests.support.environment_files.drawing import (
    ACCOUNT,
    BACKUP,
    HOMES,
    NAMES,
    ORGANIZATION,
    TAGS,
    TEAMS,
    Content,
    Draw,
    Home,
    mapping,
    principal_lists,
    some,
)
from tests.support.environment_files.registries import registry_section, replica_section
from tests.support.environment_files.repositories import (
    public_section,
    push_settings,
    repository_settings,
)

Place = tuple[str | int, ...]


def _teams(draw: Draw, home: Home, *, replicas: bool) -> Content:
    names = draw(some(NAMES, 1, 6))
    teams = draw(some(TEAMS, 1, min(3, len(names))))
    settings = repository_settings(home, replicas=replicas)
    repositories: dict[str, list[Any]] = {team: [] for team in teams}
    for number, name in enumerate(names):
        written = draw(st.one_of(st.just(name), mapping({"name": st.just(name)}, settings)))
        repositories[teams[number % len(teams)]].append(written)
    return {
        team: {
            "repositories": repositories[team],
            **draw(mapping({}, {"tags": TAGS, "push": push_settings(home)})),
        }
        for team in teams
    }


@st.composite
def environment_files(draw: Draw, homes: Sequence[Home] = HOMES) -> Content:
    """Draw the content of an environment file, each value of which is valid."""
    home = draw(st.sampled_from(homes))
    regions = draw(some(home.others, 0, 1))
    other = draw(st.booleans()) if home.partition == "aws" else False
    replicas = bool(regions)
    content: Content = {
        "account": ACCOUNT,
        "region": home.region,
        "profile": draw(st.sampled_from(["development", "staging", "production"])),
        "teams": _teams(draw, home, replicas=replicas),
    }
    if regions:
        content["replica_regions"] = regions
    if other:
        content["replica_accounts"] = [{"account": BACKUP, "region": home.region}]
    content |= draw(
        mapping(
            {},
            {
                "organization": st.just(ORGANIZATION),
                "key_administrators": some(principal_lists(home)[1:2], 0),
                "key_access": st.sampled_from(["iam", "key_policy"]),
                "replicate_deletions": st.booleans(),
                "termination_protection": st.booleans(),
                "existing_ci_providers": some(["github", "gitlab", "bitbucket", "circleci"], 0),
                "alerts": mapping(
                    {},
                    {
                        "emails": some(["ops@example.com", "a.b+c@example.org"], 0),
                        "severity": st.sampled_from(["CRITICAL", "LOW"]),
                    },
                ),
                "defaults": mapping({}, repository_settings(home, replicas=replicas)),
            },
        )
    )
    own = {**registry_section(home, home.region)}
    if home.partition == "aws":
        own["public_repositories"] = public_section(home)
    if replicas:
        own["replica"] = replica_section(home, regions[0]) if not other else mapping({}, {})
        own["replicas"] = st.fixed_dictionaries({regions[0]: replica_section(home, regions[0])})
    if draw(st.booleans()):
        content["registry"] = draw(mapping({}, own))
    _reconcile(content, has_organization="organization" in content)
    return content


def _reconcile(node: Any, *, has_organization: bool) -> None:
    """Remove of two settings one, and an access that admits nobody."""
    for item in node.values() if isinstance(node, dict) else node:
        if isinstance(item, dict | list):
            _reconcile(item, has_organization=has_organization)
    if isinstance(node, dict):
        if "lifecycle" in node:
            node.pop("retention", None)
        if node.get("organization_may_pull") is True and not has_organization:
            del node["organization_may_pull"]


# --- mistakes ------------------------------------------------------------------------------------

WRONG: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, "", " ", "x", "*", "a" * 600, "ä\n", "ROOT", "aws:x"),
    *("${Token[X]}", "1" * 12, "arn:aws:iam::x:role/y", "arn:aws-cn:iam::111111111111:role/y"),
    *([], {}, [None], [[]], {"x": 1}, {"": ""}, [{}], ["a", "a"]),
)


def places(content: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the place of every value of a file."""
    if place:
        yield place
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(content, dict):
        items = content.items()
    elif isinstance(content, list):
        items = enumerate(content)
    for step, value in items:
        yield from places(value, (*place, step))


@st.composite
def mistaken_files(draw: Draw) -> Content:
    """Draw a file in which one value is another one, is missing, is doubled or has another key."""
    content = copy.deepcopy(draw(environment_files()))
    # Hypothesis prefers the first of many places; all of them are meant.
    random = draw(st.randoms(use_true_random=True))
    *parents, step = random.choice([*places(content)])
    last: Any = step
    parent: Any = content
    for outer in parents:
        parent = parent[outer]
    change = draw(st.sampled_from(["replace", "replace", "remove", "rename", "double"]))
    if change == "replace":
        parent[last] = draw(st.sampled_from(WRONG))
    elif change == "double" and isinstance(parent, list):
        parent.append(copy.deepcopy(parent[last]))
    else:
        value = parent.pop(last)
        if change == "rename" and isinstance(parent, dict):
            parent[draw(st.sampled_from([f"{last}s", f"{last}"[:-1] or "x", "Tags", ""]))] = value
    return content
