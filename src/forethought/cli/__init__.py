"""The command line: `forethought --help` says what it can do."""

from forethought.cli.app import app, main

__all__ = ["app", "main"]
