import subprocess
import sys

import PIL.Image

from forethought.evaluation import evaluate, plot_bars
from forethought.types import Think


def test_draws_a_picture_of_every_system(colours, painter, tmp_path):
    results = evaluate(colours, painter, think=[Think.NEVER, Think.ALWAYS])
    plot_bars(results, tmp_path / "bars.png")
    with PIL.Image.open(tmp_path / "bars.png") as picture:
        assert picture.format == "PNG"
        # Two systems' colours and the axes: more than a blank page.
        assert len(set(picture.convert("RGB").get_flattened_data())) > 10


def test_evaluation_loads_without_matplotlib():
    code = "import sys, forethought.evaluation; print('matplotlib' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
