"""Tux Paint's stamps as a folder for `forethought evaluate photos`: pictures with English captions.

`python -m benchmarks.photo_stamps STAMPS OUT` copies the pictures of an unpacked Debian package
`tuxpaint-stamps-default`, without its folder of letters, numbers and signs, and writes the English
caption of each beside it. Drawings of lines are left out: Pillow does not read them.
"""

import argparse
import shutil
from pathlib import Path

SIGNS = "symbols"
"""The folder of letters, numbers and signs, none of which a caption describes."""


def copy_stamps(stamps: Path, out: Path) -> int:
    """Copy every captioned PNG below a folder, and the first line of its caption; returns how many.

    Raises:
        FileNotFoundError: if there is none.
    """
    found = [path for path in sorted(stamps.rglob("*.png")) if _is_wanted(path, stamps)]
    if not found:
        raise FileNotFoundError(
            f"{stamps}: no picture with a caption; name the folder `usr/share/tuxpaint/stamps` of "
            "the unpacked package"
        )
    for picture in found:
        copy = out / picture.relative_to(stamps)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, copy)
        # The other lines are translations.
        english = picture.with_suffix(".txt").read_text("utf-8").splitlines()[0]
        copy.with_suffix(".txt").write_text(f"{english}\n", "utf-8")
    return len(found)


def _is_wanted(picture: Path, stamps: Path) -> bool:
    is_sign = picture.relative_to(stamps).parts[0] == SIGNS
    return not is_sign and picture.with_suffix(".txt").is_file()


def main() -> None:
    """Copy the stamps and print how many there are."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("stamps", type=Path, metavar="STAMPS")
    parser.add_argument("out", type=Path, metavar="OUT")
    arguments = parser.parse_args()
    print(f"{copy_stamps(arguments.stamps, arguments.out)} pictures in {arguments.out}")


if __name__ == "__main__":
    main()
