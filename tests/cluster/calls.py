"""What ServiceAccounts ask of the bed's API server, from its own audit log: who asked what, about which study.

Its counter ``apiserver_request_total`` has what anybody asks, controllers and KWOK too; the audit log says who it
was and, by what the call names, which study it was for.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cluster.manifest import INSTANCE

Group = tuple[str, str]
"""Who asks, and what state the study is in that it asks about."""


@dataclass(frozen=True)
class Call:
    """One call, however long it took."""

    namespace: str
    account: str
    what: str
    """Verb and resource."""
    study: str
    """Name of a study, or what else the call names."""
    time: float
    """When it came, seconds since 1970."""


def calls(log: Path, uids: Mapping[str, str]) -> list[Call]:
    """Every call of a ServiceAccount, once each; ``uids`` are names of studies by their Jobs' uid."""
    found = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        found[entry["auditID"]] = _call(entry, uids)  # a long one leaves a line when it begins and when it ends
    return list(found.values())


def _call(entry: Mapping[str, Any], uids: Mapping[str, str]) -> Call:
    _, _, namespace, account = entry["user"]["username"].split(":")
    about = entry.get("objectRef", {})
    resource = "/".join(about[part] for part in ("resource", "subresource") if part in about)
    time = datetime.fromisoformat(entry["requestReceivedTimestamp"]).timestamp()
    what = f"{entry['verb']} {resource or urlsplit(entry['requestURI']).path}"
    return Call(namespace, account, what, _study(entry, uids), time)


def _study(entry: Mapping[str, Any], uids: Mapping[str, str]) -> str:
    query = parse_qs(urlsplit(entry["requestURI"]).query)
    for selector in query.get("labelSelector", []):
        if named := re.search(rf"{re.escape(INSTANCE)}=([^,]+)", selector):
            return named[1]
    for selector in query.get("fieldSelector", []):
        return uids.get(selector.partition("involvedObject.uid=")[2], selector)
    about = entry.get("objectRef", {})
    name = str(about.get("name", ""))
    return name.rpartition("-")[0].rpartition("-")[0] if about.get("resource") == "pods" else name


def table(found: Iterable[tuple[Group, Call]], sizes: Mapping[Group, int], minutes: float) -> str:
    """Calls a minute, of a group together and of each of its studies: a row per group and kind of call."""
    counted = Counter((group, call.what) for group, call in found)
    rows = [f"{'who':14}{'studies':22}{'call':18}{'a minute':>10}{'a study':>10}"]
    for (who, state), size in sizes.items():
        kinds = {what: count for (group, what), count in sorted(counted.items()) if group == (who, state)}
        for what, count in {**kinds, "all": sum(kinds.values())}.items():
            studies = f"{size} {state}"
            rows.append(f"{who:14}{studies:22}{what:18}{count / minutes:10.1f}{count / minutes / size:10.2f}")
    return "\n".join(rows)
