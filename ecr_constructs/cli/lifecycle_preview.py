"""``ecr-constructs lifecycle preview``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_inventory, read_text
from ecr_constructs.cli.output import emit, json_text, progress
from ecr_constructs.cli.policy_files import read_policy
from ecr_constructs.model.lifecycle.simulation.forecast import forecast
from ecr_constructs.model.lifecycle.simulation.preview import changes, document
from ecr_constructs.report.lifecycle_preview import preview_blocks, service_blocks

if TYPE_CHECKING:
    from argparse import Namespace

    from ecr_constructs.live.ecr import Repository
    from ecr_constructs.live.lifecycle_preview import Disagreement
    from ecr_constructs.model.lifecycle import Inventory, LifecyclePolicy, Simulation
    from ecr_constructs.report.document import Block


# With more images the forecast takes seconds.
_MANY = 10_000


class _Inputs(NamedTuple):
    policy: LifecyclePolicy
    inventory: Inventory


def run(options: Namespace) -> int:
    """Preview a policy; 1 if ECR was asked too and would decide otherwise."""
    _check_options(options)
    inputs = _live(options) if options.live else _from_files(options)
    try:
        simulation = inputs.policy.simulate(inputs.inventory, now=options.now)
        many = len(inputs.inventory) > _MANY
        with progress("looking ahead", options.days, long=many) as advance:
            ahead = forecast(simulation, options.days, advance)
    except ValueError as error:
        raise CommandError(str(error)) from None
    changed = None
    if options.against:
        old = read_policy(options.against, options.repository).policy()
        changed = changes(old.simulate(inputs.inventory, now=simulation.now), simulation)
    disagreements = _ask_service(options, simulation) if options.service_preview else None

    def render(form: str) -> str | list[Block]:
        if form == "json":
            content = document(simulation, ahead, changed)
            if disagreements is not None:
                items = [disagreement.to_json() for disagreement in disagreements]
                content["servicePreview"] = {"disagreements": items}
            return json_text(content)
        blocks = list(preview_blocks(simulation, ahead, changed))
        return blocks if disagreements is None else [*blocks, *service_blocks(disagreements)]

    emit(options, render)
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
                msg = f"--{name.replace('_', '-')} needs --live"
                raise CommandError(msg)
    if options.service_preview and options.now:
        msg = "--service-preview asks ECR about the present: leave out --now"
        raise CommandError(msg)


def _from_files(options: Namespace) -> _Inputs:
    policy = read_policy(options.policy, options.repository).policy()
    return _Inputs(policy, read_inventory(options.images, options.manifests))


def _repository(options: Namespace) -> Repository:
    from ecr_constructs.live.ecr import Repository  # noqa: PLC0415 - boto3 is slow and optional

    return Repository(options.live, options.region, progress=progress)


def _live(options: Namespace) -> _Inputs:
    repository = _repository(options)
    if options.policy is None:
        policy = repository.policy()
    else:
        policy = read_policy(options.policy, options.repository).policy()
    manifests = options.manifests and read_text(options.manifests)
    return _Inputs(policy, repository.inventory(policy, manifests))


def _ask_service(options: Namespace, simulation: Simulation) -> list[Disagreement]:
    from ecr_constructs.live.lifecycle_preview import compare  # noqa: PLC0415 - as above

    return compare(_repository(options), simulation)
