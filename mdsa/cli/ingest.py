"""`mdsa ingest`: files and folders into the shared knowledge or a domain's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mdsa.cli.errors import FAILED
from mdsa.cli.options import Invocation, takes_common_options
from mdsa.cli.render import console, plain, progress_bar, table, write_json
from mdsa.errors import UnknownNameError

if TYPE_CHECKING:
    from mdsa.domains.app_file import App
    from mdsa.retrieval.ingest import IngestReport

__all__ = ["ingest"]


@takes_common_options()
def ingest(
    invocation: Invocation,
    paths: Annotated[list[Path], typer.Argument(help="Files, or folders to read recursively.")],
    domain: Annotated[
        str | None, typer.Option(metavar="NAME", help="Domain to add the documents to.")
    ] = None,
    shared: Annotated[
        bool, typer.Option("--global", help="Add them to the knowledge that all domains share.")
    ] = False,
) -> None:
    """Add documents. Unchanged ones are skipped; those gone from a folder are deleted.

    Files that cannot be read are listed, and the exit code is then 2; the rest are still stored.
    """
    if (domain is None) == (not shared):
        raise typer.BadParameter("give either --domain NAME or --global")
    from mdsa.domains.app_file import demo_app_path, load_app

    settings = invocation.settings
    app = load_app(settings.app or demo_app_path())
    names = [entry.config.name for entry in app.domains]
    if domain is not None and domain not in names:
        raise UnknownNameError("domain", domain, names)
    report = _ingest(invocation, app, paths, domain)
    if invocation.as_json:
        write_json(_fields(report, domain))
    else:
        _show(report)
    if report.failed:
        raise typer.Exit(FAILED)


def _ingest(
    invocation: Invocation, app: App, paths: list[Path], domain: str | None
) -> IngestReport:
    from mdsa.embeddings import load_embeddings
    from mdsa.retrieval import ingest as retrieval_ingest
    from mdsa.retrieval.knowledge_base import KnowledgeBase

    settings = invocation.settings
    with (
        KnowledgeBase(
            settings.knowledge_dir,
            load_embeddings(app.file.embedding_model),
            shared_name=settings.global_collection_name,
        ) as knowledge,
        progress_bar() as progress,
    ):
        task = progress.add_task("Looking for files", total=None)

        def show(done: int, total: int, path: Path) -> None:
            progress.update(task, description=path.name, completed=done, total=total)

        return retrieval_ingest.ingest(paths, knowledge, domain=domain, progress=show)


def _fields(report: IngestReport, domain: str | None) -> dict[str, Any]:
    return {
        "domain": domain,
        "files": report.files,
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "deleted": report.deleted,
        "failed": [{"path": str(path), "reason": reason} for path, reason in report.failed],
        "skipped": [str(path) for path in report.skipped],
    }


def _show(report: IngestReport) -> None:
    counts = (report.files, report.added, report.updated, report.unchanged, report.deleted)
    out = console()
    columns = ["files", "added", "updated", "unchanged", "deleted", "failed"]
    out.print(table(columns, [(*counts, len(report.failed))]))
    out.print(plain("Added, updated, unchanged and deleted count chunks.", "dim"))
    if report.skipped:
        out.print(plain(f"{len(report.skipped)} files of other types were skipped.", "dim"))
    errors = console(stderr=True)
    for _, reason in report.failed:
        errors.print(plain(f"error: {reason}"), soft_wrap=True)
