"""What the reader finds for each question of a message: the sentences that SmolLM2 words anew.

A network of 135 million parameters mixes up five passages. The reader ranks their sentences far
better, so that it does the finding, and the network only the wording.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mdsa.models.reader.answer_types import AnswerType
from mdsa.models.reader.chat_model import ReaderChatModel
from mdsa.models.reader.encoder import CachedEncoder, ReaderEncoders
from mdsa.models.reader.extraction import Extract, extract
from mdsa.models.reader.question import split_message

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

    from mdsa.models.reader.features import Question
    from mdsa.models.reader.prompt import Conversation

__all__ = ["Evidence", "EvidenceFinder"]

_QUOTED = frozenset({AnswerType.STEPS, AnswerType.YES_NO})
_LONGEST = 900
_LEAST = 0.02
"""Confidence from which the model may look at sentences that the reader itself would not say."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A question of the message with what the passages say to it.

    Attributes:
        question: with what it refers back to.
        found: the reader's sentences; none where it found nothing.
        titles: of the passages, by id.
    """

    question: Question
    found: Extract
    titles: dict[int, str]

    @property
    def sayable(self) -> bool:
        """Whether the reader would say the sentences as they are."""
        return self.found.confidence >= float(ReaderChatModel.model_fields["threshold"].default)

    @property
    def to_be_worded(self) -> bool:
        """Whether words of one's own are safe: not of steps, lists, yes and no."""
        return (
            all(sentence.kind == "prose" for sentence in self.found.sentences)
            and self.question.answer_type not in _QUOTED
            and len(self.found.text) <= _LONGEST
        )


class EvidenceFinder:
    """Finds evidence as `embedded://reader` does. Thread-safe.

    Args:
        embeddings: sentence encoder; None loads the reader's at the first use.
    """

    def __init__(self, embeddings: Embeddings | None = None) -> None:
        self._embeddings = embeddings
        self._encoder: CachedEncoder | None = None
        self._lock = threading.Lock()

    def find(self, conversation: Conversation) -> list[Evidence]:
        """Evidence for each question of the last message, in their order; no sentence twice."""
        most = ReaderChatModel.model_fields["max_sentences"].default
        said: set[str] = set()
        parts = []
        for question in split_message(conversation.question, conversation.earlier):
            found = extract(
                question,
                conversation.passages,
                self._load(),
                threshold=_LEAST,
                max_sentences=most,
            )
            new = found.without(said)
            if found.sentences and not new.sentences:
                continue  # answered by what was said to the question before
            said.update(sentence.text for sentence in new.sentences)
            titles = {passage.id: passage.title for passage in conversation.passages}
            parts.append(Evidence(question, new, titles))
        return parts

    def _load(self) -> CachedEncoder:
        with self._lock:
            if self._encoder is None:
                self._encoder = ReaderEncoders.of(self._embeddings).answers
            return self._encoder
