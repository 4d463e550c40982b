"""Samples for the adapter of a small language model, and what becomes of them."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers

from mdsa.models.grounding import find_inventions
from mdsa.models.smollm2.evidence import EvidenceFinder
from mdsa.models.smollm2.prompt import ABSTENTION
from mdsa.training.slm_batches import Encoded, batches, encode
from mdsa.training.slm_card import write_adapter_folder
from mdsa.training.slm_export import write_adapter
from mdsa.training.slm_facts import draw_entity, draw_fact, entity_kinds
from mdsa.training.slm_grounded import fact_samples, result_samples
from mdsa.training.slm_passages import load_passage_sets
from mdsa.training.slm_sample import Sample
from mdsa.training.slm_splits import merge_samples, split_samples
from mdsa.training.slm_statements import statement
from mdsa.training.slm_tools import draw_request, made_tools
from mdsa.training.slm_weights import llama_modules
from mdsa.utils.halves import is_held_out


@pytest.mark.parametrize(
    ("question", "span", "passage", "said"),
    [
        ("Who wrote the book?", "Ines Borg", "x", "Ines Borg wrote the book"),
        ("What is the fee?", "6 euros", "x", "The fee is 6 euros"),
        ("Who was elected president?", "Marek", "x", "Marek was elected president"),
        ("When does it open?", "9:00", "Now. It opens at 9:00. Later.", "It opens at 9:00"),
        ("How many came?", "forty", f"Some {'long words ' * 30} forty came.", "Forty"),
    ],
)
def test_an_answer_is_a_sentence(question: str, span: str, passage: str, said: str) -> None:
    assert statement(question, span, passage) == said


def test_every_fact_answers_its_own_question() -> None:
    rng = random.Random(3)
    for kind in entity_kinds():
        for _ in range(60):
            fact = draw_fact(rng, draw_entity(kind, rng), kind)
            assert find_inventions(fact.answer, [fact.text, fact.question]) == []


def test_nothing_in_a_made_answer_stands_in_no_source() -> None:
    rng = random.Random(1)
    finder = EvidenceFinder()
    samples = [*fact_samples(40, rng, finder), *result_samples(60, rng), *merge_samples(30, rng)]

    for sample in samples:
        prompt = sample.prompt + (" 3 times" if "times" in sample.answer else "")
        computed = "times 3 is" in sample.answer
        assert computed or find_inventions(sample.answer, [prompt]) == [], sample


def test_some_questions_have_no_answer_and_the_draws_repeat() -> None:
    finder = EvidenceFinder()
    samples = list(fact_samples(50, random.Random(5), finder))

    assert 3 < sum(sample.answer == ABSTENTION for sample in samples) < 25
    assert samples == list(fact_samples(50, random.Random(5), finder))


def test_a_citation_leads_to_the_passage_with_the_fact() -> None:
    for sample in fact_samples(30, random.Random(7), EvidenceFinder()):
        for sentence, number in re.findall(r"([^.\]]+) \[(\d)\]\.", sample.answer):
            lines = [line for line in sample.prompt.splitlines() if line.startswith(f"[{number}]")]
            assert find_inventions(sentence, [*lines, sample.prompt.split("Question")[1]]) == []


def test_made_up_requests_hold_what_they_call_for() -> None:
    rng = random.Random(2)
    for tool in made_tools():
        for _ in range(10):
            request = draw_request(tool, rng)
            (name, args), parameters = request.calls[0], tool.schema()["function"]["parameters"]
            assert name == tool.name
            assert set(parameters["required"]) <= set(args) <= set(parameters["properties"])
            for value in args.values():
                stated = [value] if not isinstance(value, list) else value
                assert isinstance(value, bool) or all(str(one) in request.text for one in stated)


def test_splits_name_the_domains_of_their_parts(tmp_path: Path) -> None:
    for name, row in (
        ("clinc150", {"text": "pay my bill", "domain": "banking"}),
        ("hwu64", {"text": "will it rain", "intent": "weather_query"}),
    ):
        folder = tmp_path / "intent" / name
        folder.mkdir(parents=True)
        others = [
            {**row, "domain": "travel", "intent": "music_query", "text": "another"},
            {**row, "domain": "work", "intent": "news_query", "text": "a third"},
        ]
        lines = "\n".join(json.dumps(each) for each in [row, *others])
        (folder / "train.jsonl").write_text(lines, encoding="utf-8")
    services = [{"service_name": f"{name}_1", "description": name} for name in "ABC"]
    openings = [
        {"services": [f"{name}_1"], "turns": [{"s": "U", "t": f"i need {name}"}]} for name in "ABC"
    ]
    folder = tmp_path / "dialogue" / "sgd_train"
    folder.mkdir(parents=True)
    (folder / "schema.json").write_text(json.dumps(services), encoding="utf-8")
    rows = "\n".join(json.dumps(each) for each in openings)
    (folder / "dialogues.jsonl").write_text(rows, encoding="utf-8")

    samples = list(split_samples(tmp_path, 60, random.Random(0)))

    for sample in samples:
        for part in json.loads(sample.answer)["questions"]:
            assert f"- {part['domain']}: " in sample.prompt
            assert part["query"] in sample.prompt
    assert {len(json.loads(sample.answer)["questions"]) for sample in samples} == {1, 2, 3}
    assert {sample.source for sample in samples} == {"clinc150", "hwu64", "sgd"}


def test_the_held_out_half_is_not_read(tmp_path: Path) -> None:
    titles = [f"title {number}" for number in range(12)]
    context = "The fee of this club is 6 euros for everybody."
    qas = [{"question": "What is the fee?", "answers": [{"text": "6 euros for everybody"}]}]
    articles = [
        {
            "title": title,
            "paragraphs": [{"context": f"{title}. {context}", "document_id": title, "qas": qas}],
        }
        for title in titles
    ]
    for path in ("xquad_en/xquad.en.json", "policyqa/dev.json", "covid_qa/covidqa.json"):
        file = tmp_path / "rag" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"data": articles}), encoding="utf-8")
    (tmp_path / "rag/covid_qa/faq.csv").write_text("question,answer,lang\n", encoding="utf-8")
    (tmp_path / "rag/pubmedqa").mkdir()
    (tmp_path / "rag/pubmedqa/pubmedqa_first500.json").write_text("{}", encoding="utf-8")

    sets = load_passage_sets(tmp_path)

    fitted = {title for title in titles if not is_held_out(title)}
    assert 0 < len(fitted) < len(titles)
    read = {title for title in titles if any(title in text for text in sets[0].passages)}
    assert {title for title in read if f"{title}." in " ".join(sets[0].passages)} == fitted
    assert [len(each.passages) for each in sets[:2]] == [len(fitted)] * 2


def test_the_loss_is_on_the_answer_alone() -> None:
    words = {word: number for number, word in enumerate(["a", "b", "c", "d", "e", "<|im_end|>"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="a"))  # noqa: S106 - no password
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    long = Sample("chat", "x", "a " * 50, "b")

    encoded = encode([Sample("chat", "x", "a b", "c d <|im_end|> "), long], tokenizer, 20)
    encoded = [Encoded((0, 1, 2, 3, 5), 2), Encoded((0, 2, 5), 1)] if len(encoded) == 1 else []
    (ids, targets), *rest = list(batches(encoded, 100, 0))

    assert rest == []
    rows = {tuple(row): target for row, target in zip(ids.tolist(), targets.tolist(), strict=True)}
    assert rows[0, 1, 2, 3, 5] == [-100, 2, 3, 5, -100]
    assert rows[0, 2, 5, 0, 0] == [2, 5, -100, -100, -100]


def test_an_adapter_goes_back_to_llama_cpps_order(tmp_path: Path) -> None:
    gguf = pytest.importorskip("gguf")
    weight = torch.arange(8 * 3, dtype=torch.float32).reshape(8, 3)
    read = llama_modules({"blk.0.attn_q.weight": weight}, 2, 1)
    b = read["model.layers.0.self_attn.q_proj.weight"]
    assert not torch.equal(b, weight)

    class _Field:
        def __init__(self, value: int) -> None:
            self.contents = lambda: value

    class _Reader:
        def __init__(self) -> None:
            self.fields = {
                "llama.attention.head_count": _Field(2),
                "llama.attention.head_count_kv": _Field(1),
            }

    state = {"blk.0.attn_q.a": torch.ones(3, 4), "blk.0.attn_q.b": b}
    write_adapter(tmp_path / "adapter.gguf", state, 32.0, _Reader(), "test")

    reader = gguf.GGUFReader(tmp_path / "adapter.gguf")
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    assert (tensors["blk.0.attn_q.weight.lora_b"].data == weight.numpy()).all()
    assert reader.fields["adapter.lora.alpha"].contents() == 32.0
    del reader, tensors


def test_the_folder_tells_how_the_adapter_was_made(tmp_path: Path) -> None:
    (tmp_path / "adapter.gguf").write_bytes(b"GGUF")
    facts = {
        "form": 1,
        "samples": {"grounded: xquad_en": 470},
        "settings": {"minutes": 28.0, "rank": 16, "rate": 1e-3, "batch_tokens": 1200}
        | {"longest": 460, "seed": 0},
        "run": {"steps": 400, "seconds": 1600.0, "tokens": 480_000, "loss": 0.2},
    }
    (tmp_path / "training.json").write_text(json.dumps(facts), encoding="utf-8")

    write_adapter_folder(tmp_path, tmp_path / "made", {"right": ("3 of 20", "16 of 20")})

    manifest = json.loads((tmp_path / "made/manifest.json").read_text(encoding="utf-8"))
    card = (tmp_path / "made/README.md").read_text(encoding="utf-8")
    assert manifest["sha256"] in card
    assert "| grounded: xquad_en | 470 | CC-BY-SA-4.0 |" in card
    assert "| right | 3 of 20 | 16 of 20 |" in card
