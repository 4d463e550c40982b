"""Logging, hardware, configuration files and checks of user input."""

from mdsa.utils.config_loader import ConfigLoader
from mdsa.utils.hardware import HardwareDetector
from mdsa.utils.logger import setup_logger
from mdsa.utils.text import clean_message

__all__ = ["ConfigLoader", "HardwareDetector", "clean_message", "setup_logger"]
