from pathlib import Path

import pytest

from forethought.media.address import is_data_url, is_web_url, said


@pytest.mark.parametrize(
    ("shown", "data", "web"),
    [
        ("data:,x", True, False),
        ("HTTP://a.b/c", False, True),
        ("https://a.b", False, True),
        ("httpsfile.png", False, False),
        ("file:///a.png", False, False),
        (Path("data:,x"), False, False),
        (b"https://a.b", False, False),
    ],
)
def test_only_a_string_is_an_address(shown, data, web):
    assert is_data_url(shown) is data
    assert is_web_url(shown) is web


def test_messages_never_hold_what_a_data_url_holds():
    assert said("data:image/png;base64," + "A" * 9999, "picture") == "data:image/png;base64,..."
    assert len(said("data:" + "x" * 9999, "picture")) < 220


def test_a_long_web_address_is_cut_and_a_long_path_is_not():
    assert said("https://a.b/" + "x" * 999, "picture").endswith("xxx...")
    assert said("x" * 999, "picture") == "x" * 999
    assert said(b"", "picture") == "picture"
