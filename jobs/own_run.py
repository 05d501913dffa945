"""The object of the run that this pod belongs to: a Job, or KubeRay's RayJob."""

from __future__ import annotations

import os
from typing import Any

INDEX = "JOB_COMPLETION_INDEX"
"""What a Job calls its pods by; a RayJob's have none."""

TIMEOUT = 5.0
"""Seconds that a call may take."""


class OwnRun:
    """Reads and changes it, with the rights of the pod. Raises when this process is in no pod."""

    def __init__(self) -> None:
        from kubernetes import client, config

        config.load_incluster_config()
        self._api = client.CustomObjectsApi()
        job, rayjob = ("batch", "v1", "jobs"), ("ray.io", "v1", "rayjobs")
        group, version, plural = job if INDEX in os.environ else rayjob
        self._where = (group, version, os.environ["POD_NAMESPACE"], plural, os.environ["XFER_RUN"])

    def get(self) -> Any:
        """The object; raises ``kubernetes.client.ApiException``, of status 404 when it is gone."""
        return self._api.get_namespaced_custom_object(*self._where, _request_timeout=TIMEOUT)

    def patch(self, change: dict[str, Any]) -> None:
        """Merge a change into the object."""
        self._api.patch_namespaced_custom_object(*self._where, change, _request_timeout=TIMEOUT)
