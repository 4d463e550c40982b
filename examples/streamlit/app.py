"""The agent behind a chat page of Streamlit: answers as they are made, a session per page."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mdsa import MdsaError, TinyBERTOrchestrator
from mdsa.core.result import RequestResult
from mdsa.errors import InvalidInputError

_log = logging.getLogger(__name__)


@st.cache_resource(show_spinner="Reading the documents …", on_release=TinyBERTOrchestrator.close)
def open_agent() -> TinyBERTOrchestrator:
    """Open the agent that `MDSA_APP` describes, or the example shop's, once for all visitors."""
    return TinyBERTOrchestrator.from_app()


def plain(text: str) -> str:
    """Markdown without images, which could fetch something from another host, and formulas."""
    return text.replace("![", "!\\[").replace("$", "\\$")


def show(result: RequestResult) -> None:
    """Show an answer with its route and its sources."""
    st.markdown(plain(result["response"]))
    route = [*result["domains"], result["decision"], f"confidence {result['confidence']:.0%}"]
    if result["degraded"]:
        route.append("degraded")
    titles = dict.fromkeys(source["title"] for source in result["sources"])
    sources = f"  \nSources: {' · '.join(map(plain, titles))}" if titles else ""
    st.caption(" · ".join(route) + sources)


def stream(message: str, place: DeltaGenerator) -> RequestResult:
    """Show an answer's text as it comes, and give the result."""
    texts: dict[str, str] = {}  # of the domains that answer, by node
    for event in agent.stream_request(message, who):
        if event["type"] == "token":
            texts[event["node"]] = texts.get(event["node"], "") + event["text"]
            place.markdown(plain("\n\n".join(texts.values())))
        elif event["type"] == "tool":
            texts.pop(f"{event['domain']}/generate", None)
        elif event["type"] == "restart":
            texts.pop(event["node"], None)
        elif event["type"] == "final":
            result: RequestResult = event["result"]
    return result


@contextmanager
def refusals() -> Iterator[None]:
    """Show in one sentence why there is no answer."""
    try:
        yield
    except InvalidInputError as error:
        st.error(plain(str(error)))
    except MdsaError:  # its message may name folders and servers
        _log.exception("no answer")
        st.error("The assistant cannot answer at the moment.")


def decide(approve: bool) -> None:
    """Go on with the tool calls that the last answer asks about."""
    with refusals():
        answered = agent.resume(who["session_id"], approve, {"user_id": who["user_id"]})
        state.turns.append(("Approved." if approve else "Declined.", answered))


st.set_page_config(page_title="Shop assistant")
agent = open_agent()
state = st.session_state  # Streamlit's: one for each open page, kept on the server
if "turns" not in state:
    state.turns, state.conversation = [], uuid4().hex
who = {"user_id": state.conversation, "session_id": state.conversation}

with st.sidebar:
    stats = agent.get_stats()
    st.metric("Requests", stats["requests_total"])
    st.metric("Domains", stats["domains_registered"])
    if st.button("New conversation"):
        state.clear()
        st.rerun()

st.title("Shop assistant")
for question, result in state.turns:
    st.chat_message("user").markdown(plain(question))
    with st.chat_message("assistant"):
        show(result)

if state.turns and state.turns[-1][1]["interrupts"]:
    with st.container(horizontal=True):
        st.button("Approve", on_click=decide, args=(True,), type="primary")
        st.button("Decline", on_click=decide, args=(False,))

if message := st.chat_input("Where is order ORD-1002?"):
    st.chat_message("user").markdown(plain(message))
    with st.chat_message("assistant"), refusals():
        state.turns.append((message, stream(message, st.empty())))
        st.rerun()
