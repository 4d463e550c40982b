"""One domain inside somebody else's LangChain application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from fakes.chat_models import ScriptedChatModel, calls
from fakes.graphs import texts, thread
from fakes.order_tools import OrderDesk
from fakes.retrieving import ListRetriever, passage
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from langgraph.types import Command

from mdsa.domains import DomainConfig
from mdsa.errors import InvalidInputError, ModelError
from mdsa.graph.domain_subgraph import DomainGraph, build_domain_graph, domain_tool

ORDERS = DomainConfig(name="orders", description="Where an order is", system_prompt="Be brief.")
CANCEL = calls(("cancel", "c1", {"order": "7"}))

both_ways = pytest.mark.parametrize("run_async", [False, True], ids=["sync", "async"])


def scripted(*replies: Any) -> ScriptedChatModel:
    return ScriptedChatModel(replies=list(replies))


async def send(
    graph: Any, given: Any, *, run_async: bool, session: str = "s", **options: Any
) -> dict[str, Any]:
    if isinstance(given, str):
        given = {"messages": [HumanMessage(given)]}
    if run_async:
        return dict(await graph.ainvoke(given, thread(session), **options))
    return dict(graph.invoke(given, thread(session), **options))


def host(domain: DomainGraph, **options: Any) -> Any:
    """An application whose one node is the domain."""
    compiled_with = {key: options.pop(key) for key in ("checkpointer",) if key in options}
    builder = StateGraph(MessagesState, **options)
    builder.add_node("shop", domain)
    builder.add_edge(START, "shop")
    builder.add_edge("shop", END)
    return builder.compile(**compiled_with)


@both_ways
async def test_alone_it_answers_messages_with_its_sources(run_async: bool) -> None:
    retriever = ListRetriever(documents=[passage("Packed.", "status")])
    graph = build_domain_graph(ORDERS, model=scripted("It is packed [1]."), retriever=retriever)

    state = await send(graph, "where is it", run_async=run_async)

    assert texts(state["messages"]) == ["where is it", "It is packed [1]."]
    (answer,) = state["answers"]
    assert answer["domain"] == "orders"
    assert [source["title"] for source in answer["sources"]] == ["status"]
    assert set(state) == {"messages", "answers"}


@both_ways
async def test_alone_it_answers_a_query_without_messages(run_async: bool) -> None:
    model = scripted("packed")
    graph = build_domain_graph(ORDERS, model=model)

    state = await send(graph, {"messages": [], "query": "where is it"}, run_async=run_async)

    assert texts(state["messages"]) == ["where is it", "packed"]
    assert texts(model.prompts[0])[1:] == ["where is it"]


@both_ways
async def test_a_question_is_required(run_async: bool) -> None:
    graph = build_domain_graph(ORDERS, model=scripted("packed"))

    with pytest.raises(InvalidInputError, match="no question"):
        await send(graph, {"messages": []}, run_async=run_async)


@both_ways
async def test_it_streams_tokens(run_async: bool) -> None:
    graph = build_domain_graph(ORDERS, model=scripted("It is packed."))
    given = {"messages": [HumanMessage("where is it")]}

    if run_async:
        parts = [part async for part in graph.astream(given, stream_mode="messages")]
    else:
        parts = list(graph.stream(given, stream_mode="messages"))

    tokens = [part.text for part, _ in parts if isinstance(part, AIMessageChunk) and part.text]
    assert tokens == ["It", " is", " packed."]


@both_ways
async def test_a_fallback_answers_where_the_model_fails(run_async: bool) -> None:
    graph = build_domain_graph(
        ORDERS, model=scripted(ModelError("away")), fallback=scripted("from the fallback")
    )

    state = await send(graph, "where is it", run_async=run_async)

    assert state["messages"][-1].text == "from the fallback"
    assert state["answers"][0]["degraded"]


@both_ways
async def test_each_turn_of_a_session_is_answered_for_itself(run_async: bool) -> None:
    desk = OrderDesk()
    model = scripted(
        calls(("look_up", "c0", {"order": "1"})), "first answer", "second answer", "third answer"
    )
    retriever = ListRetriever()
    graph = build_domain_graph(
        ORDERS,
        model=model,
        retriever=retriever,
        tools=desk.tools(),
        checkpointer=InMemorySaver(),
    )

    first = await send(graph, "first question", run_async=run_async)
    second = await send(graph, "second question", run_async=run_async)
    third = await send(graph, {"messages": [], "query": "third question"}, run_async=run_async)
    fourth = await send(graph, "fourth question", run_async=run_async)

    assert retriever.queries == [
        "first question",
        "second question",
        "third question",
        "fourth question",
    ]
    assert [len(state["answers"]) for state in (first, second, third, fourth)] == [1, 1, 1, 1]
    assert first["answers"][0]["tool_calls"]
    assert second["answers"][0]["tool_calls"] == []
    assert [state["answers"][0]["query"] for state in (second, third, fourth)] == [
        "second question",
        "third question",
        "fourth question",
    ]
    assert texts(model.prompts[2])[1:] == [
        "first question",
        "",
        "1 is packed",
        "first answer",
        "second question",
    ]


@both_ways
async def test_tool_rounds_are_counted_anew_in_every_turn(run_async: bool) -> None:
    desk = OrderDesk()
    graph = build_domain_graph(
        ORDERS.model_copy(update={"max_tool_rounds": 1}),
        model=scripted(calls(("look_up", "0", {"order": "1"}))),
        tools=desk.tools(),
        checkpointer=InMemorySaver(),
    )

    for _ in range(3):
        await send(graph, "again", run_async=run_async)

    assert len(desk.done) == 3


@both_ways
async def test_alone_it_waits_for_approval_and_goes_on(run_async: bool) -> None:
    desk = OrderDesk()
    graph = build_domain_graph(
        ORDERS, model=scripted(CANCEL, "done"), tools=desk.tools(), checkpointer=InMemorySaver()
    )

    waiting = await send(graph, "cancel it", run_async=run_async)
    assert waiting["__interrupt__"][0].value["calls"][0]["name"] == "cancel"
    state = await send(graph, Command(resume=True), run_async=run_async)

    assert desk.done == ["cancelled 7"]
    assert state["messages"][-1].text == "done"


@both_ways
async def test_as_a_node_it_shares_the_messages_of_the_application(run_async: bool) -> None:
    model = scripted("first answer", "second answer")
    app = host(build_domain_graph(ORDERS, model=model), checkpointer=InMemorySaver())

    await send(app, "first question", run_async=run_async)
    state = await send(app, "second question", run_async=run_async)

    assert texts(state["messages"]) == [
        "first question",
        "first answer",
        "second question",
        "second answer",
    ]
    assert set(state) == {"messages"}
    assert texts(model.prompts[1])[1:] == ["first question", "first answer", "second question"]


@both_ways
async def test_as_a_node_it_waits_for_approval_and_goes_on(run_async: bool) -> None:
    desk = OrderDesk()
    domain = build_domain_graph(ORDERS, model=scripted(CANCEL, "done"), tools=desk.tools())
    app = host(domain, checkpointer=InMemorySaver())

    waiting = await send(app, "cancel it", run_async=run_async)
    assert waiting["__interrupt__"][0].value["domain"] == "orders"
    assert desk.done == []
    state = await send(app, Command(resume=True), run_async=run_async)

    assert desk.done == ["cancelled 7"]
    assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]


@dataclass
class HostContext:
    """Context of an application that knows nothing of MDSA."""

    facts: str = "not ours"


@both_ways
async def test_as_a_node_it_takes_no_harm_from_another_context(run_async: bool) -> None:
    desk = OrderDesk()
    model = scripted(calls(("look_up", "0", {"order": "1"})), "packed")
    app = host(
        build_domain_graph(ORDERS, model=model, tools=desk.tools()), context_schema=HostContext
    )

    state = await send(app, "where is it", run_async=run_async, context=HostContext())

    assert state["messages"][-1].text == "packed"
    assert "not ours" not in model.prompts[0][-1].text


@both_ways
async def test_two_domains_may_stand_in_one_application(run_async: bool) -> None:
    returns = DomainConfig(name="returns", description="Refunds")
    second = scripted("from returns")
    builder = StateGraph(MessagesState)
    builder.add_node("orders", build_domain_graph(ORDERS, model=scripted("from orders")))
    builder.add_node("returns", build_domain_graph(returns, model=second))
    builder.add_edge(START, "orders")
    builder.add_edge("orders", "returns")
    app = builder.compile()

    state = await send(app, "tell me everything", run_async=run_async)

    assert texts(state["messages"]) == ["tell me everything", "from orders", "from returns"]
    asked = second.prompts[0]
    assert [message.type for message in asked] == ["system", "human", "ai", "human"]
    assert asked[-1].text == "tell me everything"


def test_the_drawing_of_the_application_shows_its_nodes() -> None:
    app = host(build_domain_graph(ORDERS, model=scripted("x")))

    assert {"shop:retrieve", "shop:generate", "shop:answer"} <= set(app.get_graph(xray=True).nodes)


async def run_tools(node: ToolNode, name: str, args: dict[str, Any], *, run_async: bool) -> str:
    """The text of a call's result, run as an application's agent runs it."""
    builder = StateGraph(MessagesState)
    builder.add_node("tools", node)
    builder.add_edge(START, "tools")
    app = builder.compile()
    state = await send(app, {"messages": [calls((name, "t1", args))]}, run_async=run_async)
    (result,) = [message for message in state["messages"] if isinstance(message, ToolMessage)]
    assert result.status == "success"
    return str(result.text)


@both_ways
async def test_as_a_tool_it_answers_another_model(run_async: bool) -> None:
    graph = build_domain_graph(ORDERS, model=scripted("It is packed."))
    tool = domain_tool(graph, ORDERS.description)
    args = {"query": "where is it"}

    assert (tool.name, tool.description) == ("orders", "Where an order is")
    assert list(tool.args) == ["query"]
    assert await run_tools(ToolNode([tool]), "orders", args, run_async=run_async) == "It is packed."


@pytest.mark.filterwarnings("ignore:This API is in beta")
@both_ways
async def test_langchains_own_way_of_making_a_tool_works_too(run_async: bool) -> None:
    graph = build_domain_graph(ORDERS, model=scripted("It is packed."))
    tool = graph.as_tool(
        name="orders", description="Where an order is", arg_types={"messages": list}
    )
    args = {"messages": [{"role": "user", "content": "where is it"}]}

    result = await run_tools(ToolNode([tool]), "orders", args, run_async=run_async)

    assert "It is packed." in result


class RunNames(BaseCallbackHandler):
    """Notes the name under which each run is traced."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
        self.names.append(kwargs.get("name") or "")


@both_ways
async def test_its_runs_bear_its_name_in_traces(run_async: bool) -> None:
    domain = build_domain_graph(ORDERS, model=scripted("x"))
    alone, inside = RunNames(), RunNames()
    given = {"messages": [HumanMessage("where is it")]}

    for graph, names in ((domain, alone), (host(domain), inside)):
        if run_async:
            await graph.ainvoke(given, {"callbacks": [names]})
        else:
            graph.invoke(given, {"callbacks": [names]})

    assert alone.names[0] == "orders"
    assert alone.names.count("LangGraph") == 0
    assert "orders" in inside.names


@both_ways
async def test_history_of_the_application_stays_as_it_was(run_async: bool) -> None:
    app = host(build_domain_graph(ORDERS, model=scripted("new")))
    history = [HumanMessage("old", id="1"), AIMessage("reply", id="2"), HumanMessage("q", id="3")]

    state = await send(app, {"messages": history}, run_async=run_async)

    assert [message.id for message in state["messages"][:3]] == ["1", "2", "3"]
    assert texts(state["messages"]) == ["old", "reply", "q", "new"]
