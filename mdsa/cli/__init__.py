"""The command `mdsa`."""

from mdsa.cli.app import main

__all__ = ["main"]
