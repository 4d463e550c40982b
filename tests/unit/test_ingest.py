"""Folders into the knowledge base, again and again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from langchain_core.embeddings import DeterministicFakeEmbedding

from mdsa.errors import InvalidInputError
from mdsa.retrieval.ingest import IngestReport, ingest
from mdsa.retrieval.knowledge_base import KnowledgeBase


@pytest.fixture
def base(tmp_path: Path) -> Iterator[KnowledgeBase]:
    with KnowledgeBase(tmp_path / "store", DeterministicFakeEmbedding(size=8)) as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "sub").mkdir(parents=True)
    (folder / "returns.md").write_text("# Returns\n\n30 days.\n\n## Fees\n\nNone.\n")
    (folder / "sub" / "hours.txt").write_text("9 to 5")
    return folder


def texts(base: KnowledgeBase, domain: str | None = None) -> list[str]:
    return sorted(document.page_content for document in base.documents(domain=domain))


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.added, report.updated, report.unchanged, report.deleted


def test_a_folder_is_stored_with_titles_and_sources(base: KnowledgeBase, folder: Path):
    report = ingest([folder], base, domain="a")
    assert (counts(report), report.files, report.failed) == ((3, 0, 0, 0), 2, [])
    assert base.sources(domain="a") == {"docs/returns.md": 2, "docs/sub/hours.txt": 1}
    assert {d.metadata["title"] for d in base.documents(domain="a")} == {
        "Returns",
        "Returns > Fees",
        "hours",
    }
    assert base.count() == 0


def test_only_what_changed_is_done_again(base: KnowledgeBase, folder: Path):
    ingest([folder], base)
    assert counts(ingest([folder], base)) == (0, 0, 3, 0)
    (folder / "returns.md").write_text("# Returns\n\n60 days.\n\n## Fees\n\nNone.\n")
    assert counts(ingest([folder], base)) == (1, 0, 2, 1)
    assert texts(base) == ["60 days.", "9 to 5", "None."]
    (folder / "returns.md").write_text("# Refunds\n\n60 days.\n\n## Fees\n\nNone.\n")
    assert counts(ingest([folder], base)) == (0, 2, 1, 0)


def test_a_file_that_is_gone_is_forgotten_with_its_folder(base: KnowledgeBase, folder: Path):
    ingest([folder], base)
    (folder / "returns.md").unlink()
    assert counts(ingest([folder], base, prune=False)) == (0, 0, 1, 0)
    assert counts(ingest([folder], base)) == (0, 0, 1, 2)
    assert texts(base) == ["9 to 5"]


def test_other_folders_are_left_alone(base: KnowledgeBase, folder: Path, tmp_path: Path):
    ingest([folder], base)
    (tmp_path / "other").mkdir()
    (folder / "returns.md").unlink()
    assert counts(ingest([tmp_path / "other"], base)) == (0, 0, 0, 0)
    assert base.count() == 3


def test_documents_added_by_hand_stay(base: KnowledgeBase, folder: Path):
    base.add([{"content": "by hand", "metadata": {"source": "docs/returns.md"}}])
    ingest([folder], base)
    (folder / "returns.md").unlink()
    ingest([folder], base)
    assert texts(base) == ["9 to 5", "by hand"]


def test_broken_files_do_not_cost_the_others(base: KnowledgeBase, folder: Path, tmp_path: Path):
    (folder / "bad.json").write_text("{")
    (folder / "bad.pdf").write_text("nonsense")
    (folder / "reserved.json").write_text('[{"content": "x", "metadata": {"score": 1}}]')
    (folder / "picture.png").write_bytes(b"\x89PNG")
    (folder / ".hidden.txt").write_text("hidden")
    missing = tmp_path / "missing.txt"
    report = ingest([folder, missing], base)
    assert report.added == 3
    assert {path.name for path, _ in report.failed} == {
        "bad.json",
        "bad.pdf",
        "reserved.json",
        "missing.txt",
    }
    assert all(str(path) in message for path, message in report.failed)
    assert report.skipped == [folder / "picture.png"]


def test_a_file_that_breaks_keeps_its_old_text(base: KnowledgeBase, folder: Path):
    (folder / "x.json").write_text('{"content": "good"}')
    ingest([folder], base)
    (folder / "x.json").write_text("{")
    ingest([folder], base)
    assert "good" in texts(base)


def test_files_of_one_name_do_not_replace_each_other(base: KnowledgeBase, tmp_path: Path):
    for name in ("one", "two"):
        (tmp_path / name / "docs").mkdir(parents=True)
        (tmp_path / name / "docs" / "faq.txt").write_text(f"from {name}")
        ingest([tmp_path / name / "docs"], base)
    assert texts(base) == ["from one", "from two"]


def test_long_texts_are_cut_and_overlap(base: KnowledgeBase, tmp_path: Path):
    path = tmp_path / "long.txt"
    path.write_text(" ".join(f"word{i}" for i in range(500)))
    report = ingest([path], base, chunk_chars=300, overlap_chars=60)
    assert report.added > 10
    assert all(len(text) <= 300 for text in texts(base))
    words = [word for text in texts(base) for word in text.split()]
    assert set(words) == {f"word{i}" for i in range(500)}
    assert len(words) > 500


def test_many_files_are_stored_in_batches_and_progress_is_told(base: KnowledgeBase, tmp_path: Path):
    for i in range(150):
        (tmp_path / f"{i:03}.txt").write_text(f"text {i}")
    calls: list[tuple[int, int, str]] = []
    report = ingest(
        sorted(tmp_path.glob("*.txt")),
        base,
        progress=lambda done, total, path: calls.append((done, total, path.name)),
    )
    assert (report.added, report.files, base.count()) == (150, 150, 150)
    assert calls[0] == (0, 150, "000.txt")
    assert calls[-1] == (150, 150, "149.txt")
    assert [done for done, _, _ in calls] == list(range(151))


@pytest.mark.parametrize(("size", "overlap"), [(100, 100), (0, 0), (100, -1)])
def test_impossible_chunks_are_refused(base: KnowledgeBase, folder: Path, size: int, overlap: int):
    with pytest.raises(InvalidInputError, match="overlap"):
        ingest([folder], base, chunk_chars=size, overlap_chars=overlap)
