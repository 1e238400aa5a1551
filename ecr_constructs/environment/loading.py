"""Environment files: read, judged as a whole, and refused line by line."""

import re
from pathlib import Path

from pydantic import ValidationError

from ecr_constructs.environment.errors import sentence
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.validation import faults_within
from ecr_constructs.environment.validation_across import faults_between
from ecr_constructs.environment.yaml_file import EnvironmentFileError, YamlFile, read_yaml

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def load_environments(folder: Path) -> dict[str, Environment]:
    """Read every ``*.yaml`` file of a folder.

    Returns:
        The environments by name, which is the file's: ``prod.yaml`` gives ``prod``.

    Raises:
        EnvironmentFileError: Everything that is wrong in any of the files, each fault with file,
            line and key.
    """
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        msg = f"{folder}: holds no environment; write one, such as {folder / 'dev.yaml'}"
        raise EnvironmentFileError(msg)
    read: list[tuple[YamlFile, Environment]] = []
    refused: list[str] = []
    for path in paths:
        try:
            read.append(_load(path))
        except EnvironmentFileError as error:
            refused.append(str(error))
    refused += [str(file.error([fault])) for file, fault in faults_between(read)]
    if refused:
        raise EnvironmentFileError("\n".join(refused))
    return {file.path.stem: environment for file, environment in read}


def load_environment(path: Path) -> Environment:
    """Read one environment file.

    Raises:
        EnvironmentFileError: Everything that is wrong in the file, each fault with line and key.
    """
    return _load(path)[1]


def _load(path: Path) -> tuple[YamlFile, Environment]:
    file = read_yaml(path)
    if not _NAME.fullmatch(path.stem):
        what = (
            "the file's name is the environment's: lowercase letters and digits, joined by single "
            f"hyphens; got {path.stem!r}"
        )
        raise file.error([((), what)])
    if not isinstance(file.value, dict):
        raise file.error([((), "must be a mapping with the keys account, region, profile, teams")])
    try:
        environment = Environment.model_validate(file.value)
    except ValidationError as error:
        faults = [sentence(file, details) for details in error.errors()]
        raise file.error(list(dict.fromkeys(faults))) from None
    if faults := list(faults_within(environment)):
        raise file.error(faults)
    return file, environment
