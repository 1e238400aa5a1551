"""The scanning configuration of a registry."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any, ClassVar

from aws_cdk import aws_ecr as ecr

from ecr_constructs.constructs._cfn_properties import filter_properties
from ecr_constructs.constructs._joined_properties import (
    JoinedProperties,
    JoinedResource,
    Unreadable,
    field,
    items_of,
    text_of,
)
from ecr_constructs.model.scanning import Scanning, ScanType

_SCAN_TYPES: Mapping[str, ScanType] = {"BASIC": "BASIC", "ENHANCED": "ENHANCED"}


class _Configuration(JoinedResource, ecr.CfnRegistryScanningConfiguration):
    """The L1."""


class RegistryScanning(JoinedProperties[Scanning]):
    """Join scans and render them as one `AWS::ECR::RegistryScanningConfiguration`."""

    _subject = "registry scanning configuration"
    _names: ClassVar = {"scan_type": "ScanType", "rules": "Rules"}

    def add(self, scanning: Scanning) -> None:
        """Join a request with the earlier ones, or raise if it contradicts them."""
        requested = self._requested
        self.request(requested.joined(scanning) if requested else scanning)

    @property
    def containing(self) -> tuple[str, ...]:
        """The filters without ``*``, which select every name that contains them."""
        return self._joined.containing if self._joined else ()

    def _create(self, **properties: Any) -> JoinedResource:
        return _Configuration(self._construct, "Scanning", **properties)

    def _read(self, properties: Mapping[str, Any]) -> Scanning:
        assert self._requested is not None
        scan_type = _SCAN_TYPES.get(text_of(properties.get("ScanType", self._requested.scan_type)))
        filters: dict[str, list[str]] = {"SCAN_ON_PUSH": [], "CONTINUOUS_SCAN": []}
        for rule in items_of(properties.get("Rules")):
            frequency = text_of(field(rule, "scan_frequency"))
            if frequency not in filters:
                raise Unreadable
            filters[frequency] += [
                text_of(field(item, "filter"))
                for item in items_of(field(rule, "repository_filters"))
            ]
        if scan_type is None:
            raise Unreadable
        on_push, continuous = map(tuple, filters.values())
        return Scanning(scan_type, on_push, continuous)

    def _join(self, states: Sequence[Scanning]) -> Scanning:
        return reduce(Scanning.joined, states)

    def _properties(self, state: Scanning) -> dict[str, Any]:
        configuration = ecr.CfnRegistryScanningConfiguration
        rules = [
            configuration.ScanningRuleProperty(
                scan_frequency=frequency,
                repository_filters=filter_properties(configuration, "WILDCARD", filters),
            )
            for frequency, filters in state.rules()
        ]
        return {"scan_type": state.scan_type, "rules": rules}
