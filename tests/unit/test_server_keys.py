"""API keys: stored as hashes, read again when they change, shared among processes."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fakes.command_line import assert_failed, run_command, write_small_app

from mdsa.errors import InvalidInputError, StorageError, UnknownNameError
from mdsa.server.keys import KeyStore
from mdsa.server.rate_limit import RateLimiter
from mdsa.server.refusals import RateLimitError


def test_a_key_is_found_by_itself_and_its_secret_is_not_stored(tmp_path: Path):
    store = KeyStore(tmp_path)
    made, text = store.create("shop", domains=["orders"], requests_per_minute=5)

    assert KeyStore(tmp_path).find(text) == made
    assert (made.owner, made.domains, made.requests_per_minute) == ("shop", ["orders"], 5)
    secret = text.split("_", 2)[2]
    assert len(secret) == 43
    assert secret not in store.path.read_text()
    assert store.path.stat().st_mode & 0o777 == 0o600


def test_what_is_no_key_is_not_found(tmp_path: Path):
    store = KeyStore(tmp_path)
    _, text = store.create("shop")
    other = store.create("shop")[1]

    last = "A" if text[-1] != "A" else "E"
    mixed = "_".join([*text.split("_", 2)[:2], other.split("_", 2)[2]])
    for wrong in ("", text[:-1], text[:-1] + last, mixed, text + " ", text.upper()):
        assert store.find(wrong) is None


def test_a_key_that_another_process_revokes_is_gone(tmp_path: Path):
    server, command = KeyStore(tmp_path), KeyStore(tmp_path)
    made, text = command.create("shop")
    assert server.find(text) is not None

    assert command.revoke(made.id) == made

    assert server.find(text) is None
    assert server.configured
    with pytest.raises(UnknownNameError, match="unknown API key"):
        command.revoke(made.id)


def test_keys_made_at_once_are_all_kept(tmp_path: Path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda n: KeyStore(tmp_path).create(f"o{n}")[1], range(16)))

    assert all(KeyStore(tmp_path).find(text) for text in made)


@pytest.mark.parametrize("owner", ["", "a/b", "ann lee", "x" * 65])
def test_an_owner_that_cannot_be_is_refused(tmp_path: Path, owner: str):
    with pytest.raises(InvalidInputError, match="owner"):
        KeyStore(tmp_path).create(owner)
    assert not KeyStore(tmp_path).configured


def test_a_broken_file_lets_nobody_in(tmp_path: Path):
    store = KeyStore(tmp_path)
    _, text = store.create("shop")
    store.path.write_text("{")

    with pytest.raises(StorageError, match=r"api_keys\.json"):
        store.find(text)


def test_a_bucket_fills_up_again():
    now = [0.0]
    limiter = RateLimiter(lambda: now[0])
    for _ in range(3):
        limiter.take("key", 3)
    with pytest.raises(RateLimitError) as refused:
        limiter.take("key", 3)
    assert refused.value.retry_after_s == 20
    limiter.take("other", 3)

    now[0] = 20.0
    limiter.take("key", 3)
    with pytest.raises(RateLimitError):
        limiter.take("key", 3)


def test_the_command_creates_lists_and_revokes(tmp_path: Path):
    app = write_small_app(tmp_path)
    common = ("--data-dir", tmp_path / "data", "--json")
    made = json.loads(
        run_command("keys", "create", "shop", "--domain", "orders", "--app", app, *common).stdout
    )
    assert KeyStore(tmp_path / "data").find(made["key"]) is not None
    assert "sha256" not in made

    (listed,) = json.loads(run_command("keys", "list", *common).stdout)
    assert (listed["id"], listed["owner"], listed["domains"]) == (made["id"], "shop", ["orders"])
    run_command("keys", "revoke", made["id"], *common)
    assert KeyStore(tmp_path / "data").find(made["key"]) is None


def test_a_misspelled_domain_makes_no_key(tmp_path: Path):
    app = write_small_app(tmp_path)
    answer = run_command(
        *("keys", "create", "shop", "--domain", "ordres", "--app", app),
        *("--data-dir", tmp_path / "data"),
    )

    assert_failed(answer, "did you mean 'orders'")
    assert not KeyStore(tmp_path / "data").configured
