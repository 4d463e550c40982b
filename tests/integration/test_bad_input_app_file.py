"""App files that cannot be used, and documents of an app that cannot be read."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mdsa.core.orchestrator import TinyBERTOrchestrator
from mdsa.errors import ConfigError

DOMAIN = "{name: orders, description: Orders, keywords: [order]}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must hold keys and values"),
        ("- a\n- b\n", "must hold keys and values, not list"),
        ("name: [", "not valid YAML"),
        (f"domains: [{DOMAIN}]", "key 'name'"),
        ("name: app\ndomains: []", "key 'domains'"),
        (f"name: app\ncolour: red\ndomains: [{DOMAIN}]", "key 'colour'"),
        ("name: app\ndomains: [{name: orders}]", r"key 'domains\.0\.description'"),
        ("name: app\ndomains: [nowhere]", "nowhere"),
        (f"name: app\ndomains: [{DOMAIN}, {DOMAIN}]", "'orders' is listed more than once"),
        (f"name: app\nthreshold: 2\ndomains: [{DOMAIN}]", "key 'threshold'.*got 2"),
        (f"name: app\ntools: ['no.such:tools']\ndomains: [{DOMAIN}]", "key 'tools'.*'no.such'"),
        (f"name: app\nmodel: 'llama://3'\ndomains: [{DOMAIN}]", "key 'model'.*'llama'"),
        (
            f"name: app\nreasoning_model: 'llama://3'\ndomains: [{DOMAIN}]",
            "key 'reasoning_model'.*'llama'",
        ),
        (
            "name: app\ndomains: [{name: orders, description: Orders, model_name: 'llama://3'}]",
            "'orders'.*'llama'",
        ),
        (
            "name: app\ndomains: [{name: orders, description: Orders, tools: [cancel]}]",
            "'orders'.*'cancel'",
        ),
        (
            f"name: app\ndomains: [{DOMAIN}, {{name: returns}}]",
            r"key 'domains\.1\.description'",
        ),
        (f"name: app\nknowledge: {{global: [docs]}}\ndomains: [{DOMAIN}]", "docs does not exist"),
    ],
)
def test_an_app_file_that_cannot_be_used(tmp_path: Path, text: str, reason: str):
    path = tmp_path / "mdsa.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=reason) as raised:
        TinyBERTOrchestrator.from_app(path)
    assert str(tmp_path) in str(raised.value), "it names the file"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00name", b"name: \x00"])
def test_an_app_file_that_cannot_be_read(tmp_path: Path, content: bytes | None):
    path = tmp_path / "mdsa.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mdsa\.yaml"):
        TinyBERTOrchestrator.from_app(path)


def test_an_app_with_a_broken_pdf_answers_from_the_rest(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    documents = tmp_path / "docs"
    documents.mkdir()
    (documents / "broken.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog" + b"\x00" * 99)
    (documents / "empty.pdf").write_bytes(b"")
    (documents / "returns.md").write_text("# Returns\nReturns are accepted for 30 days.\n")
    path = tmp_path / "mdsa.yaml"
    path.write_text(f"name: app\nknowledge: {{global: [docs]}}\ndomains: [{DOMAIN}]")

    with (
        caplog.at_level(logging.WARNING, "mdsa.core"),
        TinyBERTOrchestrator.from_app(path) as agent,
    ):
        result = agent.process_request("For how many days are returns accepted in an order?")

    assert "30 days" in result["response"]
    for name in ("broken.pdf", "empty.pdf"):
        assert len([text for text in caplog.messages if name in text]) == 1
    assert not any("returns.md" in text for text in caplog.messages)
