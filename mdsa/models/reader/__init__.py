"""The reader: an extractive chat model over the passages of its prompt."""
