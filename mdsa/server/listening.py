"""Takes the address that the server listens on."""

from __future__ import annotations

import socket

from mdsa.errors import InvalidInputError

__all__ = ["open_socket"]


def open_socket(host: str, port: int) -> socket.socket:
    """Listen; port 0 is any that is free.

    Raises:
        InvalidInputError: there is no such address here, or the port is taken.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        raise InvalidInputError(
            f"cannot listen on {host} port {port}: {error}; choose another with --host and --port."
        ) from error
