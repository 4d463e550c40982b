"""MDSA: the right specialist small language model for every message, on your own hardware."""

__version__ = "1.0.0"
