"""A laptop on which everything leads to a real account: shell, files of the home folder, proxies.

The real AWS, and every proxy, is played by a listener that must hear nothing.
"""

import itertools
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

KEY, SECRET = "AKIAREALLOOKING00000", "realLookingSecretKey"
_SERVICES = ("CLOUDFORMATION", "ECR", "S3", "SSM", "STS", "IAM")


@dataclass
class Laptop:
    """The environment of the developer's shell, and what the listener has heard."""

    home: Path
    port: int
    heard: list[bytes] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The address of the listener."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def variables(self) -> dict[str, str]:
        """Credentials, profiles, endpoints, IMDS and proxies, in every spelling."""
        proxies = ("http", "https", "all", "npm_config", "npm_config_https")
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_SESSION_TOKEN": "realLookingToken",
            "AWS_SECURITY_TOKEN": "realLookingToken",
            "AWS_PROFILE": "prod",
            "AWS_DEFAULT_PROFILE": "prod",
            "AWS_REGION": "ap-south-1",
            "AWS_CONFIG_FILE": str(self.home / ".aws" / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.home / ".aws" / "credentials"),
            "AWS_SDK_LOAD_CONFIG": "1",
            "AWS_ENDPOINT_URL": self.url,
            **{f"AWS_ENDPOINT_URL_{service}": self.url for service in _SERVICES},
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            "AWS_USE_FIPS_ENDPOINT": "true",
            "AWS_USE_DUALSTACK_ENDPOINT": "true",
            "AWS_EC2_METADATA_DISABLED": "false",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{self.url}/credentials",
            "AWS_ROLE_ARN": "arn:aws:iam::333344445555:role/prod",
            "AWS_WEB_IDENTITY_TOKEN_FILE": str(self.home / "token"),
            "BOTO_CONFIG": str(self.home / ".boto"),
            **dict.fromkeys(("BASH_ENV", "ENV"), str(self.home / ".exports")),
            "ZDOTDIR": str(self.home),
            "BASH_FUNC_cdk%%": "() { AWS_PROFILE=prod command cdk $*; }",
            "DOCKER_CONFIG": str(self.home / ".docker"),
            "DOCKER_AUTH_CONFIG": '{"auths": {}}',
            "REGISTRY_AUTH_FILE": str(self.home / "auth.json"),
            "HELM_REGISTRY_CONFIG": str(self.home / "helm.json"),
            "CDK_PROFILE": "prod",
            "CDK_PROXY": self.url,
            "CDK_ROLE_ARN": "arn:aws:iam::333344445555:role/prod",
            "CDK_TOOLKIT_STACK_NAME": "Mine",
            **{f"{name}_proxy": self.url for name in proxies},
            **{f"{name}_proxy".upper(): self.url for name in proxies},
            "no_proxy": ".corp.example",
        }

    def _write_home(self) -> None:
        profile = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
        user = {"profile": "prod", "proxy": self.url, "toolkitStackName": "Mine"}
        files = {
            ".aws/config": f"[profile prod]\nregion = eu-central-1\nendpoint_url = {self.url}\n",
            ".aws/credentials": f"[default]\n{profile}[prod]\n{profile}",
            ".cdk.json": json.dumps(user),
            "token": "a.web.identity",
            ".exports": f"export AWS_ACCESS_KEY_ID={KEY} AWS_ENDPOINT_URL={self.url}\n",
        }
        for name, text in files.items():
            (self.home / name).parent.mkdir(parents=True, exist_ok=True)
            (self.home / name).write_text(text)


@contextmanager
def laptop(home: Path) -> Iterator[Laptop]:
    """Listen while the block runs; every connection counts, and gets an answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = Laptop(home, listener.getsockname()[1])
        here._write_home()

        def listen() -> None:
            for _ in itertools.count():
                try:
                    connection, _address = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(1)
                    try:
                        here.heard.append(connection.recv(4096))
                        connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
                    except OSError:
                        here.heard.append(b"")

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield here
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
