"""Seven countries under their real codes, so that the committed splits apply.

Ireland and the Netherlands are held out, Brazil is in dev, the others are in training.
"""

import pytest

from forethought.nano.glyphs import sources
from forethought.nano.glyphs.countries import read_countries
from forethought.nano.packages import unpacked_folder
from tests.nano.unpacked import country_row, put


def _row(codes, name, capital, people, money, *, borders):
    two, three = codes.split()
    return country_row(
        two,
        three,
        name,
        capital=[capital],
        people=people,
        money=[money],
        spoken=[f"{people} tongue"],
        borders=borders,
    )


COUNTRIES = [
    _row("BO BOL", "Bolivia", "Sucre", "Bolivian", "boliviano", borders=["BRA", "PER"]),
    _row("PE PER", "Peru", "Lima", "Peruvian", "Peruvian sol", borders=["BOL", "BRA"]),
    _row("PY PRY", "Paraguay", "Asunción", "Paraguayan", "guaraní", borders=["BOL", "BRA"]),
    _row("CL CHL", "Chile", "Santiago", "Chilean", "Chilean peso", borders=["BOL", "PER"]),
    _row("BR BRA", "Brazil", "Brasília", "Brazilian", "real", borders=["BOL", "PER", "PRY"]),
    _row("NL NLD", "Netherlands", "Amsterdam", "Dutch", "Euro", borders=[]),
    _row("IE IRL", "Ireland", "Dublin", "Irish", "Euro", borders=[]),
]


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    """A cache that holds the countries package."""
    home = tmp_path_factory.mktemp("cache")
    put(home, sources.COUNTRIES, "countries.json", COUNTRIES)
    return home


@pytest.fixture(scope="session")
def countries(cache):
    """The countries as they are read."""
    return read_countries(unpacked_folder(sources.COUNTRIES.package, cache))
