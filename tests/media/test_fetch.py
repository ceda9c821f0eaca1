import contextlib
import http.server
import threading
import time
from typing import ClassVar

import pytest

from forethought.errors import ContentError
from forethought.media.fetch import fetch, is_public

BODY = b"0123456789" * 50


class Server(http.server.ThreadingHTTPServer):
    """Records the path and the host of each request."""

    requests: ClassVar[list[tuple[str, str]]] = []
    port: ClassVar[int]


class Handler(http.server.BaseHTTPRequestHandler):
    """Responds by the path of a request."""

    def do_GET(self):
        Server.requests.append((self.path, self.headers["Host"]))
        getattr(self, "send_" + self.path.strip("/").partition("?")[0])()

    def head(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send_file(self):
        self.head(200, Content_Length=len(BODY))
        self.wfile.write(BODY)

    def send_endless(self):
        self.head(200)
        with contextlib.suppress(OSError):
            while True:
                self.wfile.write(BODY)

    def send_slow(self):
        # One byte at a time: each single wait is short.
        self.head(200, Content_Length=len(BODY))
        with contextlib.suppress(OSError):
            for byte in BODY:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)

    def send_short(self):
        self.head(200, Content_Length=len(BODY) + 7)
        self.wfile.write(BODY)

    def send_away(self):
        self.head(302, Location="/file")

    def send_inside(self):
        self.head(302, Location=f"http://127.0.0.2:{Server.port}/file")

    def send_disk(self):
        self.head(302, Location="file:///etc/passwd")

    def send_around(self):
        self.head(301, Location="/around")

    def send_gone(self):
        self.head(404)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server():
    with Server(("127.0.0.1", 0), Handler) as server:
        Server.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(server, path, **options):
    options = {"is_allowed": lambda address: address == "127.0.0.1", **options}
    return fetch(f"http://127.0.0.1:{server.server_port}/{path}", **options)


def test_a_file_is_fetched(server):
    assert get(server, "file?q=a b") == BODY
    assert server.requests[-1] == ("/file?q=a%20b", f"127.0.0.1:{server.server_port}")


def test_this_machine_gets_no_request(server):
    server.requests.clear()
    for host in ("127.0.0.1", "localhost", "2130706433", "127.1"):
        with pytest.raises(ContentError, match=r"is not a public address.*download it first"):
            fetch(f"http://{host}:{server.server_port}/file")
    assert not server.requests


def test_a_redirect_is_followed(server):
    assert get(server, "away") == BODY


def test_a_redirect_is_checked_like_the_first_address(server):
    server.requests.clear()
    with pytest.raises(ContentError, match=r"127\.0\.0\.2 is 127\.0\.0\.2, which is not a public"):
        get(server, "inside")
    assert [path for path, _ in server.requests] == ["/inside"]
    with pytest.raises(ContentError, match="only http:// and https://"):
        get(server, "disk")


def test_redirects_end(server):
    server.requests.clear()
    with pytest.raises(ContentError, match="redirects more than 3 times"):
        get(server, "around")
    assert len(server.requests) == 4


def test_a_host_that_also_has_a_private_address_is_refused(server, monkeypatch):
    import socket

    def look_up(*_, **__):
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("127.0.0.1", server.server_port)), (*kind, ("10.0.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(ContentError, match=r"two-faced is 10\.0\.0\.1, which is not a public"):
        fetch("http://two-faced/file", is_allowed=lambda address: address == "127.0.0.1")


def test_a_host_is_looked_up_once_so_that_its_address_cannot_change(server, monkeypatch):
    import socket

    times = []

    def look_up(*_, **__):
        times.append(1)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    assert fetch("http://rebinding/file", is_allowed=lambda address: True) == BODY
    assert len(times) == 1
    assert server.requests[-1] == ("/file", "rebinding")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("endless", "over 1000 bytes, the most that is fetched"),
        ("slow", "not complete within 0.5 s"),
        ("short", "the connection ended 7 bytes early"),
        ("gone", "the server answers 404"),
    ],
)
def test_a_response_that_is_incomplete_or_slow_is_refused(server, path, message):
    with pytest.raises(ContentError, match=message):
        get(server, path, max_bytes=1000, timeout_s=0.5)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("ftp://a.b/c", "only http:// and https://"),
        ("https:///c", "only http:// and https://"),
        ("http://127.0.0.1:99999/", "cannot be fetched .*Port out of range"),
        ("http://[1/", "cannot be fetched"),
        ("http://127.0.0.1:1/", "cannot be fetched .*refused"),
    ],
)
def test_an_address_without_a_server_is_refused(url, message):
    with pytest.raises(ContentError, match=message):
        fetch(url, is_allowed=lambda address: True)


def test_a_password_in_an_address_is_neither_sent_nor_in_the_message():
    with pytest.raises(ContentError, match="with a password in it") as caught:
        fetch("http://me:secret@a.b/c")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.1",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "172.16.0.1",
        "192.0.0.9",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fe80::1%1",
        "ff02::1",
    ],
)
def test_a_reserved_address_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_a_global_address_is_public(address):
    assert is_public(address)
