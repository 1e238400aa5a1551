"""The scanning configuration of a registry."""

from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.model.scanning import Scanning

_Configuration = ecr.CfnRegistryScanningConfiguration


class RegistryScanning:
    """Joins what is asked for as one `AWS::ECR::RegistryScanningConfiguration`."""

    def __init__(self, registry: Construct) -> None:
        """Begin without any, which renders nothing."""
        self._registry = registry
        self._scanning: Scanning | None = None
        self._resource: ecr.CfnRegistryScanningConfiguration | None = None

    def add(self, scanning: Scanning) -> None:
        """Add what is to be scanned.

        Raises:
            ValueError: It contradicts what was asked for before.
        """
        self._scanning = self._scanning.joined(scanning) if self._scanning else scanning
        if self._resource is None:
            self._resource = _Configuration(
                self._registry,
                "Scanning",
                scan_type=self._scanning.scan_type,
                rules=_rules(self._scanning),
            )
        else:
            # A list is invariant to mypy, and jsii's setter takes one of a wider type.
            self._resource.rules = [*_rules(self._scanning)]


def _rules(scanning: Scanning) -> list[_Configuration.ScanningRuleProperty]:
    return [
        _Configuration.ScanningRuleProperty(
            scan_frequency=frequency,
            repository_filters=[
                _Configuration.RepositoryFilterProperty(filter=each, filter_type="WILDCARD")
                for each in filters
            ],
        )
        for frequency, filters in scanning.rules()
    ]
