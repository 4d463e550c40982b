"""Two workers that serve the agent of `web_agents` in a folder; the first line is the address."""

import sys
from functools import partial
from pathlib import Path

from fakes.web_agents import Clerk, web_agent
from fastapi import FastAPI

from mdsa.server import ServerSettings, create_app
from mdsa.server.listening import open_socket
from mdsa.server.workers import Workers


def make_app(folder: Path) -> FastAPI:
    agent = partial(web_agent, folder, Clerk())
    settings = ServerSettings(warm_up=False)
    return create_app(agent, settings=settings, workers_folder=folder / "workers")


def main() -> None:
    listening = open_socket("127.0.0.1", 0)
    workers = Workers(partial(make_app, Path(sys.argv[1])), 2, listening, drain_s=30)
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    workers.run()


if __name__ == "__main__":
    main()
