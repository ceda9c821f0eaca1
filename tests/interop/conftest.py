import numpy as np
import PIL.Image
import pytest

from tests.fakes import COLOURS, ColourEncoder

# The other tools take seconds to import and are in the extra `eval`: fixtures and tests import
# them, so that collecting these files does not.


@pytest.fixture
def painter():
    """An encoder whose vectors can be computed by hand."""
    return ColourEncoder()


@pytest.fixture
def paint():
    """A Pillow picture of 4 x 3 in a named colour."""

    def made(colour):
        return PIL.Image.fromarray(np.full((3, 4, 3), COLOURS.get(colour, colour), np.uint8))

    return made
