"""`GET /domains`: what the caller may ask about."""

from __future__ import annotations

from fastapi import APIRouter

from mdsa.server.caller import Asking
from mdsa.server.problems import responses
from mdsa.server.schemas import DomainInfo
from mdsa.server.service import Served

__all__ = ["router"]

router = APIRouter(tags=["domains"])


@router.get("/domains", responses=responses(401, 403, 429))
async def list_domains(service: Served, caller: Asking) -> list[DomainInfo]:
    """List the domains that the caller may use."""
    configs = service.agent.domains
    visible = set(caller.visible(config.name for config in configs))
    return [
        DomainInfo(name=config.name, description=config.description, keywords=list(config.keywords))
        for config in configs
        if config.name in visible
    ]
