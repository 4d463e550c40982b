"""`mdsa doctor`: what runs where, what is missing, and the command that mends it."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.text import Text

from mdsa.cli.check import Check
from mdsa.cli.checks import run_checks
from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, plain, table, write_json

__all__ = ["doctor"]

_UNHEALTHY = 1
_STYLES = {"ok": "green", "note": "yellow", "problem": "bold red"}


@takes_common_options()
def doctor(invocation: Invocation) -> None:
    """Check the installation and everything the app file names, without changing anything.

    The exit code is 1 if something configured cannot be used.
    """
    checks = run_checks(invocation.settings)
    healthy = all(check.status != "problem" for check in checks)
    if invocation.as_json:
        write_json({"healthy": healthy, "checks": [asdict(check) for check in checks]})
    else:
        rows = [
            (plain(check.name), plain(check.status, _STYLES[check.status]), _text(check))
            for check in checks
        ]
        out = console()
        out.print(table(["check", "status", "detail"], rows))
        out.print(plain("Everything configured can be used." if healthy else "Problems found."))
    if not healthy:
        raise typer.Exit(_UNHEALTHY)


def _text(check: Check) -> Text:
    text = plain(check.detail)
    return text + plain(f"\n→ {check.remedy}", "bold") if check.remedy else text
