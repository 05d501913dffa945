"""Buckets: how one is opened, how long an answer is waited for, and what is wrong with one that cannot be used.

An object store takes its settings from the environment, by the names that ``obstore`` knows: for S3 and what speaks
like it ``AWS_ENDPOINT_URL``, ``AWS_REGION``, ``AWS_ACCESS_KEY_ID``, ``AWS_SECRET_ACCESS_KEY`` and so on.
"""

from __future__ import annotations

import hashlib
import os
import re
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import obstore
from obstore.exceptions import BaseError
from obstore.store import from_url

from xfer.errors import StoreError

KNOCK = {"connect_timeout": "3s", "timeout": "4s"}
"""Limits of the first request: an address that cannot work is told within ten seconds."""

KNOCKS = {"max_retries": 1, "retry_timeout": timedelta(seconds=8)}

WORK = {"connect_timeout": "5s", "read_timeout": "30s", "timeout": "15min"}
"""Limits of every other request. By default one takes 30 s at most, which is too few for a large file's stream."""

RETRIES = {"max_retries": 10, "retry_timeout": timedelta(minutes=3)}
"""Hours of training outlive a few bad minutes of their storage."""

PART = 8 << 20
"""Bytes of a file that go by one request."""

PARTS = 5000
"""Parts of one object, at most: beyond that they become larger. S3 takes 10 000."""

UPLOADS = 4
"""Parts on their way at once: on a slow line, too, each must arrive within the limits above."""

CHECKSUM = "sha256"
"""Name of what is kept beside an object's bytes."""

ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")

CONNECTION = ("allow_http", "allow_invalid_certificates", "proxy_url", "proxy_ca_certificate", "proxy_excludes")
"""What variables of the form ``AWS_NAME`` may say of the connection."""


def require_address(url: str) -> None:
    """Raise ``StoreError`` for an address that means nothing to us; nothing is asked of it yet."""
    try:
        obstore.parse_scheme(url)
    except (BaseError, ValueError) as error:
        fix = "give a folder, or an address such as s3://bucket/prefix"
        raise StoreError(f"no storage has such an address: {_first_line(error)}", url, fix) from error
    for name in ENDPOINTS:
        if not re.match(r"https?://|$", os.environ.get(name, "")):
            raise StoreError(f"{name} is no address: {os.environ[name]}", url, "begin it with https:// or http://")


def opened(url: str) -> Any:
    """The bucket at ``url``, which has answered by then. Raises ``StoreError`` within seconds when it does not."""
    try:
        obstore.list_with_delimiter(_client(url, KNOCK, KNOCKS))
        return _client(url, WORK, RETRIES)
    except (BaseError, OSError, ValueError) as error:
        raise trouble(error, url) from error


def beside(content: bytes | Path) -> dict[str, str]:
    """What is kept with an object: its checksum, so that nobody need fetch all of it to learn that."""
    if isinstance(content, bytes):
        return {CHECKSUM: hashlib.sha256(content).hexdigest()}
    with content.open("rb") as stream:
        return {CHECKSUM: hashlib.file_digest(stream, "sha256").hexdigest()}


def trouble(error: Exception, where: str) -> StoreError:
    """What went wrong, in the storage's own words where it has said something, and where to look."""
    text = str(error)
    said = re.search(r"<Code>(.*?)</Code>(?:.*?<Message>(.*?)</Message>)?", text, re.DOTALL)
    if said is not None and said[1] == "NoSuchBucket":
        return StoreError("there is no such bucket", where, "make it, or mend the name; look at AWS_ENDPOINT_URL, too")
    if said is not None:
        fix = "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, and what they give the right to"
        why = unescape(said[2] or "it does not say why")
        return StoreError(f"the storage refuses ({said[1]}: {why})", where, fix)
    if re.search(r"://169\.254\.|Missing \w*AccessKey", text):  # the address is where a cloud's machines ask for theirs
        fix = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run where a workload identity gives them"
        return StoreError("there are no credentials for the storage", where, fix)
    fails = "answer" if "error sending request" in text else "work"
    what = f"the storage does not {fails}: {_first_line(error)}"
    return StoreError(what, where, "check AWS_ENDPOINT_URL, and that it can be reached from here")


def _client(url: str, limits: dict[str, str], retries: dict[str, Any]) -> Any:
    make: Any = from_url  # the types of its options are not there when it runs
    if obstore.parse_scheme(url) != "s3":
        return make(url, retry_config=retries)
    # Options that are given stand for all that the environment says of the connection, so that is said again. Who
    # gives an address with http:// need not say once more that he means it.
    said = {name: os.environ[variable] for name in CONNECTION if (variable := f"AWS_{name.upper()}") in os.environ}
    endpoint = next((os.environ[name] for name in ENDPOINTS if os.environ.get(name)), "")
    plain = {"allow_http": "true"} if endpoint.startswith("http://") else {}
    return make(url, client_options={**limits, **plain, **said}, retry_config=retries)


def _first_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return text[0] if text else type(error).__name__
