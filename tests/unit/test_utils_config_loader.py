from __future__ import annotations

from pathlib import Path

import pytest

from mdsa.errors import ConfigError
from mdsa.utils import ConfigLoader


def _write(name: str, text: str) -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml_values_keep_their_types_and_are_reached_by_dotted_keys() -> None:
    path = _write(
        "app.yaml", "router:\n  threshold: 0.8\ndomains:\n  - name: orders\n    tools: []\n"
    )
    config = ConfigLoader(path)

    assert config.get("router.threshold") == 0.8
    assert config.get("domains.0.name") == "orders"
    assert config.get("domains.0.tools", ["default"]) == []
    assert config.data == {
        "router": {"threshold": 0.8},
        "domains": [{"name": "orders", "tools": []}],
    }


def test_a_missing_key_gives_the_default_and_null_is_a_value() -> None:
    config = ConfigLoader(_write("app.yml", "model: null\nlist: [1]\n"))

    assert config.get("router.threshold", 0.7) == 0.7
    assert config.get("model", "phi-2") is None
    assert config.get("list.1", "none") == "none"
    assert config.get("list.-1", "none") == "none"
    with pytest.raises(ConfigError, match=r"app\.yml: the key 'router' is missing"):
        config.require("router")


def test_variables_are_filled_in_before_unquoted_values_get_their_type() -> None:
    path = _write(
        "app.yaml",
        "port: ${PORT:-8000}\ntext: '${PORT:-8000}'\nurl: http://${HOST}:${PORT:-8000}/v1\n"
        "flag: ${FLAG:-false}\nnothing: ${NONE:-}\nplain: $${HOST} costs $5\n",
    )
    config = ConfigLoader(path, env={"HOST": "localhost", "FLAG": ""})

    assert config.data == {
        "port": 8000,
        "text": "8000",
        "url": "http://localhost:8000/v1",
        "flag": False,
        "nothing": None,
        "plain": "${HOST} costs $5",
    }


def test_what_a_variable_holds_is_not_parsed_as_structure() -> None:
    path = _write("app.yaml", "model: ${MODEL}\n")
    config = ConfigLoader(path, env={"MODEL": "a\nadmin: true # ${SECRET}"})

    assert config.data == {"model": "a\nadmin: true # ${SECRET}"}


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_NAME", "Corner shop")

    assert ConfigLoader(_write("a.json", '{"shop": "${SHOP_NAME}"}')).get("shop") == "Corner shop"


def test_an_unset_variable_is_named_with_file_line_and_key() -> None:
    path = _write("app.yaml", "a: 1\nmodels:\n  - url: ${OLLAMA_HOST_URL}\n")
    with pytest.raises(
        ConfigError,
        match=r"app\.yaml, line 3, key 'models\.0\.url': .*OLLAMA_HOST_URL is not set; set it",
    ):
        ConfigLoader(path, env={})


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.yaml", "a: 1\nb: [1, 2\n", r"a\.yaml, line 3: "),
        ("a.yaml", "a: 1\nb:\n  c: 1\n  c: 2\n", r"a\.yaml, line 4, key 'b\.c': .*twice"),
        ("a.yaml", "a: ${1X}\n", r"a\.yaml, line 1, key 'a': '\$\{1X\}' is not a variable"),
        ("a.yaml", "a: !!python/object/apply:os.getcwd []\n", r"a\.yaml, line 1: could not det"),
        ("a.yaml", "- 1\n", r"a\.yaml: holds a list at the top"),
        ("a.yaml", "a: \x00\n", r"a\.yaml: "),
        ("a.json", '{"a": 1,\n "b": }', r"a\.json, line 2: "),
        ("a.json", '{"a": 1, "a": 2}', r"a\.json, key 'a': .*twice"),
        ("a.json", '{"a": {"b": ["${UNSET_V}"]}}', r"a\.json, key 'a\.b\.0': .*UNSET_V is not set"),
        (".env", "A=1\n'B\n", r"\.env, line 2: not a NAME=value line"),
        ("a.toml", "a = 1", r"a\.toml: unknown kind of configuration file; use \.yaml"),
    ],
)
def test_a_broken_file_is_refused_with_its_place(name: str, text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        ConfigLoader(_write(name, text), env={})


def test_a_file_that_cannot_be_read_is_named() -> None:
    with pytest.raises(ConfigError, match=r"cannot read the configuration file missing\.yaml"):
        ConfigLoader("missing.yaml")
    Path("latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(ConfigError, match=r"cannot read the configuration file latin\.yaml"):
        ConfigLoader("latin.yaml")


def test_an_empty_yaml_file_is_an_empty_configuration() -> None:
    assert ConfigLoader(_write("empty.yaml", "# nothing yet\n")).data == {}


def test_a_yaml_anchor_is_shared_and_its_variables_are_filled_in_once() -> None:
    path = _write("app.yaml", "base: &b {host: '${H}'}\none: *b\ntwo:\n  <<: *b\n  port: ${P:-1}\n")
    config = ConfigLoader(path, env={"H": "$${x}"})

    assert config.get("one.host") == config.get("two.host") == "$${x}"
    assert config.get("two.port") == 1


def test_dotenv_lines_see_those_above_and_the_environment_first() -> None:
    path = _write(
        ".env",
        "# comment\nexport HOST=localhost\nURL=http://${HOST}:${PORT:-11434}\nBARE\nQ='a b'\n",
    )

    assert ConfigLoader(path, env={}).data == {
        "HOST": "localhost",
        "URL": "http://localhost:11434",
        "BARE": None,
        "Q": "a b",
    }
    assert ConfigLoader(path, env={"HOST": "gpu-box"}).get("URL") == "http://gpu-box:11434"


def test_lines_are_known_for_messages_of_later_checks() -> None:
    config = ConfigLoader(_write("app.yaml", "a: 1\nb:\n  - x: 2\n\n  - x: 3\n"))

    assert config.line_of("b.1.x") == 5
    assert config.line_of("c") is None
