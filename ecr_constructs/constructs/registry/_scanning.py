"""The scanning configuration of a registry."""

from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.model.scanning import Scanning

_Configuration = ecr.CfnRegistryScanningConfiguration


class RegistryScanning:
    """Join requests for scans and render one `AWS::ECR::RegistryScanningConfiguration`."""

    def __init__(self, registry: Construct) -> None:
        """Start without requests, which renders nothing."""
        self._registry = registry
        self._scanning: Scanning | None = None
        self._resource: ecr.CfnRegistryScanningConfiguration | None = None

    def add(self, scanning: Scanning) -> None:
        """Add a request.

        Raises:
            ValidationError: It contradicts an earlier one.
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
            # A list is invariant for mypy, and jsii's setter takes a list of a wider type.
            self._resource.rules = [*_rules(self._scanning)]


def _rules(scanning: Scanning) -> list[_Configuration.ScanningRuleProperty]:
    return [
        _Configuration.ScanningRuleProperty(
            scan_frequency=frequency,
            repository_filters=[
                _Configuration.RepositoryFilterProperty(filter=pattern, filter_type="WILDCARD")
                for pattern in filters
            ],
        )
        for frequency, filters in scanning.rules()
    ]
