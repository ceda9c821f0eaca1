from typing import Any

import PIL.Image
import pytest

from benchmarks.workload_inputs import mixed, noise
from forethought.errors import ConfigError
from forethought.types import Image, Text


def kinds(one):
    return tuple(type(part) for part in one)


def test_a_third_each_are_texts_pictures_and_both(tmp_path):
    (tmp_path / "toys").mkdir()
    PIL.Image.new("RGB", (30, 20), "red").save(tmp_path / "toys" / "red-kite.png")
    (tmp_path / "LICENSE.md").write_text("no picture")
    found = mixed(tmp_path, 6)
    assert [kinds(one) for one in found] == [(Text,), (Image,), (Image, Text)] * 2
    first: Any = found[0][0]
    assert first.words == "red kite, toys"


def test_a_folder_without_pictures_and_no_inputs_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="contains no picture; name a folder of pictures"):
        mixed(tmp_path, 3)
    with pytest.raises(ConfigError, match="nowhere is no folder; name a folder of pictures"):
        mixed(tmp_path / "nowhere", 3)
    with pytest.raises(ConfigError, match="0 inputs is nothing to measure"):
        mixed(tmp_path, 0)


def test_noise_has_even_sides_within_its_bounds():
    pictures: list[Any] = [one[0] for one in noise(40, patches=(16, 64), seed=1)]
    sides = {image.pixels.shape[0] // 14 for image in pictures}
    # 4 x 4 patches at the least, 8 x 8 at the most.
    assert sides == {4, 6, 8}
