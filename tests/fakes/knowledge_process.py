"""A process that uses a knowledge store; tests start it beside themselves.

Protocol: each line on stdin is a command, each answered by one line of JSON: `add TEXT`, `put TEXT`
(always under one id), `count`, `search TEXT`, `fill N` (N documents in calls of one each),
`lines TAG N` (likewise, short ones), `found TAG` (how many of those come first for their own text,
by mode), `hold` and `release` (the writer's turn) and `limit BYTES` (no file may grow beyond).
"""

import json
import resource
import sys
from contextlib import ExitStack
from pathlib import Path

from langchain_core.embeddings import DeterministicFakeEmbedding

from mdsa.errors import MdsaError
from mdsa.retrieval.knowledge_base import KnowledgeBase
from mdsa.retrieval.store import ChromaStore


def line(tag: str, number: int) -> str:
    return f"{tag} line {tag}{number}"


def found(base: KnowledgeBase, tag: str) -> dict[str, int]:
    texts = [d.page_content for d in base.documents() if d.page_content.startswith(tag)]
    view = base.vector_store(None)
    return {
        "listed": len(texts),
        "dense": sum(base.search(t, k=1, mode="dense")[0].page_content == t for t in texts),
        "bm25": sum(base.search(t, k=1, mode="bm25")[0].page_content == t for t in texts),
        "view": sum(view.similarity_search(t, k=1)[0].page_content == t for t in texts),
    }


def obey(base: KnowledgeBase, held: ExitStack, command: str, argument: str) -> object:
    if command == "add":
        return base.add([{"content": argument}]).added
    if command == "put":
        return base.add([{"content": argument, "id": "1"}]).updated
    if command == "fill":
        for number in range(int(argument)):
            base.add([{"content": f"filler {number} " + "x" * 2000}])
        return "filled"
    if command == "lines":
        tag, _, count = argument.partition(" ")
        return sum(base.add([{"content": line(tag, n)}]).added for n in range(int(count)))
    if command == "found":
        return found(base, argument)
    if command == "hold":
        held.enter_context(ChromaStore(Path(sys.argv[1])).writing())
        return "held"
    if command == "release":
        held.close()
        return "released"
    if command == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(argument), resource.RLIM_INFINITY))
        return "limited"
    if command == "search":
        return sorted(document.page_content for document in base.search(argument, k=50))
    return base.count()


def main() -> None:
    base = KnowledgeBase(Path(sys.argv[1]), DeterministicFakeEmbedding(size=8))
    held = ExitStack()
    for request in sys.stdin:
        command, _, argument = request.strip().partition(" ")
        try:
            answer = obey(base, held, command, argument)
        except MdsaError as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
