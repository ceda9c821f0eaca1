import hashlib
from dataclasses import replace

import pytest

from forethought.errors import DataError
from forethought.nano import pins
from forethought.nano.packages import Package

BALL = Package("@toys/ball", "npm", "1.2.0", "ab" * 32, 'MIT AND "Toy"')


def test_a_written_table_is_read_back(tmp_path):
    cube = replace(BALL, name="cube", registry="pypi", sha256="cd" * 32)
    pins.write_pins([BALL, cube], tmp_path / "pins.toml")
    assert pins.read_pins(tmp_path / "pins.toml") == {"@toys/ball": BALL, "cube": cube}


def test_the_shipped_table_is_as_the_command_writes_it(tmp_path):
    pins.write_pins(pins.read_pins().values(), tmp_path / "pins.toml")
    assert (tmp_path / "pins.toml").read_bytes() == pins.TABLE.read_bytes()


def test_a_hash_is_computed_from_the_downloaded_archive(tmp_path, monkeypatch):
    client = tmp_path / "npm"
    client.write_text('#!/bin/sh\nprintf red > "$4/ball.tgz"\n')
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    expected = hashlib.sha256(b"red").hexdigest()
    assert pins.compute(BALL) == replace(BALL, sha256=expected)


def test_a_new_package_needs_no_hash_to_be_read(tmp_path):
    (tmp_path / "pins.toml").write_text('[ball]\nregistry="npm"\nversion="1"\nlicence="MIT"\n')
    (ball,) = pins.read_pins(tmp_path / "pins.toml").values()
    assert ball == Package("ball", "npm", "1", "0" * 64, "MIT")


def test_an_unknown_field_is_named(tmp_path):
    pins.write_pins([BALL], tmp_path / "pins.toml")
    with (tmp_path / "pins.toml").open("a") as file:
        file.write('colour = "red"\n')
    with pytest.raises(DataError, match=r"pins\.toml: .*'colour'"):
        pins.read_pins(tmp_path / "pins.toml")


def test_a_package_that_is_not_pinned_is_named():
    with pytest.raises(DataError, match=r"no package 'ball'; known: @iconify-json/noto"):
        pins.pinned("ball")
