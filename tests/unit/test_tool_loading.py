"""Tool families by entry point."""

from __future__ import annotations

from pathlib import Path

import pytest

from mdsa.errors import ConfigError
from mdsa.tools import load_tool_family

FAMILY = '''
from mdsa.tools import Tool

def greet(name: str) -> str:
    """Greet."""
    return f"Hello {name}"

def build(data_dir):
    return [greet, Tool("where", "Where.", lambda: str(data_dir), {})]

def build_plain():
    return (greet,)

def needs_more(data_dir, password):
    return []

def twice():
    return [greet, greet]

def fails():
    raise RuntimeError("no key")

def wrong():
    return [5]

def one():
    return greet

async def late():
    return [greet]

number = 5
'''


@pytest.fixture
def family(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    # A name of its own for every test, because imported modules stay.
    name = f"family_{abs(hash(tmp_path))}"
    (tmp_path / f"{name}.py").write_text(FAMILY)
    (tmp_path / f"{name}_broken.py").write_text("import no_such_package_anywhere\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_a_family_gets_what_it_asks_for(family: str, tmp_path: Path) -> None:
    tools = load_tool_family(f"{family}:build", data_dir=tmp_path, unused=1)
    assert [tool.name for tool in tools] == ["greet", "where"]
    assert tools[0].execute({"name": "Ana"}) == "Hello Ana"
    assert tools[1].execute({}) == str(tmp_path)
    assert [t.name for t in load_tool_family(f"{family}:build_plain", data_dir=1)] == ["greet"]


@pytest.mark.parametrize(
    ("entry_point", "part"),
    [
        ("{family}", "package.module:function"),
        ("{family}:build:x", "package.module:function"),
        ("../{family}:build", "package.module:function"),
        (":build", "package.module:function"),
        ("no_such_module_anywhere:build", "no_such_module_anywhere"),
        ("{family}_broken:build", "no_such_package_anywhere"),
        ("{family}:nothing", "found nothing"),
        ("{family}:number", "found 5"),
        ("{family}:needs_more", "password"),
        ("{family}:twice", "greet"),
        ("{family}:fails", "no key"),
        ("{family}:wrong", "5 is not a tool"),
        ("{family}:one", "list"),
        ("{family}:late", "asynchronous"),
    ],
)
def test_a_wrong_family_is_named(family: str, entry_point: str, part: str) -> None:
    entry_point = entry_point.format(family=family)
    with pytest.raises(ConfigError) as caught:
        load_tool_family(entry_point, data_dir=Path())
    assert entry_point in str(caught.value)
    assert part in str(caught.value)
