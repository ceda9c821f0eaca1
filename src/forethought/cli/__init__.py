"""The command line: `forethought --help` says what it can do."""

from forethought.cli.app import main

__all__ = ["main"]
