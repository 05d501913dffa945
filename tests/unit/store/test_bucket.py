"""Buckets, as far as they can be looked at without one: settings, checksums, and what errors say."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from xfer.errors import StoreError
from xfer.store import bucket
from xfer.store.store import Store


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)


def test_what_the_environment_says_of_the_connection_stays_beside_our_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://minio:9000")
    monkeypatch.setenv("AWS_PROXY_URL", "http://proxy:3128")
    found = bucket._client("s3://bucket/prefix", bucket.WORK, bucket.RETRIES).client_options
    assert found["allow_http"] == "true", "the address says so"
    assert found["proxy_url"] == "http://proxy:3128" and found["read_timeout"] == bucket.WORK["read_timeout"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://minio:9000")
    found = bucket._client("s3://bucket/prefix", bucket.WORK, bucket.RETRIES).client_options
    assert "allow_http" not in found


@pytest.mark.parametrize("address", ["minio:9000", "127.0.0.1:9000", "/srv/minio"])
def test_an_endpoint_that_is_no_address_is_told_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    with pytest.raises(StoreError, match=f"AWS_ENDPOINT_URL is no address: {address}"):
        Store("s3://bucket/prefix")


@pytest.mark.parametrize(
    ("seen", "what", "fix"),
    [
        ("404: <Error><Code>NoSuchBucket</Code><Message>None.</Message>", "there is no such bucket", "make it"),
        ("403: <Code>AccessDenied</Code>", "refuses (AccessDenied: it does not say why)", "AWS_ACCESS_KEY_ID"),
        ("400: <Code>A</Code>\n<Message>expects &#34;b&#34;</Message>", 'refuses (A: expects "b")', "AWS_REGION"),
        ("PUT http://169.254.169.254/latest/api/token", "there are no credentials", "workload identity"),
        ("Generic S3 error: Missing AccessKeyId", "there are no credentials", "AWS_SECRET_ACCESS_KEY"),
        ("GET http://x - HTTP error: error sending request\n\nDebug", "does not answer: GET http://x", "reached"),
        ("Generic S3 error: teapot\n\nDebug source:", "does not work: Generic S3 error: teapot", "AWS_ENDPOINT_URL"),
    ],
)
def test_an_error_is_one_line_in_the_storages_words_with_what_to_do(seen: str, what: str, fix: str) -> None:
    error = bucket.trouble(OSError(seen), "s3://bucket")
    assert what in error.what and fix in error.fix and "\n" not in error.what and error.where == "s3://bucket"


class Unread(Store):
    """A store of which nothing large is fetched."""

    def _pieces(self, path: str) -> None:  # type: ignore[override]
        raise AssertionError(f"{path} was fetched")


def test_the_checksum_lies_beside_what_was_put(tmp_path: Path) -> None:
    store, file = Unread("memory:///"), tmp_path / "weights"
    file.write_bytes(b"weights")
    store.put("a", file)
    store.put("b", b"weights")
    store.create("c", b"weights")
    store.move("c", "d")
    expected = (7, hashlib.sha256(b"weights").hexdigest())
    assert [store.digest(path) for path in "abcd"] == [expected, expected, None, expected]
