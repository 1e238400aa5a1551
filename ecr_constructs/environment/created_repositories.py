"""Resolve the repositories that ECR creates in a registry: by its caches and templates."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ecr_constructs.cloudformation.template import Place
from ecr_constructs.environment.caches import AnyCache, Template
from ecr_constructs.environment.inheritance import (
    CACHE_DEFAULTS,
    Levels,
    Settings,
    acknowledged_by,
    setting_problems,
    settings_of,
)
from ecr_constructs.environment.policies import statement_problems
from ecr_constructs.environment.registry_section import RegistrySection
from ecr_constructs.environment.resolved_registry import ResolvedCache, ResolvedTemplate
from ecr_constructs.environment.source import Problem
from ecr_constructs.model.creation_template import (
    OCCASIONS,
    CreationTemplate,
    Occasion,
    role_errors,
)
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import namespace_of
from ecr_constructs.model.partitions import regions
from ecr_constructs.model.pull_through_cache import MAX_RULES, PullThroughRule
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.repository_policy import Access
from ecr_constructs.model.validation import (
    ValidationError,
    count_errors,
    located,
    raise_if_invalid,
)

# In the file they are in lowercase.
_OCCASIONS = {occasion.lower(): occasion for occasion in OCCASIONS}
# The keys of a cache that the model's problems without a path are about.
_KEYS = {
    "credential": "credential",
    "upstream-region": "region",
    "upstream-partition": "region",
    "upstream-is-cache": "account",
}


def resolve_caches(section: RegistrySection) -> tuple[ResolvedCache, ...]:
    """Return the pull-through caches of a registry."""
    caches = tuple(section.each("pull_through_caches", partial(_cache, section)))
    with section.at(section.origins.get("pull_through_caches", ())):
        errors = count_errors("pull-through-cache-count", caches, MAX_RULES, "caches")
        raise_if_invalid("pull through caches", section.registry, errors)
    secrets = [
        (cache.new_credential.name, (*cache.place, "credential"))
        for cache in caches
        if cache.new_credential is not None
    ]
    section.claim("credential-duplicate", secrets, "write the ARN of one secret, or two names")
    return caches


def resolve_templates(
    section: RegistrySection, caches: Sequence[ResolvedCache]
) -> tuple[ResolvedTemplate, ...]:
    """Return the creation templates of a registry, besides those of its caches."""
    templates = tuple(section.each("creation_templates", partial(_template, section)))
    _claim_prefixes(section, caches, templates)
    return templates


def _cache(section: RegistrySection, cache: AnyCache, place: Place) -> ResolvedCache | None:
    upstream = cache.upstream_registry()
    given = cache.repository_prefix
    prefix = upstream.default_prefix if given is None else given
    rule = PullThroughRule(upstream, prefix, cache.upstream_repository_prefix)
    errors = [*rule.errors(), *upstream.errors_from(*section.registry, regions())]
    if upstream.role_arn is not None:
        role = role_errors(upstream.role_arn, section.registry.account, with_path=True)
        errors += located("role", role)
    if cache.import_accounts and not namespace_of(prefix):
        message = "every repository would be open to imports by these accounts"
        remedy = "write a repository_prefix other than ROOT"
        errors.append(Diagnostic("import-into-root", message, "import_accounts", remedy))
    raise_if_invalid("pull through cache", prefix, map(_at_key, errors))
    levels: Levels = {place: cache, ("cache",): CACHE_DEFAULTS}
    settings = _settings(section, levels)
    if settings is None:
        return None
    _check_template(section.registry, prefix, ["PULL_THROUGH_CACHE"], settings)
    _check_role(section.registry, "template_role", cache.template_role)
    return ResolvedCache(
        prefix=prefix,
        upstream=upstream,
        new_credential=cache.new_credential,
        upstream_prefix=cache.upstream_repository_prefix,
        import_accounts=tuple(cache.import_accounts or ()),
        settings=settings,
        template_role=cache.template_role,
        acknowledged=acknowledged_by(levels, settings),
        place=place,
    )


def _template(
    section: RegistrySection, template: Template, place: Place
) -> ResolvedTemplate | None:
    occasions = [_OCCASIONS[name] for name in template.applied_for]
    levels: Levels = {place: template, **section.surrounding.defaults}
    if occasions == ["PULL_THROUGH_CACHE"]:
        levels = {place: template, ("cache",): CACHE_DEFAULTS}
    settings = _settings(section, levels)
    if settings is None:
        return None
    _check_template(section.registry, template.prefix, occasions, settings, template.description)
    _check_role(section.registry, "role", template.role)
    return ResolvedTemplate(
        prefix=template.prefix,
        applied_for=tuple(occasions),
        description=template.description,
        settings=settings,
        role=template.role,
        acknowledged=acknowledged_by(levels, settings),
        place=place,
    )


def _settings(section: RegistrySection, levels: Levels) -> Settings | None:
    own = next(iter(levels.values()))
    context = section.surrounding.context
    if own.encryption is not None or ("cache",) in levels:
        # The key is one of this registry; that of the defaults is one of the home registry.
        context = replace(context, registries=(section.registry,))
    place = next(iter(levels))
    if own.policy_statements:
        section.problems += statement_problems(
            "AWS::ECR::Repository",
            (*place, "policy_statements"),
            [statement.document() for statement in own.policy_statements],
            own.acknowledge or {},
        )
    try:
        return settings_of(context, levels)
    except ValidationError as error:
        section.problems += setting_problems(levels, error)
        return None


def _check_template(
    registry: RegistryId,
    prefix: str,
    occasions: Sequence[Occasion],
    settings: Settings,
    description: str | None = None,
) -> None:
    CreationTemplate(
        prefix=prefix,
        applied_for=occasions,
        description=description,
        tag_mutability=settings.tag_mutability,
        encryption=settings.encrypted_with("${Token[Key]}", registry),
        lifecycle=settings.lifecycle,
        access=Access(**settings.access),
        tags=settings.tags,
    )


def _check_role(registry: RegistryId, key: str, role: str | None) -> None:
    if role is not None:
        errors = located(key, role_errors(role, registry.account))
        raise_if_invalid("role of a creation template", role, errors)


def _claim_prefixes(
    section: RegistrySection, caches: Sequence[ResolvedCache], templates: Sequence[ResolvedTemplate]
) -> None:
    # A cache has a creation template of its own.
    claims = [
        *((cache.prefix.rstrip("/"), cache.place) for cache in caches),
        *((template.prefix.rstrip("/"), template.place) for template in templates),
    ]
    section.claim("creation-template-duplicate", claims, "a prefix has one creation template")
    for template in templates:
        is_reserved = template.prefix.rstrip("/") in section.surrounding.replicated
        if is_reserved and not section.is_home and "REPLICATION" not in template.applied_for:
            message = "a replica needs the template of this prefix for replication, too"
            remedy = "add replication to applied_for"
            code, place = "template-without-replication", (*template.place, "applied_for")
            section.problems.append(Problem(place, code, message, remedy))


def _at_key(error: Diagnostic) -> Diagnostic:
    """Return a problem of a cache at the key that it is about."""
    keys = [key for code, key in _KEYS.items() if not error.path and error.code.startswith(code)]
    return replace(error, path=keys[0]) if keys else error
