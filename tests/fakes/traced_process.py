"""A process that answers one message with an agent of `web_agents`; its argument is a folder."""

import sys
from pathlib import Path

from fakes.web_agents import Clerk, web_agent
from langchain_core.tracers.langchain import wait_for_all_tracers


def main() -> None:
    with web_agent(Path(sys.argv[1]), Clerk()) as agent:
        agent.process_request("an order")
    wait_for_all_tracers()


if __name__ == "__main__":
    main()
