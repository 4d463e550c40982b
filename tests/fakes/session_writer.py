"""A process that takes turns in one session; the crash tests start it, kill it and read it.

Protocol: prints `ready`, waits for a line on stdin, then for each turn prints `ack NAME` once the
graph has returned. At `--stall-at` it prints `stalled NAME` from inside a node and stays there.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from langchain_core.messages import AIMessage
from langgraph.graph import END, START, MessagesState, StateGraph

from mdsa.sessions import open_session_store


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def build_graph(checkpointer, stall_at):
    async def think(state):
        name = state["messages"][-1].content
        if name == stall_at:
            say(f"stalled {name}")
            await asyncio.Event().wait()
        # Long enough for another writer to read the same checkpoint, were it let in.
        await asyncio.sleep(0.01)
        return {}

    def answer(state):
        return {"messages": [AIMessage(f"answer to {state['messages'][-1].content}")]}

    inner = StateGraph(MessagesState)
    inner.add_node("think", think)
    inner.add_edge(START, "think")
    inner.add_edge("think", END)
    builder = StateGraph(MessagesState)
    builder.add_node("domain", inner.compile(name="domain"))
    builder.add_node("answer", answer)
    builder.add_edge(START, "domain")
    builder.add_edge("domain", "answer")
    builder.add_edge("answer", END)
    return builder.compile(checkpointer=checkpointer)


async def main(args):
    async with open_session_store(args.data_dir, wait_s=60) as store:
        graph = build_graph(store.saver, args.stall_at)
        config = {"configurable": {"thread_id": args.session}}
        say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        for number in range(args.first, args.first + args.turns):
            name = f"{args.prefix}{number}"
            async with store.hold(args.session):
                state = await graph.ainvoke(
                    {"messages": [("user", name)]}, config, durability="sync"
                )
                say(f"ack {name}")
                await store.after_turn(args.session, messages=len(state["messages"]))


parser = argparse.ArgumentParser()
parser.add_argument("data_dir", type=Path)
parser.add_argument("session")
parser.add_argument("--prefix", default="turn ")
parser.add_argument("--first", type=int, default=0)
parser.add_argument("--turns", type=int, required=True)
parser.add_argument("--stall-at")
asyncio.run(main(parser.parse_args()))
