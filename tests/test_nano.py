import subprocess
import sys

import pytest

from forethought import nano


@pytest.mark.parametrize("name", nano.__all__)
def test_every_public_name_is_importable(name):
    assert getattr(nano, name).__name__ == name


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match=r"'forethought\.nano' has no attribute 'evaluate'"):
        nano.evaluate  # noqa: B018


def test_the_package_is_imported_without_its_extras():
    program = (
        "import sys, forethought.nano; sys.exit({'torch', 'pyarrow'} & {*sys.modules} != set())"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
