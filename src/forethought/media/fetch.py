"""Bytes from the public web, and from nowhere else.

A URL in a request must not reach what only this machine can reach. So every address of a host is
checked, the connection goes to an address that was checked (a second DNS look-up could return
another one), and each redirect starts over. No proxy is used: it would connect in our place.
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
"""The time limit of one fetch, redirects included."""
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
    """Whether an IP address can be reached from anywhere on the internet."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        embedded = ip.ipv4_mapped
        if ip in _NAT64:
            embedded = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if embedded is not None:
            return is_public(str(embedded))
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
    """Fetch the content of an http(s) URL.

    Args:
        is_allowed: whether an IP address may be connected to.

    Raises:
        ContentError: if the URL is not http or https, its host is not public, it redirects more
            than `MAX_REDIRECTS` times, the status is not 200, or the content is too large or
            too slow.
    """
    deadline = time.monotonic() + timeout_s
    current = url
    try:
        for _ in range(MAX_REDIRECTS + 1):
            parts = _parse(current)
            with _connect(parts, is_allowed, deadline) as connected:
                response = _get(_DeadlineSocket(connected, deadline), parts)
                if response.status not in _REDIRECTS:
                    return _body(response, url, max_bytes)
                current = urljoin(current, response.headers.get("Location", ""))
    except TimeoutError:
        raise ContentError(
            f"{url}: not complete within {timeout_s:g} s, the time limit; download it first"
        ) from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(error, ContentError):
            raise
        raise ContentError(f"{url}: cannot be fetched ({error}); download it first") from None
    raise ContentError(
        f"{url}: redirects more than {MAX_REDIRECTS} times; name the address it ends at"
    )


def _parse(url: str) -> SplitResult:
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
class _DeadlineSocket:
    """A socket whose every wait ends at the deadline, with the methods `http.client` calls.

    `close` does nothing: the response is read after `http.client` closes its connection.
    """

    socket: socket.socket
    deadline: float

    def sendall(self, data: bytes) -> None:
        self.socket.settimeout(_remaining(self.deadline))
        self.socket.sendall(data)

    def makefile(self, *_: object) -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self))

    def close(self) -> None:
        pass


class _DeadlineReader(io.RawIOBase):
    """The receiving side of a `_DeadlineSocket` as a stream."""

    def __init__(self, connection: _DeadlineSocket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - any writable buffer
        self._connection.socket.settimeout(_remaining(self._connection.deadline))
        return self._connection.socket.recv_into(buffer)


def _remaining(deadline: float) -> float:
    remaining = deadline - time.monotonic()
    if remaining <= 0:
        raise TimeoutError
    return remaining


def _connect(
    parts: SplitResult, is_allowed: Callable[[str], bool], deadline: float
) -> socket.socket:
    host = parts.hostname or ""
    port = parts.port or _PORTS[parts.scheme]
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    refused = [str(address[0]) for *_, address in found if not is_allowed(str(address[0]))]
    if refused:
        raise ContentError(
            f"{parts.scheme}://{parts.netloc}: {host} is {refused[0]}, which is not a public "
            "address, and only those are fetched from; download it first"
        )
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in found:
        connected = socket.socket(family, kind, protocol)
        try:
            connected.settimeout(_remaining(deadline))
            connected.connect(address)
            if parts.scheme == "https":
                context = ssl.create_default_context()
                connected = context.wrap_socket(connected, server_hostname=host)
        except TimeoutError:
            connected.close()
            raise
        except OSError as error:
            connected.close()
            failure = error
        else:
            return connected
    raise failure


def _get(connected: _DeadlineSocket, parts: SplitResult) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
    connection.sock = connected
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


def _body(response: http.client.HTTPResponse, url: str, max_bytes: int) -> bytes:
    if response.status != 200:
        raise ContentError(
            f"{url}: the server answers {response.status} {response.reason}; check the address"
        )
    body = bytearray()
    while len(body) <= max_bytes and (chunk := response.read(_CHUNK)):
        body += chunk
    if len(body) > max_bytes:
        raise ContentError(f"{url}: over {max_bytes} bytes, the most that is fetched; shrink it")
    if response.length:
        raise ContentError(f"{url}: the connection ended {response.length} bytes early; try again")
    return bytes(body)
