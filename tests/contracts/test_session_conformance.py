"""The saver passes LangGraph's own checkpointer suite, every capability of it."""

from langgraph.checkpoint.conformance.capabilities import Capability
from langgraph.checkpoint.conformance.initializer import RegisteredCheckpointer
from langgraph.checkpoint.conformance.validate import validate

from mdsa.sessions import SessionSqliteSaver


async def test_saver_passes_the_conformance_suite(tmp_path):
    databases = iter(range(100))

    async def factory():
        async with SessionSqliteSaver.open(tmp_path / f"{next(databases)}.db") as saver:
            yield saver

    report = await validate(RegisteredCheckpointer("SessionSqliteSaver", factory))

    failures = {name: result.failures for name, result in report.results.items() if result.failures}
    assert failures == {}
    passed = {name for name, result in report.results.items() if result.passed}
    assert passed == {capability.value for capability in Capability}
