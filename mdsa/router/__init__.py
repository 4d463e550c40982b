"""Routers: they say how well each domain fits a message."""

from mdsa.router.protocol import Route, Router, RouterDomain, best_domains

__all__ = ["Route", "Router", "RouterDomain", "best_domains"]
