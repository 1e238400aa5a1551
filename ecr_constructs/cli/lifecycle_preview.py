"""``ecr-constructs lifecycle preview``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.inventories import read_inventory
from ecr_constructs.cli.output import print_blocks, print_json
from ecr_constructs.cli.policy_files import read_policy
from ecr_constructs.cli.progress import progress
from ecr_constructs.model.lifecycle.simulation.forecast import forecast
from ecr_constructs.model.lifecycle.simulation.preview import changes, document
from ecr_constructs.report.lifecycle_preview import preview_blocks, service_blocks

if TYPE_CHECKING:
    from argparse import Namespace

    from ecr_constructs.live.lifecycle_preview import Disagreement
    from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy, Simulation


# Images from which on the forecast takes seconds.
_MANY = 10_000


class _Given(NamedTuple):
    policy: LifecyclePolicy
    inventory: Inventory


def run(options: Namespace) -> int:
    """Preview a policy; 1 if ECR was asked too and would do something else."""
    _check_options(options)
    given = _live(options) if options.live else _from_files(options)
    try:
        simulation = given.policy.simulate(given.inventory, now=options.now)
        many = len(given.inventory) > _MANY
        with progress("looking ahead", options.days, long=many) as advance:
            ahead = forecast(simulation, options.days, advance)
    except ValueError as error:
        raise CommandError(str(error)) from None
    changed = None
    if options.against:
        old = read_policy(options.against, options.repository).policy()
        changed = changes(old.simulate(given.inventory, now=simulation.now), simulation)
    disagreements = _ask_service(options, simulation) if options.service_preview else None
    if options.format == "json":
        content = document(simulation, ahead, changed)
        if disagreements is not None:
            content["servicePreview"] = {
                "disagreements": [each.to_json() for each in disagreements]
            }
        print_json(content)
    else:
        blocks = list(preview_blocks(simulation, ahead, changed))
        if disagreements is not None:
            blocks += service_blocks(disagreements)
        print_blocks(options.format, blocks)
    return int(bool(disagreements))


def _check_options(options: Namespace) -> None:
    if not options.live:
        if options.policy is None:
            msg = "--policy or --template is required, unless --live reads the policy from ECR"
            raise CommandError(msg)
        if options.images is None:
            msg = "--images or --live is required"
            raise CommandError(msg)
        for name in ("region", "service_preview"):
            if getattr(options, name):
                msg = f"--{name.replace('_', '-')} goes with --live only"
                raise CommandError(msg)
    if options.service_preview and options.now:
        msg = "--service-preview asks ECR about this instant: leave out --now"
        raise CommandError(msg)


def _from_files(options: Namespace) -> _Given:
    policy = read_policy(options.policy, options.repository).policy()
    return _Given(policy, read_inventory(options.images, options.manifests))


def _live(options: Namespace) -> _Given:
    from ecr_constructs.live import ecr as live  # noqa: PLC0415 - boto3 is slow and optional

    repository = live.Repository(options.live, options.region)
    if options.policy is None:
        policy = repository.policy()
    else:
        policy = read_policy(options.policy, options.repository).policy()
    inventory = repository.inventory(policy, options.manifests)
    return _Given(policy, inventory)


def _ask_service(options: Namespace, simulation: Simulation) -> list[Disagreement]:
    from ecr_constructs.live import ecr as live  # noqa: PLC0415 - boto3 is slow and optional
    from ecr_constructs.live import lifecycle_preview as service_preview  # noqa: PLC0415 - as above

    return service_preview.compare(live.Repository(options.live, options.region), simulation)
