"""The two halves of a data set: one to fit on, the other to measure on, split by document."""

from __future__ import annotations

from hashlib import sha1

__all__ = ["is_held_out"]


def is_held_out(document_id: str) -> bool:
    """Whether a document belongs to the half that is measured on and never fitted to.

    A hash and not a seed decides, so that every program sees the same halves, whatever order it
    reads the documents in. Questions go with their document: the article's title (XQuAD), the
    site (PolicyQA), the number of the article (COVID-QA); rows of the Berkeley Function Calling
    Leaderboard go by their own id.

    Args:
        document_id: as the data set names it, without changes.
    """
    digest = sha1(document_id.encode(), usedforsecurity=False).hexdigest()
    return int(digest, 16) % 2 == 1
