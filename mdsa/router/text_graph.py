"""Texts through an ONNX graph: tokenised, batched where that pays, and back in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from mdsa.router.word_pieces import WordPieces
from mdsa.utils.cores import usable_cores

__all__ = ["TextGraph", "batch_threads"]

Floats = NDArray[np.float32]

_IDS = "input_ids"
_MASK = "attention_mask"
_ROWS = 96
_FEW_BATCHES = 2
_FEW_TEXTS = 8
_MOST_WORKERS = 8


def batch_threads() -> int:
    """Threads that a batch of many texts is encoded in; a few are encoded in one."""
    return min(_MOST_WORKERS, usable_cores())


class TextGraph:
    """A BERT graph with its tokenizer, shared by threads.

    Up to eight texts are encoded one by one, and then a text's vector depends on nothing else:
    activations are quantized with one scale a batch, so that neighbours move it a little. More are
    sorted by length, and only texts of the same number of tokens share a batch: nothing is padded,
    and a batch of a few rows keeps its intermediate values in the processor's cache, which a large
    one does not. Batches are spread over as many threads as there are processors, eight at most,
    each of which runs single-threaded.

    Args:
        model: bytes of the graph. Input `input_ids`, int64 (batch, tokens); graphs that MDSA wrote
            before they lost their mask have `attention_mask` beside it.
        tokenizer_json: the tokenizer, in the form of the `tokenizers` library.
        max_tokens: longer texts are cut here, [CLS] and [SEP] included.
        outputs: names of the outputs wanted, each float32 (batch, columns).
    """

    def __init__(
        self, model: bytes, tokenizer_json: str, max_tokens: int, outputs: Sequence[str]
    ) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )
        self._outputs = list(outputs)
        self._masked = any(node.name == _MASK for node in self._session.get_inputs())
        self._pieces = WordPieces(tokenizer_json, max_tokens)

    def columns(self, output: str) -> int:
        """Width of an output."""
        (shape,) = (node.shape for node in self._session.get_outputs() if node.name == output)
        return int(shape[-1])

    def one(self, text: str) -> list[Floats]:
        """Outputs for one text, each (1, columns)."""
        return self._run([self._pieces.ids(text)])

    def many(self, texts: Sequence[str]) -> list[Floats]:
        """Outputs for texts, each (texts, columns)."""
        if not texts:
            return [np.empty((0, self.columns(name)), np.float32) for name in self._outputs]
        if len(texts) == 1:
            return self.one(texts[0])
        if len(texts) <= _FEW_TEXTS:
            rows = [self.one(text) for text in texts]
            return [np.concatenate(columns) for columns in zip(*rows, strict=True)]
        ids = self._pieces.many(texts)
        batches = list(_batches([len(row) for row in ids]))
        parts = self._run_all([[ids[at] for at in batch] for batch in batches])
        order = np.concatenate([np.array(batch) for batch in batches])
        results = []
        for columns in zip(*parts, strict=True):
            stacked = np.concatenate(columns)
            result = np.empty_like(stacked)
            result[order] = stacked
            results.append(result)
        return results

    def _run_all(self, batches: Sequence[list[list[int]]]) -> list[list[Floats]]:
        """Run batches in as many threads as there are processors, this one among them."""
        workers = min(batch_threads(), len(batches) // _FEW_BATCHES)
        if workers < 2:
            return [self._run(batch) for batch in batches]
        waiting = deque(enumerate(batches))
        parts: dict[int, list[Floats]] = {}

        def work() -> None:
            while waiting:
                try:
                    at, batch = waiting.popleft()
                except IndexError:  # another thread took the last one
                    return
                parts[at] = self._run(batch)

        with ThreadPoolExecutor(workers - 1) as pool:
            others = [pool.submit(work) for _ in range(workers - 1)]
            work()
            for other in others:
                other.result()
        return [parts[at] for at in range(len(batches))]

    def _run(self, ids: list[list[int]]) -> list[Floats]:
        tokens = np.array(ids, np.int64)
        inputs = {_IDS: tokens, _MASK: np.ones_like(tokens)} if self._masked else {_IDS: tokens}
        result: list[Floats] = self._session.run(self._outputs, inputs)
        return result


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Indices of texts of the same length, the longest first, few enough for the cache."""
    order = sorted(range(len(lengths)), key=lambda at: -lengths[at])
    for length, group in groupby(order, key=lambda at: lengths[at]):
        alike = list(group)
        size = max(1, _ROWS // max(1, length))
        for start in range(0, len(alike), size):
            yield alike[start : start + size]
