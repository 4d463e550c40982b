"""A process that serves the agent of `web_agents`: its arguments are a folder and a port's number.

The first line that it prints is its address. What is held back goes on once the file `go` exists.
"""

import sys
from functools import partial
from pathlib import Path

from fakes.web_agents import Clerk, web_agent

from mdsa.server import ServerSettings, create_app
from mdsa.server.listening import open_socket
from mdsa.server.process import DrainingServer


def main() -> None:
    folder = Path(sys.argv[1])
    listening = open_socket("127.0.0.1", int(sys.argv[2]))
    agent = partial(web_agent, folder, Clerk(folder / "go"))
    server = DrainingServer(create_app(agent, settings=ServerSettings(warm_up=False)), drain_s=30)
    sys.stdout.write(f"http://127.0.0.1:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    server.run(sockets=[listening])


if __name__ == "__main__":
    main()
