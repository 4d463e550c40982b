"""Text embeddings: the packaged MiniLM on onnxruntime, and whatever LangChain can load."""

from mdsa.embeddings.loader import DEFAULT_MODEL, load_embeddings

__all__ = ["DEFAULT_MODEL", "load_embeddings"]
