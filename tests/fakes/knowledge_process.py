"""A process that uses a knowledge store; tests start it beside themselves.

Protocol: each line on stdin is a command, each answered by one line of JSON: `add TEXT`, `put TEXT`
(always under one id), `count`, `search TEXT`, `fill N` (N documents in calls of one each) and
`limit BYTES` (no file may grow beyond).
"""

import json
import resource
import sys
from pathlib import Path

from langchain_core.embeddings import DeterministicFakeEmbedding

from mdsa.errors import MdsaError
from mdsa.retrieval.knowledge_base import KnowledgeBase


def obey(base: KnowledgeBase, command: str, argument: str) -> object:
    if command == "add":
        return base.add([{"content": argument}]).added
    if command == "put":
        return base.add([{"content": argument, "id": "1"}]).updated
    if command == "fill":
        for number in range(int(argument)):
            base.add([{"content": f"filler {number} " + "x" * 2000}])
        return "filled"
    if command == "limit":
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(argument), resource.RLIM_INFINITY))
        return "limited"
    if command == "search":
        return sorted(document.page_content for document in base.search(argument, k=50))
    return base.count()


def main() -> None:
    base = KnowledgeBase(Path(sys.argv[1]), DeterministicFakeEmbedding(size=8))
    for line in sys.stdin:
        command, _, argument = line.strip().partition(" ")
        try:
            answer = obey(base, command, argument)
        except MdsaError as error:
            answer = {"error": type(error).__name__, "message": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
