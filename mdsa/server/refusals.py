"""Errors of the server's own: a request that is turned away before the agent sees it."""

from __future__ import annotations

from mdsa.errors import MdsaError

__all__ = [
    "BodyTimeoutError",
    "BodyTooLargeError",
    "ForbiddenError",
    "OverloadedError",
    "RateLimitError",
    "RefusedError",
    "UnauthenticatedError",
]


class RefusedError(MdsaError):
    """A request that is turned away.

    Args:
        message: what was wrong and what to do.
        retry_after_s: seconds after which the same request may be taken.
    """

    status = 400
    title = "The request cannot be taken"

    def __init__(self, message: str, *, retry_after_s: int | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class UnauthenticatedError(RefusedError):
    """No API key, or one that is not valid."""

    status = 401
    title = "A valid API key is needed"


class ForbiddenError(RefusedError):
    """The caller may not do this."""

    status = 403
    title = "Not allowed"


class BodyTimeoutError(RefusedError):
    """The body did not come in time."""

    status = 408
    title = "The request came too slowly"


class BodyTooLargeError(RefusedError):
    """The body is longer than the server takes."""

    status = 413
    title = "The request is too large"


class RateLimitError(RefusedError):
    """The key's requests come too fast."""

    status = 429
    title = "Too many requests"


class OverloadedError(RefusedError):
    """The server answers as many turns as it can, or is about to stop."""

    status = 503
    title = "The server takes no more turns now"
