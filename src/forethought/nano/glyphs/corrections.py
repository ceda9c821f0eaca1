"""Corrections of facts of countries that a package has wrong, outdated or disputed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Correction:
    """One field of one country.

    Args:
        code: the country's two letters.
        field: a field of `Country`.
        holds: the corrected value; empty to leave out a fact that is disputed.
        reason: why the package's value is not used.
    """

    code: str
    field: str
    holds: str | tuple[str, ...]
    reason: str


CORRECTIONS = (
    Correction("gq", "capitals", ("Ciudad de la Paz",), "moved by decree in January 2026"),
    Correction("il", "capitals", (), "the status of Jerusalem is disputed"),
    Correction("lk", "capitals", (), "Colombo to some, Sri Jayawardenepura Kotte to others"),
    Correction("nr", "capitals", (), "has no official capital; Yaren only seats the government"),
    Correction("sz", "capitals", (), "Mbabane to some, Lobamba to others"),
    Correction("bg", "currencies", ("euro",), "took up the euro in January 2026"),
    Correction("bs", "currencies", ("Bahamian dollar",), "foreign money is accepted, not official"),
    Correction("cu", "currencies", ("Cuban peso",), "the convertible peso was withdrawn in 2021"),
    Correction("kh", "currencies", ("Cambodian riel",), "foreign money is accepted, not official"),
    Correction("ve", "currencies", ("Venezuelan bolívar",), "no longer `soberano` since 2021"),
    Correction("zw", "currencies", (), "changed in 2019 and 2024; several others are accepted"),
    Correction("ag", "demonym", "Antiguan or Barbudan", "two peoples, as English lists them"),
    Correction("ba", "demonym", "Bosnian or Herzegovinian", "two peoples, as English lists them"),
    Correction("bw", "demonym", "Batswana", "`Motswana` is one of them"),
    Correction("cv", "demonym", "Cape Verdean", "the English spelling"),
    Correction("dj", "demonym", "Djiboutian", "the package has the country's name"),
    Correction("ec", "demonym", "Ecuadorian", "the usual spelling"),
    Correction("gw", "demonym", "Bissau-Guinean", "the English word"),
    Correction("kg", "demonym", "Kyrgyz", "the English spelling"),
    Correction("ls", "demonym", "Basotho", "`Mosotho` is one of them"),
    Correction("mv", "demonym", "Maldivian", "the English word"),
    Correction("tj", "demonym", "Tajik", "the English spelling"),
    Correction("tt", "demonym", "Trinidadian or Tobagonian", "people of both islands"),
    Correction("va", "demonym", "", "English has no word for the people of Vatican City"),
    Correction("cy", "subregion", "", "Southern Europe to some, Western Asia to others"),
    Correction("fm", "subregion", "", "the region has the country's own name"),
    Correction("ss", "subregion", "Eastern Africa", "as the United Nations place it"),
    Correction("at", "languages", ("German",), "the package has only a dialect of it"),
    Correction(
        "ch",
        "languages",
        ("French", "German", "Italian", "Romansh"),
        "the package has only a dialect of German",
    ),
    Correction("dz", "languages", ("Arabic", "Berber"), "Berber is official since 2016"),
    Correction("md", "languages", ("Romanian",), "the law says Romanian since 2023"),
    Correction("nr", "languages", ("English", "Nauruan"), "the package has the country's name"),
    Correction(
        "cn",
        "borders",
        (
            "Afghanistan", "Bhutan", "India", "Kazakhstan", "Kyrgyzstan", "Laos", "Mongolia",
            "Myanmar", "Nepal", "North Korea", "Pakistan", "Russia", "Tajikistan", "Vietnam",
        ),
        "Hong Kong and Macau are parts of it",
    ),
    Correction("lk", "borders", (), "an island"),
)  # fmt: skip
