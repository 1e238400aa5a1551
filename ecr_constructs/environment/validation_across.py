"""What is wrong between environments although each of them is sound."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from ecr_constructs.environment.ci_access import pushes
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.registries import home, replicas, repositories_at
from ecr_constructs.environment.yaml_file import Place, YamlFile

if TYPE_CHECKING:
    from ecr_constructs.model.registry_id import RegistryId

_Located = Iterator[tuple[YamlFile, tuple[Place, str]]]
_Read = Sequence[tuple[YamlFile, Environment]]


def faults_between(read: _Read) -> _Located:
    """Yield file, place and a sentence for each thing that two environments would own."""
    yield from _repositories_owned_twice(read)
    yield from _registries_owned_twice(read)
    yield from _providers_made_twice(read)
    yield from _alerts_given_twice(read)


def _repositories_owned_twice(read: _Read) -> _Located:
    owners: dict[tuple[RegistryId, str], tuple[YamlFile, Place]] = {}
    for file, environment in read:
        for site in (home(environment), *replicas(environment)):
            for name, team in environment.teams.items():
                here = repositories_at(site, environment, team)
                for index, repository in enumerate(team.repositories):
                    if repository not in here:
                        continue
                    place: Place = ("teams", name, "repositories", index)
                    first, at = owners.setdefault((site.registry, repository.name), (file, place))
                    if first is not file:
                        what = (
                            f"{repository.name!r} is in {site.registry} already, by {first.path}:"
                            f"{first.line_of(at)}; a name is unique in a registry"
                        )
                        yield file, (place, what)


def _registries_owned_twice(read: _Read) -> _Located:
    """Replication, policy and templates exist once for each account and Region."""
    owners: dict[RegistryId, YamlFile] = {}
    for file, environment in read:
        if not any(replicas(environment)):
            continue
        for site in (home(environment), *replicas(environment)):
            first = owners.setdefault(site.registry, file)
            if first is not file:
                what = (
                    f"{site.registry} is a registry that {first.path} configures already; a "
                    "registry has one replication configuration and one policy, and the second "
                    "would overwrite the first. Describe both in one file, or use another account"
                )
                key = "region" if site.is_home else "replica_regions"
                yield file, ((key,), what)


def _providers_made_twice(read: _Read) -> _Located:
    """An account has one OIDC provider for each issuer."""
    makers: dict[tuple[str, str], YamlFile] = {}
    for file, environment in read:
        # The first place of each, since one line of the file mends them all.
        made = {
            (pushed.push.system, pushed.push.project().issuer.url): pushed.place
            for pushed in reversed(pushes(environment))
            if pushed.push.system not in (environment.existing_ci_providers or ())
        }
        for (system, url), place in made.items():
            first = makers.setdefault((environment.account, url), file)
            if first is not file:
                what = (
                    f"the provider {url} of account {environment.account} is made by {first.path} "
                    "already, and an account has one; write here "
                    f"existing_ci_providers: [{system}]"
                )
                yield file, (place, what)


def _alerts_given_twice(read: _Read) -> _Located:
    """Alerts are about all repositories of a registry, whichever file declares them."""
    owners: dict[RegistryId, YamlFile] = {}
    for file, environment in read:
        registry = home(environment).registry
        if environment.alerts and (first := owners.setdefault(registry, file)) is not file:
            what = (
                f"{registry} is a registry that {first.path} has alerts for already, so each "
                "finding would be told of twice; name all addresses there"
            )
            yield file, (("alerts",), what)
