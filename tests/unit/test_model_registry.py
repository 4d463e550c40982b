from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.fake_chat_models import ParrotFakeChatModel

from mdsa.errors import DuplicateNameError, UnknownNameError
from mdsa.models import ModelRegistry, QuantizationType, ReaderChatModel
from mdsa.models.provider import ModelOptions, ModelStatus
from mdsa.settings import Settings


def _parrot(name: str, options: ModelOptions) -> BaseChatModel:
    return ParrotFakeChatModel(metadata={"name": name, "max_tokens": options.max_tokens})


def test_the_reader_is_shared_for_the_same_options() -> None:
    registry = ModelRegistry()

    first = registry.get("embedded://reader", temperature=0.5, max_tokens=100)

    assert isinstance(first, ReaderChatModel)
    assert (first.temperature, first.max_tokens) == (0.5, 100)
    assert registry.get("embedded://reader", temperature=0.5, max_tokens=100) is first
    assert registry.get("embedded://reader", max_tokens=100) is not first


def test_an_application_adds_a_scheme_of_its_own() -> None:
    registry = ModelRegistry()
    registry.register("parrot", _parrot)

    model = registry.get("parrot://green", max_tokens=7)

    assert model.metadata is not None
    assert (model.metadata["name"], model.metadata["max_tokens"]) == ("green", 7)
    assert registry.check("parrot://green").available
    assert registry.schemes == ["embedded", "hf", "ollama", "openai", "parrot"]


def test_a_scheme_is_registered_once() -> None:
    with pytest.raises(DuplicateNameError, match="'ollama'"):
        ModelRegistry().register("ollama", _parrot)


def test_threads_get_one_instance() -> None:
    made: list[str] = []

    def slow(name: str, options: ModelOptions) -> BaseChatModel:
        made.append(name)
        return _parrot(name, options)

    registry = ModelRegistry()
    registry.register("parrot", slow)
    with ThreadPoolExecutor(8) as pool:
        models = list(pool.map(lambda _: registry.get("parrot://grey"), range(32)))

    assert len(made) == 1
    assert len({id(model) for model in models}) == 1


def test_a_model_that_is_there_does_not_wait_for_one_that_is_being_made() -> None:
    making, may_go_on = threading.Event(), threading.Event()

    def slow(name: str, options: ModelOptions) -> BaseChatModel:
        making.set()
        assert may_go_on.wait(10)
        return _parrot(name, options)

    registry = ModelRegistry()
    registry.register("slow", slow)
    reader = registry.get("embedded://reader")
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(registry.get, "slow://x")
        assert making.wait(10)
        assert pool.submit(registry.get, "embedded://reader").result(10) is reader
        assert not waiting.done()
        may_go_on.set()


def test_counts_breakers_and_memory_do_not_wait_for_a_model_that_is_being_made() -> None:
    making, may_go_on = threading.Event(), threading.Event()

    def slow(name: str, options: ModelOptions) -> BaseChatModel:
        making.set()
        assert may_go_on.wait(10)
        return _parrot(name, options)

    registry = ModelRegistry(Settings(device="cpu", model_memory_gb=1.0))
    registry.register("slow", slow)
    with ThreadPoolExecutor(4) as pool:
        waiting = pool.submit(registry.get, "slow://x")
        assert making.wait(10)
        assert pool.submit(registry.stats).result(5) == {"memory": {}, "breakers": {}}
        memory = pool.submit(lambda: registry.memory).result(5)
        breaker = pool.submit(registry.breaker, "slow://x").result(5)
        assert not waiting.done()
        may_go_on.set()

    assert registry.memory is memory
    assert registry.breaker("slow://x") is breaker


class _Weights:
    """What fills more than half of the memory that the test gives."""

    def __init__(self, name: str) -> None:
        self.name = name

    def estimate_bytes(self) -> int:
        return 600_000_000

    def load(self) -> str:
        return self.name

    def release(self) -> None:
        pass


def test_what_does_not_fit_together_leaves_the_most_wanted_model_in_memory() -> None:
    registry = ModelRegistry(Settings(device="cpu", model_memory_gb=1.0))

    def load(name: str, options: ModelOptions) -> BaseChatModel:
        with registry.memory.of_cpu().using(_Weights(name)):
            return _parrot(name, options)

    def check(name: str) -> ModelStatus:
        loaded = [resident.name for resident in registry.memory.of_cpu().loaded()]
        return ModelStatus(f"weights://{name}", True, "", loaded=name in loaded)

    registry.register("weights", load, check)
    statuses = registry.warm_up(["weights://own", "weights://spare"])

    assert [(status.reference, status.loaded) for status in statuses] == [
        ("weights://own", True),
        ("weights://spare", False),
    ]


def test_an_unknown_embedded_model_lists_the_known_one() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'reader'"):
        ModelRegistry().get("embedded://raeder")


@pytest.mark.parametrize(
    ("reference", "remedy"),
    [
        ("owner/not-downloaded", "hf download owner/not-downloaded"),
        ("/no/such/folder", "give the folder of a model, or a hub id"),
        ("olama://x", "correct the model reference"),
    ],
)
def test_a_check_says_what_mends_it(reference: str, remedy: str) -> None:
    status = ModelRegistry().check(reference)

    assert (status.available, status.remedy) == (False, remedy)


def test_the_reader_is_always_there() -> None:
    assert ModelRegistry().check("embedded://reader").available


def test_quantization_types_are_the_two_that_the_guide_names() -> None:
    assert [kind.name for kind in QuantizationType] == ["INT8", "INT4"]
