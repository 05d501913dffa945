"""What the verbs need to be allowed in a namespace. The chart's role for people says the same; a test compares."""

from __future__ import annotations

RIGHTS: dict[tuple[str, str], tuple[str, ...]] = {
    ("batch", "jobs"): ("get", "list", "create", "patch", "delete"),
    ("ray.io", "rayjobs"): ("get", "list", "create", "patch", "delete"),
    ("kueue.x-k8s.io", "workloads"): ("list", "patch"),
    ("", "configmaps"): ("get", "create", "patch"),
    ("", "services"): ("create", "patch"),
    ("networking.k8s.io", "networkpolicies"): ("create", "patch"),
    ("", "secrets"): ("create", "patch"),
    ("", "pods"): ("get", "list", "watch", "create", "delete"),
    ("", "pods/log"): ("get",),
    ("", "pods/exec"): ("create", "get"),
    ("", "events"): ("list",),
    ("", "persistentvolumeclaims"): ("get",),
    ("", "resourcequotas"): ("list",),
}
"""Verbs by API group and resource. Secrets are never read."""
