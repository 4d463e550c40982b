"""Rivals of MDSA's router, on the same rows in the same process.

- MiniLM (sentence-transformers): cosine to the nearest text of each domain, or to the mean of its
  texts; and, where there are examples, logistic regression on the embeddings.
- TF-IDF with logistic regression.
- semantic-router's `IndexedRouter`, with MiniLM as its encoder and its own defaults.
- model2vec: a static model distilled from the same MiniLM, cosine to the nearest text.

The last two are optional packages: one that is not installed is reported so. None of them says
that a message is out of scope; one less the highest score stands for it. A cosine is no
probability, but it is what such routers give as confidence, so it is judged as one.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mdsa.embeddings.packaged import packaged_minilm
from mdsa.errors import ModelUnavailableError
from mdsa.evals.routing_systems import Scored, System
from mdsa.router import RouterDomain

__all__ = [
    "Embedder",
    "LogisticOnVectors",
    "MiniLm",
    "Model2Vec",
    "NearestCentroid",
    "NearestText",
    "SemanticRouter",
    "TfidfLogistic",
    "baselines",
]

Matrix = NDArray[np.float32]

_LEAST_DOCUMENTS = 2
_MANY_TEXTS = 5000
_C = 10.0
"""Inverse regularisation of the logistic regressions: between what suits 5 examples a class and
what suits 100; not tuned on any set."""


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """How reports call it."""

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, (texts, dimensions)."""


class _Remembering:
    """Embeds each text once, however often it is asked for."""

    name = ""

    def __init__(self) -> None:
        self._known: dict[str, Matrix] = {}

    def embed(self, texts: Sequence[str]) -> Matrix:
        """Unit vectors, (texts, dimensions)."""
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            vectors = self._encode(new)
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
            vectors = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
            self._known.update(zip(new, vectors, strict=True))
        return np.stack([self._known[text] for text in texts])

    def _encode(self, texts: list[str]) -> NDArray[Any]:
        raise NotImplementedError


class MiniLm(_Remembering):
    """all-MiniLM-L6-v2 as sentence-transformers runs it, from the weights MDSA ships with."""

    name = "MiniLM"

    def _encode(self, texts: list[str]) -> NDArray[Any]:
        return np.asarray(
            self._model().encode(texts, batch_size=64, show_progress_bar=False, device="cpu")
        )

    def _model(self) -> Any:
        if not hasattr(self, "_loaded"):
            from sentence_transformers import SentenceTransformer

            self._loaded = SentenceTransformer(str(packaged_minilm().folder), device="cpu")
        return self._loaded


class Model2Vec(_Remembering):
    """A static model that model2vec distils from the packaged MiniLM, in about a minute."""

    name = "model2vec"

    def _encode(self, texts: list[str]) -> NDArray[Any]:
        if not hasattr(self, "_loaded"):
            # Its extra `distill` asks for an older transformers than MDSA; the package is enough.
            _need("model2vec", "model2vec skeletoken")
            _need("skeletoken", "skeletoken")
            from model2vec.distill import distill

            self._loaded = distill(str(packaged_minilm().folder), device="cpu")
        return np.asarray(self._loaded.encode(texts))


class NearestText:
    """Highest cosine to any text of a domain: its name, description, keywords and examples."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = f"{embedder.name}, nearest text"
        self._embedder = embedder
        self._labels: tuple[str, ...] = ()
        self._texts: list[Matrix] = []

    def set_up(self, domains: Sequence[RouterDomain]) -> None:
        """Embed the domains' texts."""
        self._labels = tuple(domain.name for domain in domains)
        self._texts = [self._embedder.embed(texts_of(domain)) for domain in domains]

    def score(self, texts: Sequence[str]) -> Scored:
        """Cosines, negative ones as 0."""
        vectors = self._embedder.embed(texts)
        return _of_cosines(
            self._labels, np.stack([(vectors @ own.T).max(axis=1) for own in self._texts], axis=1)
        )


class NearestCentroid:
    """Cosine to the mean vector of a domain's texts."""

    def __init__(self, embedder: Embedder) -> None:
        self.name = f"{embedder.name}, nearest centroid"
        self._embedder = embedder
        self._labels: tuple[str, ...] = ()
        self._centres = np.zeros((0, 0), np.float32)

    def set_up(self, domains: Sequence[RouterDomain]) -> None:
        """Average the domains' texts."""
        self._labels = tuple(domain.name for domain in domains)
        means = np.stack(
            [self._embedder.embed(texts_of(domain)).mean(axis=0) for domain in domains]
        )
        self._centres = means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12)

    def score(self, texts: Sequence[str]) -> Scored:
        """Cosines, negative ones as 0."""
        return _of_cosines(self._labels, self._embedder.embed(texts) @ self._centres.T)


class _Logistic:
    """Logistic regression over features of the domains' texts."""

    def __init__(self) -> None:
        self._labels: tuple[str, ...] = ()
        self._model: Any = None

    def set_up(self, domains: Sequence[RouterDomain]) -> None:
        """Fit to the domains' texts."""
        from sklearn.linear_model import LogisticRegression

        self._labels = tuple(domain.name for domain in domains)
        texts = [texts_of(domain) for domain in domains]
        owners = np.repeat(np.arange(len(domains)), [len(own) for own in texts])
        features = self._fit_features([text for own in texts for text in own])
        # The loss is a mean over rows: with many classes its slope is small from the first step on,
        # and a looser end than this stops there.
        self._model = LogisticRegression(C=_C, max_iter=200, tol=1e-4)
        self._model.fit(features, owners)

    def score(self, texts: Sequence[str]) -> Scored:
        """Probabilities of the domains."""
        scores = self._model.predict_proba(self._features(texts))
        return Scored(self._labels, scores, 1 - scores.max(axis=1))

    def _fit_features(self, texts: Sequence[str]) -> Any:
        raise NotImplementedError

    def _features(self, texts: Sequence[str]) -> Any:
        raise NotImplementedError


class LogisticOnVectors(_Logistic):
    """Logistic regression on sentence embeddings."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self.name = f"{embedder.name} + logistic regression"
        self._embedder = embedder

    def _fit_features(self, texts: Sequence[str]) -> Any:
        return self._embedder.embed(texts)

    def _features(self, texts: Sequence[str]) -> Any:
        return self._embedder.embed(texts)


class TfidfLogistic(_Logistic):
    """Logistic regression on TF-IDF of words and pairs of words."""

    name = "TF-IDF + logistic regression"

    def _fit_features(self, texts: Sequence[str]) -> Any:
        from sklearn.feature_extraction.text import TfidfVectorizer

        fewest = _LEAST_DOCUMENTS if len(texts) > _MANY_TEXTS else 1
        words = r"\b\w+\b"
        self._vectorizer = TfidfVectorizer(
            ngram_range=(1, 2), sublinear_tf=True, min_df=fewest, token_pattern=words
        )
        return self._vectorizer.fit_transform(texts)

    def _features(self, texts: Sequence[str]) -> Any:
        return self._vectorizer.transform(texts)


class SemanticRouter:
    """semantic-router's router over stored utterances, as it comes: mean of the top five."""

    name = "semantic-router (MiniLM)"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._labels: tuple[str, ...] = ()
        self._router: Any = None

    def set_up(self, domains: Sequence[RouterDomain]) -> None:
        """Make its routes of the domains' texts.

        Raises:
            ModelUnavailableError: the package is not installed.
        """
        _need("semantic_router", "semantic-router")
        from semantic_router import IndexedRouter, Route
        from semantic_router.encoders import DenseEncoder

        embedder = self._embedder

        class Encoder(DenseEncoder):  # type: ignore[misc]  # an optional package is Any
            def __call__(self, docs: list[Any]) -> list[list[float]]:
                return [list(map(float, row)) for row in embedder.embed(docs)]

        self._labels = tuple(domain.name for domain in domains)
        self._router = IndexedRouter(
            Encoder(name=embedder.name),
            [Route(name=domain.name, utterances=texts_of(domain)) for domain in domains],
        )

    def score(self, texts: Sequence[str]) -> Scored:
        """Its confidences; 0 for routes that it does not name."""
        self._embedder.embed(texts)  # in one batch; it asks for them one by one
        at = {label: column for column, label in enumerate(self._labels)}
        scores = np.zeros((len(texts), len(self._labels)))
        for row, text in enumerate(texts):
            for choice in self._router(text, limit=None):
                scores[row, at[choice.name]] = choice.confidence
        return _of_cosines(self._labels, scores)


def baselines(minilm: Embedder, model2vec: Embedder, *, examples: bool) -> list[System]:
    """The rivals to compare with; those whose package is not installed raise when set up.

    Args:
        minilm: its embeddings, shared by several of them.
        model2vec: its embeddings.
        examples: there are examples, not descriptions and keywords alone.
    """
    with_examples: list[System] = [NearestCentroid(minilm), LogisticOnVectors(minilm)]
    return [
        NearestText(minilm),
        *(with_examples if examples else []),
        TfidfLogistic(),
        SemanticRouter(minilm),
        NearestText(model2vec),
    ]


def texts_of(domain: RouterDomain) -> list[str]:
    """What a rival is told of a domain: all that MDSA's router is told."""
    name = domain.name.replace("_", " ")
    return list(dict.fromkeys((name, domain.description, *domain.keywords, *domain.examples)))


def _of_cosines(labels: tuple[str, ...], cosines: NDArray[Any]) -> Scored:
    scores = np.clip(cosines.astype(np.float64), 0, 1)
    return Scored(labels, scores, 1 - scores.max(axis=1), are_probabilities=False)


def _need(module: str, install: str) -> None:
    if find_spec(module) is None:
        raise ModelUnavailableError(f"not installed: pip install {install}")
