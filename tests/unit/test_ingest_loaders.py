"""Each file format, whole and broken."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from mdsa.errors import RetrievalError
from mdsa.retrieval.loaders import load_file


def load(folder: Path, name: str, content: str | bytes) -> list[tuple[str, str]]:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return [(section.title, section.text) for section in load_file(path)]


def write_pdf(path: Path, pages: list[str], password: str | None = None) -> None:
    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(200, 200)
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        page[NameObject("/Resources")] = DictionaryObject(
            {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
        )
        stream = DecodedStreamObject()
        stream.set_data(f"BT /F1 12 Tf 10 100 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password)
    writer.write(path)


def test_markdown_titles_are_heading_paths(tmp_path: Path):
    text = "Before.\n\n# Returns\n\nIntro.\n\n## Window\n```\n# no heading\n```\n\n# Hours\n9 to 5."
    assert load(tmp_path, "shop.md", text) == [
        ("shop", "Before."),
        ("Returns", "Intro."),
        ("Returns > Window", "```\n# no heading\n```"),
        ("Hours", "9 to 5."),
    ]


def test_html_keeps_what_a_reader_sees(tmp_path: Path):
    page = """<html><head><title>Shop</title><style>p {}</style></head><body>
    <nav>menu</nav><p>Welcome &amp; <b>hello</b>.</p><script>track()</script><!-- note -->
    <h1>Shipping</h1><p>Free.</p><h2>Express <i>mail</i></h2><ul><li>two days</li><li>$5</li></ul>
    <h1>Hours</h1>9 to 5</body></html>"""
    assert load(tmp_path, "x.html", page) == [
        ("Shop", "Welcome & hello."),
        ("Shipping", "Free."),
        ("Shipping > Express mail", "two days\n$5"),
        ("Hours", "9 to 5"),
    ]


def test_json_documents_keep_their_metadata(tmp_path: Path):
    path = tmp_path / "faq.json"
    path.write_text('[{"content": "A", "metadata": {"type": "x", "title": "T"}}, {"content": "B"}]')
    first, second = load_file(path)
    assert (first.text, first.title, first.metadata) == ("A", "T", {"type": "x", "title": "T"})
    assert (second.text, second.title) == ("B", "faq 2")


def test_other_json_is_made_readable(tmp_path: Path):
    record = '{"name": "Box", "size": {"w": 1, "h": [2, 3]}, "gone": null, "ok": true}'
    assert load(tmp_path, "box.json", record) == [
        ("Box", "name: Box\nsize.w: 1\nsize.h: 2\nsize.h: 3\nok: True")
    ]
    assert load(tmp_path, "list.json", '["one", "two"]') == [("list 1", "one"), ("list 2", "two")]


def test_json_lines(tmp_path: Path):
    assert load(tmp_path, "x.jsonl", '{"content": "A"}\n\n{"q": 1}\n') == [
        ("x 1", "A"),
        ("x 3", "q: 1"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_rows_name_their_columns(tmp_path: Path, delimiter: str):
    text = 'name,price\nPen,2\n"Big, Cup",\n'.replace(",", delimiter)
    quoted = f"Big{delimiter} Cup"
    assert load(tmp_path, "p.csv", text) == [
        ("p, row 1", "name: Pen\nprice: 2"),
        ("p, row 2", f"name: {quoted}"),
    ]


def test_pdf_pages_are_numbered(tmp_path: Path):
    write_pdf(tmp_path / "x.pdf", ["First page", "", "Third page"])
    sections = load_file(tmp_path / "x.pdf")
    assert [(s.text.strip(), s.metadata) for s in sections] == [
        ("First page", {"page": 1}),
        ("Third page", {"page": 3}),
    ]


@pytest.mark.parametrize(
    "data",
    [
        "café".encode(),
        b"\xef\xbb\xbfcaf\xc3\xa9",
        "café".encode("utf-16"),
        b"\xfe\xff" + "café".encode("utf-16-be"),
        "café".encode("utf-32"),
    ],
)
def test_unicode_is_recognised(tmp_path: Path, data: bytes, caplog: pytest.LogCaptureFixture):
    assert load(tmp_path, "x.txt", data) == [("x", "café")]
    assert not caplog.records


def test_other_text_is_read_with_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING):
        assert load(tmp_path, "x.txt", b"caf\xe9 \x96 open") == [("x", "café \u2013 open")]
    assert "x.txt is not UTF-8" in caplog.text


def test_stray_characters_are_cleaned(tmp_path: Path):
    assert load(tmp_path, "x.txt", "a" * 200 + "\0b") == [("x", "a" * 200 + "b")]
    assert load(tmp_path, "x.json", '{"content": "half \\ud800 of \\u0000it"}') == [
        ("x", "half \ufffd of it")
    ]


@pytest.mark.parametrize("name", ["x.txt", "x.md", "x.html", "x.jsonl", "x.csv"])
@pytest.mark.parametrize("content", ["", " \n"])
def test_a_file_without_text_gives_nothing(tmp_path: Path, name: str, content: str):
    assert load(tmp_path, name, content) == []


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.xyz", "x", "cannot read files of type '.xyz'"),
        ("x.txt", bytes(range(256)) * 4, "is not text"),
        ("x.txt", b"\xff\xfea", "begins as utf-16"),
        ("x.json", '{"a": ', "is not JSON: Expecting value, line 1 column 7"),
        ("x.json", "", "is not JSON"),
        ("x.json", "[" * 200_000, "cannot be read as JSON"),
        ("x.json", '{"content": "a", "metadata": [1]}', "'metadata' must be an object"),
        ("x.jsonl", '{"a": 1}\n{"b"', "line 2 column"),
        ("x.csv", "a,b\n1,2,3\n", "line 2 has more fields than the header's 2"),
        ("x.csv", 'a,b\n"1,2\n', "is not CSV"),
        ("x.pdf", b"%PDF-1.4 nonsense", "is damaged"),
        ("x.pdf", b"", "is damaged"),
    ],
)
def test_a_broken_file_is_named_with_the_reason(
    tmp_path: Path, name: str, content: str | bytes, said: str
):
    with pytest.raises(RetrievalError) as caught:
        load(tmp_path, name, content)
    assert str(tmp_path / name) in str(caught.value)
    assert said in str(caught.value)


def test_an_encrypted_pdf_is_named(tmp_path: Path):
    write_pdf(tmp_path / "x.pdf", ["secret"], "key")
    with pytest.raises(RetrievalError, match=r"x\.pdf: is encrypted"):
        load_file(tmp_path / "x.pdf")


@pytest.mark.parametrize("name", ["gone.txt", "gone.pdf", "gone.json"])
def test_a_missing_file_is_named(tmp_path: Path, name: str):
    with pytest.raises(RetrievalError, match="cannot be read"):
        load_file(tmp_path / name)
