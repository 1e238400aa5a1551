"""Load environment files: read, validate and resolve them, and report every problem at once."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ecr_constructs.cloudformation.source_locations import SourceLocation
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.environment.json_schema import DISCRIMINATORS, schema_of
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.resolution import (
    ResolvedEnvironment,
    ResolvedRepository,
    resolve,
)
from ecr_constructs.environment.resolved_registry import ResolvedCache, ResolvedTemplate
from ecr_constructs.environment.source import (
    EnvironmentFileError,
    FileDiagnostic,
    Problem,
    SourceFile,
    problems_at,
    read_source,
)
from ecr_constructs.environment.texts import (
    deploy_time_values,
    other_partitions,
    without_organization,
)
from ecr_constructs.environment.validation import validate, validate_together
from ecr_constructs.model.names import environment_name_errors
from ecr_constructs.model.partitions import partition_of

# By pydantic's type of error: our code, and a message of its context and the given value.
_MESSAGES = {
    "bool_type": ("not-boolean", "must be true or false, got {given}"),
    "dict_type": ("not-mapping", "must be a mapping of keys to values, got {given}"),
    "greater_than_equal": ("number-too-small", "must be at least {ge}, got {given}"),
    "int_type": ("not-integer", "must be a whole number, got {given}"),
    "less_than_equal": ("number-too-large", "must be at most {le}, got {given}"),
    "list_type": ("not-list", "must be a list, got {given}"),
    "float_type": ("not-number", "must be a number, got {given}"),
    "greater_than": ("number-too-small", "must be more than {gt}, got {given}"),
    "literal_error": ("value-unknown", "must be {expected}, got {given}"),
    "missing": ("key-missing", "is missing"),
    "model_attributes_type": (
        "not-mapping",
        "must be a mapping of keys to values, got {given}",
    ),
    "model_type": ("not-mapping", "must be a mapping of keys to values, got {given}"),
    "string_pattern_mismatch": ("text-format", "must match {pattern}, got {given}"),
    "string_too_long": ("text-too-long", "must have at most {max_length} characters"),
    "string_too_short": ("text-too-short", "must have at least {min_length} characters"),
    "too_long": ("too-many", "must hold at most {max_length}, holds {actual_length}"),
    "too_short": ("too-few", "must hold at least {min_length}"),
}
_KIND_WORDS = {
    "<text>": "text",
    "<list>": "a list",
    "<flag>": "true or false",
    "<number>": "a whole number",
    "<mapping>": "a mapping of keys to values",
}
# What AWS calls keys and values that have other names here, in lower case.
_OF_AWS = {
    "repositoryname": ("name",),
    "imagetagmutability": ("tag_mutability",),
    "imagetagmutabilityexclusionfilters": ("tag_mutability_exceptions",),
    "imagescanningconfiguration": ("scan_on_push",),
    "imagescanonpush": ("scan_on_push",),
    "encryptionconfiguration": ("encryption",),
    "encryptiontype": ("encryption",),
    "kmskey": ("encryption", "key"),
    "lifecyclepolicy": ("lifecycle",),
    "lifecyclepolicytext": ("lifecycle",),
    "lifecyclerules": ("lifecycle",),
    "repositorypolicy": ("policy_statements",),
    "repositorypolicytext": ("policy_statements",),
    "resourcetags": ("tags",),
    "registrypolicy": ("policy",),
    "policytext": ("policy",),
    "scanningconfiguration": ("scanning",),
    "registryscanningconfiguration": ("scanning",),
    "signingconfiguration": ("signing",),
    "pullthroughcacherules": ("pull_through_caches",),
    "repositorycreationtemplates": ("creation_templates",),
    "pulltimeupdateexclusions": ("pull_time_exclusions",),
    "ecrrepositoryprefix": ("repository_prefix",),
    "credentialarn": ("credential",),
    "upstreamregistry": ("upstream",),
    "upstreamregistryurl": ("upstream", "registry_url"),
    "customrolearn": ("role", "template_role"),
    "appliedfor": ("applied_for",),
    "kms": ("aws_managed", "customer_managed"),
    "kmsdsse": ("dual_layer",),
    "immutablewithexclusion": ("immutable",),
    "mutablewithexclusion": ("mutable",),
    "dockerhub": ("docker_hub",),
    "githubcontainerregistry": ("github",),
    "gitlabcontainerregistry": ("gitlab",),
    "azurecontainerregistry": ("azure",),
    "k8s": ("kubernetes",),
}
_KINDS = {bool: "true or false", float: "a number", int: "a number"}


def load_environments(folder: Path) -> dict[str, ResolvedEnvironment]:
    """Load every ``*.yaml`` file of a folder.

    Returns:
        The environments by name: ``prod.yaml`` is ``prod``.

    Raises:
        EnvironmentFileError: Every problem of every file, with file, line and key.
    """
    loaded, problems = load_files(environment_files(folder))
    if problems:
        raise EnvironmentFileError(*problems)
    return {environment.name: environment for _, environment in loaded}


def environment_files(folder: Path) -> list[Path]:
    """Return the environment files of a folder: every ``*.yaml``.

    Raises:
        EnvironmentFileError: There is none, or one that is not read because of its name.
    """
    paths = sorted(folder.glob("*.yaml"))
    problems = [*_unread(sorted(folder.glob("*.*")))]
    if not paths and not problems:
        message, remedy = (
            "contains no environment file",
            f"write one, such as {folder / 'dev.yaml'}",
        )
        problems = [FileDiagnostic("folder-empty", message, remedy=remedy, file=str(folder))]
    if problems:
        raise EnvironmentFileError(*problems)
    return paths


def _unread(paths: Iterable[Path]) -> Iterator[FileDiagnostic]:
    """Yield the files whose environment would be missing, and nobody would notice."""
    for path in paths:
        ending = path.name.rpartition(".")[2]
        if ending != "yaml" and ending.lower() in ("yml", "yaml"):
            message = "is not read: environment files end in .yaml"
            remedy = f"rename it to {path.stem}.yaml"
            yield FileDiagnostic("file-name", message, remedy=remedy, file=str(path))


def load_files(
    paths: Iterable[Path],
) -> tuple[list[tuple[SourceFile, ResolvedEnvironment]], list[FileDiagnostic]]:
    """Load environment files, which are deployed together.

    Returns:
        The files without a problem of their own, with their environments; and every problem.
    """
    paths = list(paths)
    loaded: list[tuple[SourceFile, ResolvedEnvironment]] = []
    problems = [*_unread(paths)]
    for path in paths:
        try:
            loaded.append(load_file(path))
        except EnvironmentFileError as error:
            problems += error.diagnostics
    problems += validate_together(loaded)
    return loaded, problems


def load_environment(path: Path) -> ResolvedEnvironment:
    """Load one environment file; raise as `load_environments` does."""
    return load_file(path)[1]


def load_file(path: Path) -> tuple[SourceFile, ResolvedEnvironment]:
    """Load one environment file, with the lines of its keys; raise as `load_environments` does."""
    file = read_source(path)
    if errors := list(environment_name_errors(path.stem)):
        raise file.error(
            Problem((), error.code, f"{path.stem!r}, the file's name: {error.message}")
            for error in errors
        )
    if not isinstance(file.content, dict):
        message = "must be a mapping with the keys account, region, profile, teams"
        raise file.error([Problem((), "not-mapping", message)])
    problems = list(deploy_time_values(file.content))
    try:
        environment = Environment.model_validate(file.content)
    except ValidationError as error:
        problems += (
            problem for details in error.errors() for problem in problems_of(file, details)
        )
        raise file.error(problems) from None
    if problems:
        raise file.error(problems)
    resolved, problems = resolve(path.stem, environment)
    problems += other_partitions(file.content, partition_of(environment.region))
    problems += without_organization(file.content)
    problems += validate(environment, resolved)
    if problems:
        raise file.error(problems)
    return file, _located(file, resolved)


_Declared = TypeVar("_Declared", ResolvedRepository, ResolvedCache, ResolvedTemplate)


def _located(file: SourceFile, environment: ResolvedEnvironment) -> ResolvedEnvironment:
    """Return an environment in which what the file declares has its line."""

    def located(items: Iterable[_Declared]) -> tuple[_Declared, ...]:
        lines = ((item, SourceLocation(file.name, file.line_of(item.place))) for item in items)
        return tuple(replace(item, source=source) for item, source in lines)

    return replace(
        environment,
        teams={team: located(items) for team, items in environment.teams.items()},
        registry_settings={
            registry: replace(
                settings, caches=located(settings.caches), templates=located(settings.templates)
            )
            for registry, settings in environment.registry_settings.items()
        },
    )


def problems_of(file: SourceFile, error: ErrorDetails) -> Iterator[Problem]:
    """Yield what an error of pydantic means: what was given, and what is allowed."""
    place, given = _place_in(file, error["loc"]), error["input"]
    if error["type"] == "extra_forbidden":
        yield _unknown_key(file, place)
    elif error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        yield _unknown_branch(place, error)
    elif error["type"] == "string_type":
        yield Problem(place, "not-text", _not_text(given, file.text_at(place)))
    elif error["type"] == "value_error":
        prefix = f"{given!r}: " if isinstance(given, str) else ""
        yield from problems_at(place, error["ctx"]["error"], prefix)
    else:
        fallback = (error["type"].replace("_", "-"), f"{error['msg']}, got {{given}}")
        code, template = _MESSAGES.get(error["type"], fallback)
        context = error.get("ctx", {})
        remedy = _remedy(place, error)
        yield Problem(place, code, template.format(given=repr(given), **context), remedy)


def _remedy(place: Place, error: ErrorDetails) -> str:
    """Return what to write instead, or nothing."""
    given = error["input"]
    if error["type"] == "list_type":
        # A text that looks like JSON is a document, not the item of a list.
        is_item = given is not None and not str(given).lstrip().startswith(("{", "["))
        return f"write [{given!r}]" if is_item else "write a hyphen before each item"
    if len(place) > 1 and place[-2] == "repositories" and type(given) in (int, float):
        return f'write a name in quotes: "{given}"'
    if isinstance(given, str):
        return _did_you_mean(given, _quoted(str(error.get("ctx", {}).get("expected", ""))))
    return ""


def _quoted(text: str) -> list[str]:
    return re.findall("'([^']*)'", text)


def _not_text(given: object, line: str) -> str:
    if type(given) not in _KINDS:
        return f"must be text, got {'nothing' if given is None else repr(given)}"
    # YAML may have changed the value: 010 is 8, yes is true.
    quoted = f': "{given}"' if str(given) in line else ""
    kind = _KINDS[type(given)]
    return f"must be text, but YAML reads the value as {kind}; put it in quotes{quoted}"


def _place_in(file: SourceFile, location: Sequence[int | str]) -> Place:
    """Return the place in the file of a location of pydantic.

    A location also says which type of a union was meant: ``<mapping>`` of a kind of value, or the
    value of the key that tells the types apart.
    """
    place: list[int | str] = []
    node = file.content
    is_chosen = False
    for step in location:
        if step == "[key]" or (isinstance(step, str) and step.startswith("<")):
            continue
        is_mapping = isinstance(node, Mapping)
        if is_mapping and not is_chosen and step in [node.get(key) for key in DISCRIMINATORS]:
            is_chosen = True
            continue
        place.append(step)
        is_chosen = False
        if is_mapping:
            node = node.get(step)
        else:
            in_list = isinstance(node, list) and isinstance(step, int) and step < len(node)
            node = node[step] if in_list else None
    return tuple(place)


def _unknown_branch(place: Place, error: ErrorDetails) -> Problem:
    """Return the problem of a value of which no type is known."""
    context, given = error["ctx"], error["input"]
    key = str(context["discriminator"]).strip("'")
    if key not in DISCRIMINATORS:
        kinds = str(context["expected_tags"])
        allowed = [words for tag, words in _KIND_WORDS.items() if tag in kinds]
        message = f"must be {' or '.join(allowed)}, got {given!r}"
        return Problem(place, "value-kind", message)
    if error["type"] == "union_tag_not_found":
        return Problem((*place, key), "key-missing", "is missing")
    tags = str(context["expected_tags"])
    message = f"must be {' or '.join(tags.rsplit(', ', 1))}, got {given[key]!r}"
    remedy = _did_you_mean(str(given[key]), _quoted(tags))
    return Problem((*place, key), "value-unknown", message, remedy)


def _unknown_key(file: SourceFile, place: Place) -> Problem:
    *parents, key = place
    allowed = _keys_of(file.content, tuple(parents))
    remedy = _did_you_mean(str(key), allowed) or f"allowed: {', '.join(allowed)}"
    return Problem(place, "key-unknown", "is not a key here", remedy)


def _did_you_mean(written: str, allowed: Sequence[str]) -> str:
    """Return a question for the name that is probably meant, or nothing.

    AWS writes the same words in other ways, and some of its names have another one here.
    """
    plain = _plain(written)
    same = [name for name in allowed if _plain(name) == plain]
    translated = [name for name in _OF_AWS.get(plain, ()) if name in allowed]
    names = same or translated or get_close_matches(written, allowed, n=1)
    return f"did you mean {' or '.join(map(repr, names))}?" if names else ""


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())


def _keys_of(content: Any, place: Place) -> list[str]:
    """Return the keys that the mapping at a place of the file may have."""
    node: Mapping[str, Any] = _schema()
    value = content
    for step in place:
        node = _chosen(node, value)
        value = value[step]
        if isinstance(step, int):
            node = node["items"]
        elif step in node.get("properties", {}):
            node = node["properties"][step]
        elif "patternProperties" in node:
            [node] = node["patternProperties"].values()
        else:
            node = node["additionalProperties"]
    return list(_chosen(node, value)["properties"])


def _chosen(node: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """Return the schema of a value, of those that a node allows."""
    if "$ref" in node:
        definition: Mapping[str, Any] = _schema()["$defs"][node["$ref"].rpartition("/")[2]]
        return _chosen(definition, value)
    for branch in node.get("allOf", ()):
        if "then" in branch and _meets(branch["if"], value):
            return _chosen(branch["then"], value)
    return _chosen(node["else"], value) if "else" in node else node


def _meets(condition: Mapping[str, Any], value: Any) -> bool:
    """Tell whether a value meets the condition of a branch, see `json_schema`."""
    if "type" in condition:
        return isinstance(value, _TYPES[condition["type"]])
    [(key, allowed)] = condition["properties"].items()
    return value.get(key) in allowed["enum"]


_TYPES: dict[str, type] = {"string": str, "array": list, "object": dict, "boolean": bool}


@cache
def _schema() -> dict[str, Any]:
    return schema_of(Environment)
