from pathlib import Path

import pytest

from forethought.errors import ContentError
from forethought.media.address import display_name, is_data_url, is_web_url, local_file


@pytest.mark.parametrize(
    ("source", "data", "web"),
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
def test_only_a_string_is_an_address(source, data, web):
    assert is_data_url(source) is data
    assert is_web_url(source) is web


def test_the_content_of_a_data_url_is_not_in_its_name():
    assert (
        display_name("data:image/png;base64," + "A" * 9999, "picture")
        == "data:image/png;base64,..."
    )
    assert len(display_name("data:" + "x" * 9999, "picture")) < 220


def test_a_long_web_address_is_cut_and_a_long_path_is_not():
    assert display_name("https://a.b/" + "x" * 999, "picture").endswith("xxx...")
    assert display_name("x" * 999, "picture") == "x" * 999
    assert display_name(b"", "picture") == "picture"


def test_a_local_file_is_an_existing_path_or_bytes(tmp_path):
    assert local_file(str(tmp_path), "a", kind="PDF") == tmp_path
    assert local_file(b"x", "a", kind="PDF") == b"x"
    with pytest.raises(ContentError, match="a: no such file; check the path"):
        local_file(tmp_path / "gone", "a", kind="PDF")


@pytest.mark.parametrize("url", ["https://a.b/c.pdf", "data:application/pdf;base64," + "A" * 9999])
def test_a_url_is_no_local_file(url):
    with pytest.raises(ContentError, match="a: a URL, and a PDF is not fetched; download it"):
        local_file(url, "a", kind="PDF")
