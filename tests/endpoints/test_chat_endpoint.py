import pytest

from forethought.endpoints import ChatEndpoint
from forethought.errors import ConfigError


def endpoint(url="http://localhost:8000/v1", **settings):
    return ChatEndpoint(url=url, model="m", **settings)


@pytest.mark.parametrize(
    ("url", "chat"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1/chat/completions"),
        ("http://localhost:8000/v1/", "http://localhost:8000/v1/chat/completions"),
        ("HTTPS://api.example/v1", "https://api.example/v1/chat/completions"),
        ("https://a.example/x/chat/completions", "https://a.example/x/chat/completions"),
        ("https://a.example/x?version=2", "https://a.example/x/chat/completions?version=2"),
    ],
)
def test_chats_are_sent_below_the_base(url, chat):
    assert endpoint(url).chat_url == chat


@pytest.mark.parametrize(
    ("url", "is_local"),
    [
        ("http://localhost:8000/v1", True),
        ("http://127.0.0.3/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://10.0.0.1/v1", False),
        ("http://localhost.example/v1", False),
    ],
)
def test_this_machine_is_known(url, is_local):
    assert endpoint(url).is_local is is_local


@pytest.mark.parametrize(
    "url", ["", "localhost:8000/v1", "ftp://a.example", "http://", "http://a b/v1", "http://a:x/v1"]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(ConfigError, match="is no address; write one such as http://localhost"):
        endpoint(url)


def test_a_password_in_the_url_is_refused_and_not_repeated():
    with pytest.raises(ConfigError, match=r"user or password for api\.example") as caught:
        endpoint("https://me:s3cret@api.example/v1")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"concurrency": 0}, "concurrency must be at least 1, got 0"),
        ({"retries": -1}, "retries must be at least 0, got -1"),
        ({"requests_per_minute": float("inf")}, "requests_per_minute must be at least 0, got inf"),
        ({"timeout_s": 0.0}, r"timeout_s must be over 0, got 0\.0"),
        ({"frames": 0}, "frames must be at least 1"),
    ],
)
def test_a_setting_out_of_range_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        endpoint(**settings)


def test_it_is_described_without_its_query_string():
    described = str(endpoint("https://a.example/x?token=abc"))
    assert described == "m at https://a.example/x"


def test_a_key_with_a_line_break_is_refused_and_not_repeated(monkeypatch):
    monkeypatch.setenv("SOME_KEY", "sk-1\nsk-2")
    with pytest.raises(ConfigError, match="characters that no key has") as caught:
        endpoint(key_env="SOME_KEY").read_key()
    assert "sk-" not in str(caught.value)
