"""Changes of pods, waited for with one call."""

from __future__ import annotations

import time
from typing import Any

from cluster.kube import Namespace

TOGETHER = 0.5
"""Seconds in which changes count as one: pods change several times when they start or end."""


class Changes:
    """Changes of pods with the same labels, since this was made. What changes between two waits ends the second."""

    def __init__(self, space: Namespace, selector: str, since: str = "") -> None:
        self._space, self._selector = space, selector
        self._since = since or self._now()

    def wait(self, seconds: int) -> bool:
        """Until one of the pods changes, or for so long; whether one may have. A wait in vain is one call."""
        from kubernetes.client import ApiException
        from kubernetes.watch import Watch

        watch = Watch()
        with self._space.told("watch", "Pod"):
            try:
                for event in watch.stream(
                    self._space.core.list_namespaced_pod, self._space.name, label_selector=self._selector,
                    resource_version=self._since, timeout_seconds=seconds, allow_watch_bookmarks=True,
                ):  # fmt: skip
                    if event["type"] != "BOOKMARK":  # which only says how far others' pods have come
                        time.sleep(TOGETHER)
                        self._since = self._now()
                        return True
            except ApiException as error:
                if error.status != 410:  # gone: so much has changed that the server has forgotten where we were
                    raise
                self._since = self._now()
                return True
        self._since = str(watch.resource_version)
        return False

    def _now(self) -> str:
        with self._space.told("list", "Pod"):
            found: Any = self._space.core.list_namespaced_pod(self._space.name, label_selector=self._selector, limit=1)
            return str(found.metadata.resource_version)
