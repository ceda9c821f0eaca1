"""Bytes from the public web, and from nowhere else.

An address in somebody's request must not reach what only this machine can reach. So every
address a host has is checked, the connection goes to an address that was checked (a second
look-up could answer otherwise), and each redirect starts over. No proxy is used: it would
connect for us.
"""

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from forethought.errors import ContentError

MAX_BYTES = 64 * 2**20
"""The largest file that is fetched."""
TIMEOUT_S = 20.0
"""How long one fetch may take, with all its redirects."""
MAX_REDIRECTS = 3

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_CHUNK = 2**16
# Addresses that look public, and are not or carry another one inside.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # a cloud's own services
        "2001::/23",  # protocol assignments, Teredo among them
        "2002::/16",  # 6to4
    )
)
_UNICAST = ipaddress.ip_network("2000::/3")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether anyone on the internet could reach this address."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped
        if ip in _NAT64:
            inside = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inside is not None:
            return is_public(str(inside))
        if ip not in _UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not any(ip in one for one in _NOT_PUBLIC)


def fetch(
    url: str,
    *,
    is_allowed: Callable[[str], bool] = is_public,
    max_bytes: int = MAX_BYTES,
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    """Fetch what is at `url`.

    Args:
        is_allowed: says of an IP address whether it may be connected to.

    Raises:
        ContentError: if the address is not http or https, leads to a host that is not public,
            redirects more than `MAX_REDIRECTS` times, answers with anything but 200, or is too
            large or too slow.
    """
    deadline = time.monotonic() + timeout_s
    at = url
    try:
        for _ in range(MAX_REDIRECTS + 1):
            parts = _checked(at)
            with _connected(parts, is_allowed, deadline) as plain:
                answer = _ask(_Line(plain, deadline), parts)
                if answer.status not in _REDIRECTS:
                    return _body(answer, url, max_bytes)
                at = urljoin(at, answer.headers.get("Location", ""))
    except TimeoutError:
        raise ContentError(
            f"{url}: not there within {timeout_s:g} s, the most that is waited; download it first"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, ContentError):
            raise
        raise ContentError(f"{url}: cannot be fetched ({error}); download it first") from None
    raise ContentError(
        f"{url}: redirects more than {MAX_REDIRECTS} times; name the address it ends at"
    )


def _checked(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ContentError(f"{url}: only http:// and https:// addresses are fetched")
    if parts.username is not None or parts.password is not None:
        raise ContentError(
            f"{parts.scheme}://{parts.hostname}: an address with a password in it is not "
            "fetched; download it first"
        )
    return parts


@dataclass(frozen=True, slots=True, eq=False)
class _Line:
    """A connection whose every wait ends at the deadline; `http.client` takes it for a socket.

    Closing it does nothing: the answer is read after `http.client` is done with the line.
    """

    socket: socket.socket
    deadline: float

    def sendall(self, data: bytes) -> None:
        self.socket.settimeout(_left(self.deadline))
        self.socket.sendall(data)

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self))

    def close(self) -> None:
        pass


class _Incoming(io.RawIOBase):
    """What comes in over a line."""

    def __init__(self, line: _Line) -> None:
        self._line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        self._line.socket.settimeout(_left(self._line.deadline))
        return self._line.socket.recv_into(buffer)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _connected(
    parts: SplitResult, is_allowed: Callable[[str], bool], deadline: float
) -> socket.socket:
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    refused = [str(to[0]) for *_, to in found if not is_allowed(str(to[0]))]
    if refused:
        raise ContentError(
            f"{parts.scheme}://{parts.netloc}: {host} is {refused[0]}, which is not a public "
            "address, and only those are fetched from; download it first"
        )
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, to in found:
        plain = socket.socket(family, kind, protocol)
        try:
            plain.settimeout(_left(deadline))
            plain.connect(to)
            if parts.scheme == "https":
                plain = ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        except TimeoutError:
            plain.close()
            raise
        except OSError as error:
            plain.close()
            failure = error
        else:
            return plain
    raise failure


def _ask(line: _Line, parts: SplitResult) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.sock = line
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?")
    connection.putrequest("GET", target, skip_host=True, skip_accept_encoding=True)
    host = parts.netloc if parts.netloc.isascii() else parts.netloc.encode("idna").decode()
    connection.putheader("Host", host)
    connection.putheader("User-Agent", "forethought")
    connection.putheader("Accept-Encoding", "identity")
    connection.putheader("Connection", "close")
    connection.endheaders()
    return connection.getresponse()


def _body(answer: http.client.HTTPResponse, url: str, max_bytes: int) -> bytes:
    if answer.status != 200:
        raise ContentError(
            f"{url}: the server answers {answer.status} {answer.reason}; check the address"
        )
    body = bytearray()
    while len(body) <= max_bytes and (chunk := answer.read(_CHUNK)):
        body += chunk
    if len(body) > max_bytes:
        raise ContentError(f"{url}: over {max_bytes} bytes, the most that is fetched; shrink it")
    if answer.length:
        raise ContentError(f"{url}: the connection ended {answer.length} bytes early; try again")
    return bytes(body)
