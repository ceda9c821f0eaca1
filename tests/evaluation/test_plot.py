import PIL.Image

from forethought.evaluation import judge, read
from forethought.evaluation.plot import bars
from forethought.types import Think


def test_draws_a_picture_of_every_system(glyphs, painter, tmp_path):
    judged = judge(read(glyphs), painter, think=[Think.NEVER, Think.ALWAYS])
    bars(judged, tmp_path / "bars.png")
    with PIL.Image.open(tmp_path / "bars.png") as picture:
        assert picture.format == "PNG"
        # Two systems' colours and the axes: more than a blank page.
        assert len(set(picture.convert("RGB").get_flattened_data())) > 10
