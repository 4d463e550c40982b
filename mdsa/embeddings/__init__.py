"""Text embeddings: the packaged MiniLM on onnxruntime, and whatever LangChain can load."""

from mdsa.embeddings.loader import ANSWER_MODEL, DEFAULT_MODEL, load_embeddings

__all__ = ["ANSWER_MODEL", "DEFAULT_MODEL", "load_embeddings"]
