"""The savers pass LangGraph's own checkpointer suite."""

from fakes.postgres_server import empty
from langgraph.checkpoint.conformance.capabilities import Capability
from langgraph.checkpoint.conformance.initializer import RegisteredCheckpointer
from langgraph.checkpoint.conformance.validate import validate

from mdsa.sessions import SessionSqliteSaver
from mdsa.sessions.postgres import open_postgres_sessions


def assert_passed(report, capabilities):
    failures = {name: result.failures for name, result in report.results.items() if result.failures}
    assert failures == {}
    passed = {name for name, result in report.results.items() if result.passed}
    assert passed >= {capability.value for capability in capabilities}


async def test_saver_passes_the_conformance_suite(tmp_path):
    databases = iter(range(100))

    async def factory():
        async with SessionSqliteSaver.open(tmp_path / f"{next(databases)}.db") as saver:
            yield saver

    assert_passed(await validate(RegisteredCheckpointer("SessionSqliteSaver", factory)), Capability)


async def test_postgres_saver_passes_it_too(postgres):
    async def factory():
        empty(postgres)
        async with open_postgres_sessions(postgres) as store:
            yield store.saver

    report = await validate(RegisteredCheckpointer("SessionPostgresSaver", factory))

    # LangGraph's own saver for PostgreSQL has neither, and nothing here asks for them.
    missing = {Capability.DELETE_FOR_RUNS, Capability.COPY_THREAD}
    assert_passed(report, set(Capability) - missing)
