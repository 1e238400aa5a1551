"""Addresses on this laptop: an endpoint is taken apart, and put together from its parts."""

from __future__ import annotations

import ipaddress
import re

from local_aws import LocalAwsError

# Parsers disagree about everything else: user names, backslashes, spaces, percent signs.
_ADDRESS = re.compile(
    r"(?P<scheme>https?)://(?P<host>localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::(?P<port>[0-9]{1,5}))?/?"
)
_LAST_PORT = 65535


def require_loopback(endpoint_url: str) -> str:
    """Return the address of an endpoint, which must be on this laptop.

    Call it with every address that comes from the environment or a file: what is made for the
    embedded AWS must never reach a real one.

    Args:
        endpoint_url: ``http://`` or ``https://``, then ``127.x.x.x``, ``localhost`` or ``[::1]``,
            and a port. No user name, path or query.

    Returns:
        The address built from scheme, host and port, so that no client can read it in another way.

    Raises:
        LocalAwsError: It is any other address.
    """
    parts = _ADDRESS.fullmatch(endpoint_url)
    if parts is None or not _is_valid(parts["host"], parts["port"]):
        msg = (
            f"The endpoint {endpoint_url!r} is not on this laptop. Only a loopback address is "
            "used, such as http://127.0.0.1:4566. Run: unset AWS_ENDPOINT_URL"
        )
        raise LocalAwsError(msg)
    port = f":{int(parts['port'])}" if parts["port"] else ""
    return f"{parts['scheme']}://{parts['host']}{port}"


def _is_valid(host: str, port: str | None) -> bool:
    if port is not None and not 0 < int(port) <= _LAST_PORT:
        return False
    if host[0].isdigit():
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return False
    return True
