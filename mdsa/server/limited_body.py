"""A request's body, which may not be too long nor come too slowly."""

from __future__ import annotations

import asyncio

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

from mdsa.server.refusals import BodyTimeoutError, BodyTooLargeError

__all__ = ["LimitedBody"]


class LimitedBody:
    """Receives a request's messages; an ASGI `receive`.

    Its time begins when it is first asked for.

    Args:
        scope: of the request.
        receive: the server's.
        most: bytes.
        variable: of the environment, that says how many.
        timeout_s: for the whole body.
    """

    def __init__(
        self, scope: Scope, receive: Receive, *, most: int, variable: str, timeout_s: float
    ) -> None:
        self._receive = receive
        self._declared = Headers(scope=scope).get("content-length", "")
        self._most = most
        self._variable = variable
        self._timeout_s = timeout_s
        self._ends: float | None = None
        self._size = 0
        self.ended = False
        """All of it was received, or the client hung up."""

    async def __call__(self) -> Message:
        """Give the next message.

        Raises:
            BodyTooLargeError: the body is longer than it may be, or says so.
            BodyTimeoutError: it did not come in time.
        """
        if self.ended:
            return await self._receive()
        if self._ends is None:
            if self._declared.isdecimal():
                self._check(int(self._declared))
            self._ends = asyncio.get_running_loop().time() + self._timeout_s
        try:
            async with asyncio.timeout_at(self._ends):
                message = await self._receive()
        except TimeoutError as error:
            raise BodyTimeoutError(
                f"the body did not come within {self._timeout_s:g} s; send it again."
            ) from error
        self._size += len(message.get("body", b""))
        self._check(self._size)
        self.ended = not message.get("more_body", False)
        return message

    async def read(self) -> bytes | None:
        """Give all of it; None where the client hung up.

        Raises:
            BodyTooLargeError: see above.
            BodyTimeoutError: see above.
        """
        parts: list[bytes] = []
        while not self.ended:
            message = await self()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
        return b"".join(parts)

    def _check(self, size: int) -> None:
        if size > self._most:
            raise BodyTooLargeError(
                f"the body has {size} bytes or more, the most is {self._most}; send less, or raise "
                f"{self._variable}."
            )
