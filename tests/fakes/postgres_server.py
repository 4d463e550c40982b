"""A PostgreSQL server of this machine's own programs, in a folder that goes with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

_DEBIAN = Path("/usr/lib/postgresql")
_UNSAFE_BUT_QUICK = "-c fsync=off -c full_page_writes=off -c max_connections=50"


def _programs() -> Path:
    """The folder of initdb and pg_ctl; Debian keeps it out of the PATH."""
    found = [*sorted(_DEBIAN.glob("*/bin/initdb")), shutil.which("initdb")]
    for program in reversed([Path(item) for item in found if item]):
        return program.parent
    pytest.skip("PostgreSQL is not installed; get it by: apt-get install postgresql")


@contextmanager
def postgres_server() -> Iterator[str]:
    """Run a server that listens on a socket in its own folder; gives the address."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="mdsa-pg-"))
    # PostgreSQL refuses to run as root; its package brings a user.
    user = "postgres" if os.geteuid() == 0 else None
    if user:
        shutil.chown(folder, user)

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", folder / "data", *arguments],
            user=user,
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    try:
        run("initdb", "-U", "mdsa", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' {_UNSAFE_BUT_QUICK}"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://mdsa@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def empty(url: str) -> None:
    """Drop everything in the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
