"""Opens the agent that a command talks to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mdsa.cli.loading_notice import loading_notice
from mdsa.cli.render import progress_bar

if TYPE_CHECKING:
    from mdsa.core.orchestrator import TinyBERTOrchestrator
    from mdsa.settings import Settings

__all__ = ["open_agent"]


@contextmanager
def open_agent(settings: Settings, app_file: Path | None = None) -> Iterator[TinyBERTOrchestrator]:
    """Build the app's agent, showing progress where it takes long, and close it at the end.

    Args:
        settings: of this command.
        app_file: in place of the one that the settings name.

    Raises:
        ConfigError: the app file, or what it names, is missing or broken.
        StorageError: the data directory cannot be used.
        ModelUnavailableError: the text encoder cannot be loaded.
    """
    agent = _build(settings, app_file)
    try:
        with loading_notice(agent.models):
            yield agent
    except KeyboardInterrupt:
        # Closing would wait for the turn; what it wrote so far is on disk.
        raise
    except BaseException:
        agent.close()
        raise
    else:
        agent.close()


def _build(settings: Settings, app_file: Path | None) -> TinyBERTOrchestrator:
    with progress_bar() as progress:
        task = progress.add_task("Reading the app file", total=None)
        from mdsa.domains.app_file import demo_app_path, load_app

        path = app_file or settings.app or demo_app_path()
        described = load_app(path).file

        progress.update(task, description="Loading libraries")
        from mdsa.core.orchestrator import TinyBERTOrchestrator
        from mdsa.embeddings import ANSWER_MODEL, load_embeddings

        progress.update(task, description="Preparing the text encoders (once per machine)")
        load_embeddings(described.embedding_model).load()
        if described.model.startswith("embedded://"):
            load_embeddings(ANSWER_MODEL).load()

        progress.update(task, description="Building the agent")
        folder = task

        def show(done: int, total: int, file: Path) -> None:
            nonlocal folder
            if done == 0:
                name = f"{file.parent.parent.name}/{file.parent.name}"
                folder = progress.add_task(f"Ingesting {name}", total=total)
            progress.update(folder, completed=done, total=total)

        return TinyBERTOrchestrator.from_app(path, settings=settings, progress=show)
