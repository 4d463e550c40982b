"""What `mdsa route` routes with: a router, and the domains that it is to know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mdsa.domains.app_file import demo_app_path, load_app
from mdsa.domains.domain_list import read_domain_list
from mdsa.errors import ConfigError
from mdsa.router import Router, RouterDomain
from mdsa.router.opening import names_nothing, open_router
from mdsa.router.trained import TrainedRouter
from mdsa.settings import Settings

__all__ = ["Routing", "open_routing"]


@dataclass(frozen=True)
class Routing:
    """A router that knows its domains, and what decides unless the command says otherwise."""

    router: Router
    names: list[str]
    threshold: float
    target_error: float | None


def open_routing(settings: Settings, domains: Path | None, router: str | None) -> Routing:
    """Open the router and register its domains.

    Args:
        settings: of this command; theirs is the router where none is given.
        domains: JSON file of domains, in place of the router's own or the app's.
        router: folder or hub id; see `open_router`.

    Raises:
        ConfigError: a file or the router cannot be read, or there is nothing at its place.
        DuplicateNameError: a domain is listed twice.
        ModelUnavailableError: the router is damaged, or not on this machine.
    """
    # An agent does without a router that is not there; a command that names it does not.
    if router is not None and names_nothing(router):
        raise ConfigError(
            f"--router {router}: there is no such folder; give one that 'mdsa train router' wrote."
        )
    opened = open_router(settings.intent_model_path if router is None else router)
    threshold, target_error = settings.use_reasoning_threshold, settings.target_error
    if domains is not None:
        known = read_domain_list(domains)
    elif router is not None and isinstance(opened, TrainedRouter):
        # The classifier knows them by its labels and needs no description.
        known = [RouterDomain(name, name) for name in dict.fromkeys(opened.model.domains)]
    else:
        app = load_app(settings.app or demo_app_path())
        known = [entry.config.router_domain() for entry in app.domains]
        threshold = app.file.threshold
        target_error = app.file.target_error or target_error
    for domain in known:
        opened.add_domain(domain)
    return Routing(opened, [domain.name for domain in known], threshold, target_error)
