"""Knowledge: one store per domain and one that all share, searched by meaning and by words.

Every passage found carries two numbers. `score`, in [0, 1], is what results are sorted by: the
mean of the cosine similarity and of the share of the query's words, weighted by rarity, that BM25
finds in the passage (see `mdsa.retrieval.hybrid`; other modes score otherwise). `similarity`, in
[-1, 1], is the cosine alone; it compares across stores and queries, so thresholds are set on it.
"""
