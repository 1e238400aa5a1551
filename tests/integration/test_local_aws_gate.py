"""What reaches the embedded AWS when a web page, or another user of the laptop, attacks it."""

from __future__ import annotations

import base64
import socket
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any

import pytest

from local_aws.gate import HEALTH

if TYPE_CHECKING:
    from local_aws.process import LocalAws
    from tests.support.embedded_aws import Place

# A "simple" request of a page, which a browser sends without asking: GetCallerIdentity.
BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = "application/x-www-form-urlencoded"


class Attacker:
    """A client that writes bytes to the port."""

    def __init__(self, aws: LocalAws) -> None:
        """Keep the server, of which an attacker knows the address only."""
        self.aws, self.host = aws, f"127.0.0.1:{aws.port}"

    def request(self, line: str = "POST / HTTP/1.1", body: bytes = BODY, **changed: Any) -> bytes:
        """Return a request that would be allowed, but for what is changed; None leaves out."""
        fields: dict[str, Any] = {
            "Host": self.host,
            "Content-Type": FORM,
            "Content-Length": len(body),
            "Connection": "close",
            "X-Amz-Security-Token": self.aws.secret,
        }
        fields |= {name.replace("_", "-"): value for name, value in changed.items()}
        lines = [
            f"{name}: {value}"
            for name, values in fields.items()
            if values is not None
            for value in (values if isinstance(values, list) else [values])
        ]
        return "\r\n".join([line, *lines, "", ""]).encode("latin-1") + body

    def send(self, data: bytes) -> bytes:
        """Return everything that is answered until the connection ends, or nothing more comes."""
        answer = b""
        with closing(socket.create_connection(("127.0.0.1", self.aws.port), timeout=3)) as peer:
            peer.sendall(data)
            with suppress(ConnectionResetError, TimeoutError):
                while part := peer.recv(65536):
                    answer += part
        return answer


@pytest.fixture(scope="module")
def attacker(local_aws: LocalAws) -> Attacker:
    return Attacker(local_aws)


def statuses(answer: bytes) -> list[bytes]:
    """Return the status of each answer on a connection."""
    return [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]]


def is_without_cors(answer: bytes) -> bool:
    """Whether no header lets a page read an answer."""
    return b"access-control-" not in answer.lower()


def test_a_client_with_the_secret_is_served(attacker: Attacker) -> None:
    """So what follows is refused for what it changes; and no page could read the answer."""
    for host in (attacker.host, attacker.host.replace("127.0.0.1", "localhost"), "LOCALHOST"):
        name = host if ":" in host else f"{host}:{attacker.aws.port}"
        answer = attacker.send(attacker.request(Host=name))
        assert statuses(answer) == [b"200"]
        assert b"GetCallerIdentityResult" in answer
        assert is_without_cors(answer)


PRESIGNED = (
    "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261127T000000Z&X-Amz-Expires=60&"
    "X-Amz-Credential=111122223333/20261127/us-east-1/sts/aws4_request&X-Amz-SignedHeaders=host&"
    "X-Amz-Signature=0&X-Amz-Security-Token="
)
HOSTS = [
    "attacker.example",
    "attacker.example:{port}",
    "127.0.0.1.attacker.example:{port}",
    "127.0.0.1",
    "localhost",
    "127.0.0.1:1",
    "127.0.0.2:{port}",
    "[::1]:{port}",
    "0.0.0.0:{port}",
    "2130706433:{port}",
    "localhost.:{port}",
    "user@127.0.0.1:{port}",
    "127.0.0.1:{port},attacker.example",
    "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
    "bucket.s3.amazonaws.com",
    "abcdef01.execute-api.127.0.0.1:{port}",
    "",
]
BROWSERS: list[dict[str, str]] = [
    {"Origin": "https://attacker.example"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://127.0.0.1:{port}"},
    {"oRIGIN": "http://localhost:3000"},
    *({"Sec-Fetch-Site": site} for site in ("cross-site", "same-site", "same-origin", "none")),
    {"sec-fetch-site": "Cross-Site"},
]
TOKENS: list[dict[str, Any]] = [
    {},
    {"X-Amz-Security-Token": ""},
    {"X-Amz-Security-Token": "{half}"},
    {"X-Amz-Security-Token": "{secret}".upper()[1:]},
    {"X-Amz-Security-Token": "x{secret}"},
    {"X-Amz-Security-Token": "ÿ" * 43},
    {"X-Amz-Security-Token": ["{secret}", "{secret}"]},
    {"X-Amz-Security-Token": ["", "{secret}"]},
    {"Authorization": "Bearer {secret}"},
    {"Authorization": "AWS4-HMAC-SHA256 Credential=111122223333/x/us-east-1/sts/aws4_request"},
    {"Cookie": "X-Amz-Security-Token={secret}"},
    {"X-Forwarded-Host": "127.0.0.1:{port}"},
]
LINES = [
    "OPTIONS / HTTP/1.1",
    "TRACE / HTTP/1.1",
    "CONNECT / HTTP/1.1",
    "BREW / HTTP/1.1",
    "POST http://127.0.0.1:{port}/ HTTP/1.1",
    "POST http://attacker.example/ HTTP/1.1",
    "POST /_ministack/reset HTTP/1.1",
    "POST /_ministack/config HTTP/1.1",
    "GET /%5fministack/reset HTTP/1.1",
    "PUT /_ministack/cfn-response/x HTTP/1.1",
    "POST /_aws/execute-api/abcdef01/stage HTTP/1.1",
]


def _filled(attacker: Attacker, value: Any) -> Any:
    if isinstance(value, list):
        return [_filled(attacker, item) for item in value]
    secret = attacker.aws.secret
    return (
        value.replace("{port}", str(attacker.aws.port))
        .replace("{half}", secret[:20])
        .replace("{secret}", secret)
    )


@pytest.mark.parametrize("host", HOSTS)
def test_another_host_is_refused(attacker: Attacker, host: str) -> None:
    """DNS rebinding, look-alikes, a registry's name outside its protocol."""
    answer = attacker.send(attacker.request(Host=_filled(attacker, host)))
    assert statuses(answer)[:1] == [b"403"]
    assert is_without_cors(answer)


def test_a_request_needs_one_host(attacker: Attacker) -> None:
    """Two, none in HTTP/1.0 or HTTP/1.1: the parser or the gate refuses."""
    two = attacker.request(Host=[attacker.host, "attacker.example"])
    for data in (two, attacker.request(Host=None), attacker.request("POST / HTTP/1.0", Host=None)):
        answer = attacker.send(data)
        assert statuses(answer)[:1] in ([b"400"], [b"403"])
        assert is_without_cors(answer)


@pytest.mark.parametrize("headers", BROWSERS, ids=str)
@pytest.mark.parametrize("line", ["POST / HTTP/1.1", "OPTIONS / HTTP/1.1", "GET /v2/ HTTP/1.1"])
def test_a_browser_is_refused(attacker: Attacker, line: str, headers: dict[str, str]) -> None:
    """Also of an opaque origin, of this host, with the secret; preflights are not answered."""
    filled = {name: _filled(attacker, value) for name, value in headers.items()}
    answer = attacker.send(attacker.request(line, **filled))
    assert statuses(answer)[:1] == [b"403"]
    assert is_without_cors(answer)


@pytest.mark.parametrize("headers", TOKENS, ids=str)
def test_a_request_without_the_secret_is_refused(
    attacker: Attacker, headers: dict[str, Any]
) -> None:
    """Nowhere but in the one header, once and whole."""
    filled = {name: _filled(attacker, value) for name, value in headers.items()}
    answer = attacker.send(attacker.request(**{"X-Amz-Security-Token": None, **filled}))
    assert statuses(answer)[:1] == [b"403"]
    assert attacker.aws.secret.encode() not in answer
    assert is_without_cors(answer)


@pytest.mark.parametrize("line", LINES)
def test_other_methods_and_paths_are_refused(attacker: Attacker, line: str) -> None:
    """What no client of AWS sends, and the server's own administration, even with the secret."""
    answer = attacker.send(attacker.request(_filled(attacker, line)))
    assert statuses(answer)[:1] in ([b"403"], [b"400"])
    assert is_without_cors(answer)


def test_query_credentials_are_no_secret(attacker: Attacker) -> None:
    """A presigned address could be a link in a page."""
    line = f"GET /?Action=GetCallerIdentity&{PRESIGNED}{attacker.aws.secret} HTTP/1.1"
    answer = attacker.send(attacker.request(line, b"", X_Amz_Security_Token=None))
    assert statuses(answer) == [b"403"]


def test_health_needs_the_secret(attacker: Attacker) -> None:
    """A page that scans ports learns nothing of the server's services."""
    line = f"GET {HEALTH} HTTP/1.1"
    refused = attacker.send(attacker.request(line, b"", X_Amz_Security_Token=None))
    assert statuses(refused) == [b"403"]
    assert statuses(attacker.send(attacker.request(line, b""))) == [b"200"]


def test_every_request_of_a_connection_is_judged(attacker: Attacker) -> None:
    """A first one that is allowed opens nothing for the second, nor for one hidden in a body."""
    hidden = attacker.request(X_Amz_Security_Token=None)
    both = attacker.send(attacker.request(Connection=None) + hidden)
    assert statuses(both) == [b"200", b"403"]

    chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(hidden), hidden)
    chunked: dict[str, Any] = {"Content-Length": None, "Transfer-Encoding": "chunked"}
    refused = attacker.send(attacker.request(body=chunk, X_Amz_Security_Token=None, **chunked))
    assert statuses(refused) == [b"403"]
    conflict = attacker.send(attacker.request(body=chunk, Transfer_Encoding="chunked") + hidden)
    assert b"200" not in statuses(conflict)[1:]


def test_http2_is_refused(attacker: Attacker) -> None:
    """By prior knowledge, whose host is a pseudo-header, and by an upgrade."""
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    # :method GET, :scheme http, :path /, by the static table; :authority literally.
    authority = attacker.host.encode()
    block = b"\x82\x86\x84\x41" + bytes([len(authority)]) + authority
    headers = len(block).to_bytes(3, "big") + b"\x01\x05\x00\x00\x00\x01" + block
    answer = attacker.send(preface + headers)
    assert b"AccessDeniedException" in answer

    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": ""}
    bare: dict[str, Any] = {"Content-Length": None, "Content-Type": None, **upgrade}
    answer = attacker.send(attacker.request("GET / HTTP/1.1", b"", **bare) + preface)
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"AccessDeniedException" in answer


@pytest.mark.parametrize("host", ["{own}", "abcdef01.execute-api.{own}", "iot.us-east-1.{own}"])
def test_websockets_are_refused(attacker: Attacker, host: str) -> None:
    """They would reach functions and topics."""
    answer = attacker.send(
        attacker.request(
            "GET /_aws/execute-api/abcdef01/stage HTTP/1.1",
            b"",
            Host=host.format(own=attacker.host),
            Connection="Upgrade",
            Upgrade="websocket",
            Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==",
            Sec_WebSocket_Version="13",
        )
    )
    assert statuses(answer)[:1] == [b"403"]


def _basic(password: str) -> str:
    return "Basic " + base64.b64encode(f"AWS:{password}".encode()).decode()


def test_the_registry_asks_for_a_login(attacker: Attacker, place: Place) -> None:
    """`docker login` begins without one; a wrong password, or the secret alone, opens nothing."""
    [data] = place.ecr.get_authorization_token()["authorizationData"]
    password = base64.b64decode(data["authorizationToken"]).decode().partition(":")[2]
    registry = f"{place.account}.dkr.ecr.{place.region}.amazonaws.com"
    for login, status in (
        (None, b"401"),
        ("Basic", b"401"),
        ("Basic ?", b"401"),
        (_basic("wrong"), b"401"),
        (_basic(attacker.aws.secret), b"401"),
        (_basic(password[:-1]), b"401"),
        ([_basic(password), _basic("wrong")], b"401"),
        (_basic(password), b"200"),
    ):
        for host in (attacker.host, registry):
            line = "GET /v2/ HTTP/1.1"
            answer = attacker.send(attacker.request(line, b"", Host=host, Authorization=login))
            assert statuses(answer) == [status], login
            assert (b"www-authenticate: basic " in answer.lower()) is (status == b"401")
            assert is_without_cors(answer)
    evil = attacker.request(
        "GET /v2/ HTTP/1.1", b"", Host="attacker.example", Authorization=_basic(password)
    )
    assert statuses(attacker.send(evil)) == [b"403"]
