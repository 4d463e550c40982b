"""Domains: what they are, where they are registered, and the demo's own."""

from mdsa.domains.config import DomainConfig
from mdsa.domains.registry import DomainRegistry

__all__ = ["DomainConfig", "DomainRegistry"]
