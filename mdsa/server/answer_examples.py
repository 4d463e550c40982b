"""What routes answer, for the OpenAPI description: the demo's answers, shortened."""

from __future__ import annotations

import json
from typing import Any, Final

__all__ = ["answer_examples", "stream_examples"]

_SESSION: Final = "sess_abc123"
_TEXT: Final = "Express shipping costs $14.95 and takes 2 business days."
_TITLE: Final = "Shipping methods and prices in the United States"
_FILE: Final = "documents/shipping_methods_us.md"
_RUN: Final = "02c68c58-5e4d-4760-815d-63628240bc18"

_FACTS: Final[dict[str, Any]] = {
    "session_id": _SESSION,
    "request_id": "2f9090823b3745769ab64892d4d0a1ac",
    "decision": "direct",
    "domain": "order_tracking",
    "domains": ["order_tracking"],
    "confidence": 0.93,
    "reason": "confidence 0.93 reaches the threshold 0.70; nearest: 'How much is express?'",
    "degraded": False,
    "models": ["embedded://reader"],
    "sources": [
        {
            "id": "24a0088d892d6e6e4465126072c7b9e6",
            "title": _TITLE,
            "source": _FILE,
            "scope": "local",
            "score": 0.52,
        }
    ],
    "tool_calls": [],
    "interrupts": [],
}

_ANSWERED: Final[dict[str, Any]] = {
    "response": _TEXT,
    "latency_ms": 112.4,
    "used_reasoning": False,
    **_FACTS,
    "failures": [],
    "scores": {"customer_support": 0.04, "order_tracking": 0.93},
    "input_tokens": 412,
    "output_tokens": 17,
    "node_latency_ms": {"classify": 9.1, "gate": 0.4, "order_tracking": 98.2, "merge": 0.6},
}
"""A turn's result."""

_OUTPUT: Final = {**_ANSWERED, "messages": [{"type": "ai", "content": _TEXT}]}
_SAID: Final = [
    {"role": "user", "content": "How much does express shipping cost?", "domain": None},
    {"role": "assistant", "content": _TEXT, "domain": "order_tracking"},
]
_SUMMARY: Final = {
    "session_id": _SESSION,
    "user_id": "shop",
    "turns": 1,
    "updated_at": "2026-11-23T15:34:16.055081Z",
    "last_domain": "order_tracking",
}
_MODELS: Final = [
    {"id": name, "object": "model", "created": 1795447757, "owned_by": "mdsa"}
    for name in ("mdsa", "mdsa/order_tracking")
]
_CITED: Final = {"start_index": 0, "end_index": len(_TEXT), "title": _TITLE, "url": _FILE}
_PARTS: Final = [("sessions", "sessions"), ("knowledge", "knowledge")]
_METRICS: Final = """# HELP mdsa_turns_total Turns by outcome.
# TYPE mdsa_turns_total counter
mdsa_turns_total{outcome="success"} 17.0
mdsa_turns_total{outcome="failure"} 0.0
mdsa_turns_total{outcome="interrupted"} 1.0
"""


def _stream(*events: tuple[str, object]) -> str:
    return "".join(f"event: {name}\ndata: {json.dumps(data)}\n\n" for name, data in events)


def _turn_events() -> list[tuple[str, Any]]:
    route = {name: _FACTS[name] for name in ("decision", "domains", "confidence")}
    return [
        ("route", {"type": "route", "route": route}),
        ("token", {"type": "token", "node": "order_tracking/generate", "text": "Express"}),
        ("final", {"type": "final", "result": _ANSWERED}),
    ]


def _schema(title: str, **properties: str) -> dict[str, Any]:
    return {
        "title": title,
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in properties.items()},
    }


def answer_examples() -> dict[tuple[str, str], Any]:
    """Give an example of what each route answers, by method and path."""
    runs = [{"run_id": _RUN, "feedback_tokens": []}]
    return {
        ("post", "/chat"): _ANSWERED,
        ("get", "/sessions"): [_SUMMARY],
        ("get", "/sessions/{session_id}"): {**_SUMMARY, "messages": _SAID},
        ("post", "/sessions/{session_id}/resume"): _ANSWERED,
        ("get", "/domains"): [
            {
                "name": "order_tracking",
                "description": "Where an order is and when it arrives.",
                "keywords": ["where is my order", "shipping"],
            }
        ],
        ("get", "/health"): {"status": "healthy"},
        ("get", "/ready"): {
            "status": "ready",
            "checks": [
                {"kind": kind, "name": name, "ok": True}
                for kind, name in [*_PARTS, ("model", "embedded://reader")]
            ],
        },
        ("get", "/metrics"): _METRICS,
        ("get", "/stats"): {
            "requests_total": 18,
            "requests_success": 17,
            "requests_failed": 0,
            "requests_interrupted": 1,
            "success_rate": 1.0,
            "average_latency_ms": 124.9,
            "latency": {"p50_ms": 91.6, "p95_ms": 274.9, "p99_ms": 280.5},
            "domains_registered": 1,
            "domain_stats": {"order_tracking": 16},
            "decisions": {"direct": 16, "unmatched": 2},
            "input_tokens": 23047,
            "output_tokens": 979,
            "message_bus": {"total_messages": 36, "active_subscribers": 0},
            "workers": 1,
            "workers_unread": 0,
        },
        ("get", "/v1/models"): {"object": "list", "data": _MODELS},
        ("get", "/v1/models/{model}"): _MODELS[0],
        ("post", "/v1/chat/completions"): {
            "id": "chatcmpl-2f9090823b3745769ab64892d4d0a1ac",
            "object": "chat.completion",
            "created": 1795448097,
            "model": "mdsa",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "logprobs": None,
                    "message": {
                        "role": "assistant",
                        "content": _TEXT,
                        "refusal": None,
                        "annotations": [{"type": "url_citation", "url_citation": _CITED}],
                    },
                }
            ],
            "usage": {"prompt_tokens": 412, "completion_tokens": 17, "total_tokens": 429},
            "mdsa": _FACTS,
        },
        ("post", "/v1/responses"): {
            "id": "resp_M2NhMDdl.e1fcf23e",
            "object": "response",
            "created_at": 1795448098,
            "status": "completed",
            "model": "mdsa",
            "output": [
                {
                    "id": "msg_895502fc",
                    "type": "message",
                    "role": "assistant",
                    "status": "completed",
                    "content": [
                        {
                            "type": "output_text",
                            "text": _TEXT,
                            "annotations": [{"type": "url_citation", **_CITED}],
                        }
                    ],
                }
            ],
            "conversation": {"id": _SESSION},
            "previous_response_id": None,
            "metadata": {},
            "usage": {
                "input_tokens": 412,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": 17,
                "output_tokens_details": {"reasoning_tokens": 0},
                "total_tokens": 429,
            },
            "mdsa": _FACTS,
        },
        ("post", "/langserve/{graph}/invoke"): {"output": _OUTPUT, "metadata": runs[0]},
        ("post", "/langserve/{graph}/batch"): {
            "output": [_OUTPUT],
            "metadata": {"responses": runs, "run_ids": [_RUN]},
        },
        ("get", "/langserve/{graph}/input_schema"): _schema(
            "GraphInput", messages="array", resume="boolean"
        ),
        ("get", "/langserve/{graph}/output_schema"): _schema(
            "GraphOutput", response="string", messages="array"
        ),
        ("get", "/langserve/{graph}/config_schema"): _schema("mdsa_config", configurable="object"),
    }


def stream_examples() -> dict[tuple[str, str], str]:
    """Likewise of server-sent events."""
    started = {"event": "on_chain_start", "name": "classify", "run_id": _RUN, "data": {}}
    added = {"op": "add", "path": "/logs/classify", "value": {"id": _RUN, "name": "classify"}}
    turn = _turn_events()
    begun: tuple[str, object] = ("metadata", {"run_id": _RUN})
    ended: tuple[str, object] = ("end", {})
    delta = {"index": 0, "delta": {"content": "Express"}, "finish_reason": None}
    chunk = {"id": "chatcmpl-5f0c", "object": "chat.completion.chunk", "choices": [delta]}
    kind = "response.output_text.delta"
    text = {"type": kind, "sequence_number": 4, "delta": "Express"}
    return {
        ("post", "/chat/stream"): _stream(*turn),
        ("post", "/v1/chat/completions"): f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n",
        ("post", "/v1/responses"): _stream((kind, text)),
        ("post", "/langserve/{graph}/stream"): _stream(
            begun, *(("data", event) for _, event in turn), ended
        ),
        ("post", "/langserve/{graph}/stream_events"): _stream(("data", started), ended),
        ("post", "/langserve/{graph}/stream_log"): _stream(("data", {"ops": [added]}), ended),
    }
