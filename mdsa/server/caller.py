"""Who asks, and what they may see."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from mdsa.errors import InvalidInputError, UnknownNameError
from mdsa.server.keys import ApiKey
from mdsa.server.refusals import ForbiddenError, UnauthenticatedError
from mdsa.server.service import Served
from mdsa.utils.loopback import is_loopback

__all__ = ["Asking", "Caller", "Managing", "Operating", "identify"]

_OWN_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})
_PORT = re.compile(r":\d+$")


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of a key; without a configured key, anybody on this machine."""

    key: ApiKey | None

    @property
    def restricted(self) -> bool:
        """Whether some domains are out of reach."""
        return self.key is not None and self.key.domains is not None

    @property
    def manages(self) -> bool:
        """Whether the documents may be changed."""
        return self.key is None or self.key.manages

    def user_id(self, given: str | None) -> str | None:
        """Whose sessions these are: the owner's, or those of one of the owner's users.

        An owner's name holds no slash, so no owner can name another one's users.

        Raises:
            InvalidInputError: the given name is empty.
        """
        if given is not None and not given.strip():
            raise InvalidInputError("user_id is empty; name a user, or leave it out.")
        if self.key is None:
            return given
        return self.key.owner if given is None else f"{self.key.owner}/{given}"

    def visible(self, domains: Iterable[str]) -> list[str]:
        """Those of the domains that the caller may know of."""
        allowed = None if self.key is None else self.key.domains
        return [name for name in domains if allowed is None or name in allowed]

    def allowed(self, asked: object, domains: Iterable[str]) -> list[str] | None:
        """The domains of a turn; None is all.

        Raises:
            InvalidInputError: what was asked is no list of names.
            UnknownNameError: a domain that does not exist, or that the caller may not use: which of
                the two is not told.
        """
        visible = self.visible(domains)
        if asked is None:
            return visible if self.restricted else None
        if not isinstance(asked, list | tuple):
            raise InvalidInputError(f"allowed_domains is {asked!r:.60}; give a list of names.")
        for name in asked:
            if name not in visible:
                raise UnknownNameError("domain", str(name), visible)
        return list(asked)


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="API key",
    description="A key of `mdsa keys create`; needed once one was created.",
)


async def identify(
    request: Request,
    service: Served,
    shown: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)] = None,
) -> Caller:
    """Find out who asks, and count the request.

    Raises:
        UnauthenticatedError: keys are configured, and none that is valid was shown.
        ForbiddenError: no key is configured, and the request comes from another machine.
        RateLimitError: the key's requests come too fast.
    """
    if not await run_in_threadpool(service.needs_key):
        _refuse_strangers(request, service.settings.allowed_hosts)
        return Caller(None)
    key = None if shown is None else await run_in_threadpool(service.keys.find, shown.credentials)
    if key is None:
        raise UnauthenticatedError(
            "send a valid API key as 'Authorization: Bearer mdsa_…'; the operator makes one with "
            "`mdsa keys create OWNER`."
        )
    request.state.key_id, request.state.owner = key.id, key.owner
    limit = key.requests_per_minute or service.settings.requests_per_minute
    service.rates.take(key.id, limit)
    return Caller(key)


def _refuse_strangers(request: Request, allowed_hosts: Sequence[str]) -> None:
    host = request.client.host if request.client else None
    if host is not None and not is_loopback(host):
        raise ForbiddenError(
            "this server has no API key and answers its own machine only; the operator makes a key "
            "with `mdsa keys create OWNER`."
        )
    # A page from elsewhere can have its name resolve to this machine (DNS rebinding).
    name = _PORT.sub("", request.headers.get("host", "")).strip("[]").lower()
    if name not in _OWN_NAMES and name not in allowed_hosts:
        raise ForbiddenError(
            f"this server has no API key and is not addressed as {name[:100]!r}; use localhost, or "
            "set MDSA_SERVER_ALLOWED_HOSTS."
        )


async def operate(caller: Annotated[Caller, Depends(identify)]) -> Caller:
    """Refuse callers who may not see figures about all domains.

    Raises:
        ForbiddenError: the key is for some domains only.
    """
    if caller.restricted:
        raise ForbiddenError("this key is for some domains, and the figures are about all of them.")
    return caller


async def manage(caller: Annotated[Caller, Depends(identify)]) -> Caller:
    """Refuse callers who may not change the knowledge, from which everybody is answered.

    Raises:
        ForbiddenError: the key is for asking only.
    """
    if not caller.manages:
        raise ForbiddenError(
            "this key may ask, and not change documents; the operator makes one that may with "
            "`mdsa keys create OWNER --manages`."
        )
    return caller


Asking = Annotated[Caller, Depends(identify)]
Managing = Annotated[Caller, Depends(manage)]
Operating = Annotated[Caller, Depends(operate)]
