"""Routers: they say how well each domain fits a message."""

from mdsa.router.protocol import (
    DocumentRouter,
    Route,
    Router,
    RouterDomain,
    best_domains,
    route_reading,
)

__all__ = ["DocumentRouter", "Route", "Router", "RouterDomain", "best_domains", "route_reading"]
