"""Failures of a model, or of the way to it, after which another way of answering is tried."""

from __future__ import annotations

from httpx import HTTPError

from mdsa.errors import ModelError

__all__ = ["MODEL_FAILURES"]

MODEL_FAILURES = (ModelError, ConnectionError, TimeoutError, HTTPError)
