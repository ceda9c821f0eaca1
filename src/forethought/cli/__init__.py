"""The command line: `forethought --help` lists its commands."""

from forethought.cli.app import main

__all__ = ["main"]
