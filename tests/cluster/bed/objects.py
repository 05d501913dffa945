"""Objects of Kubernetes as they are written: made from dictionaries, read back as the client's types."""

from __future__ import annotations

from typing import Any

from kubernetes import client, utils


def create(kube: client.ApiClient, manifest: dict[str, Any], namespace: str = "default") -> Any:
    """Make an object; how the API server has it.

    Raises:
        ApiException: it was refused.
    """
    try:
        return utils.create_from_dict(kube, manifest, namespace=namespace)[0]
    except utils.FailToCreateError as error:
        raise error.api_exceptions[0] from None


def manifest(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    """An object without a namespace: the call that makes it names one."""
    group = {"ClusterRole": RBAC, "ClusterRoleBinding": RBAC, "Role": RBAC, "RoleBinding": RBAC}.get(kind)
    labels = fields.pop("labels", {})
    return {
        "apiVersion": f"{group}/v1" if group else "v1",
        "kind": kind,
        "metadata": {"name": name, "labels": labels},
        **fields,
    }


def role_reference(kind: str, name: str) -> dict[str, str]:
    return {"apiGroup": RBAC, "kind": kind, "name": name}


RBAC = "rbac.authorization.k8s.io"
