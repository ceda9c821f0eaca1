import subprocess
import sys

import pytest

from forethought.errors import ConfigError, ContentError
from forethought.media import check_video, render_pages

WITHOUT = """
import sys; sys.modules[{package!r}] = None
from pathlib import Path
from forethought import media
{call}
"""


@pytest.mark.parametrize(
    ("package", "call", "message"),
    [
        ("av", "media.check_video(b'x', 'a.mp4')", "a.mp4: reading a video needs PyAV: "),
        (
            "av",
            "media.decode_video(b'x', 'a.mp4', media.FramePolicy(count=4))",
            "a.mp4: reading a video needs PyAV: ",
        ),
        (
            "pypdfium2",
            "media.render_pages(b'x', None, 'book.pdf', dpi=72)",
            "book.pdf: reading a PDF needs PDFium: ",
        ),
    ],
)
def test_a_missing_package_is_named_with_the_command_that_installs_it(package, call, message):
    code = WITHOUT.format(package=package, call=call)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"ContentError: {message}pip install 'forethought[media]'" in ran.stderr


def test_the_door_imports_no_optional_package():
    code = "import sys, forethought.media; print({'av', 'pypdfium2'} & {*sys.modules})"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "set()\n"


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"")
    for file in (b"", tmp_path / "a.mp4"):
        with pytest.raises(ContentError, match=r"a: empty .0 bytes.; export it again"):
            check_video(file, "a")
        with pytest.raises(ContentError, match=r"a: empty .0 bytes.; export it again"):
            render_pages(file, None, "a", dpi=72)


def test_a_folder_is_no_pdf(tmp_path):
    with pytest.raises(ContentError, match="a: a folder, not a PDF"):
        render_pages(tmp_path, None, "a", dpi=72)


@pytest.mark.parametrize("dpi", [0, -72])
def test_a_resolution_below_one_is_refused(dpi):
    with pytest.raises(ConfigError, match=f"dpi must be at least 1, got {dpi}"):
        render_pages(b"%PDF", None, "a", dpi=dpi)
