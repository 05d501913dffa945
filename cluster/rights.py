"""What the verbs need to be allowed in a namespace. The chart's role for people says the same; a test compares."""

from __future__ import annotations

from cluster.profile import Profile

Rights = dict[tuple[str, str], tuple[str, ...]]
"""Verbs by API group and resource."""

RIGHTS: Rights = {
    ("batch", "jobs"): ("get", "list", "create", "patch", "delete"),
    ("", "configmaps"): ("get", "create", "patch"),
    ("", "services"): ("create", "patch"),
    ("", "secrets"): ("create", "patch"),
    ("", "pods"): ("get", "list", "watch", "create", "delete"),
    ("", "pods/log"): ("get",),
    ("", "pods/exec"): ("create", "get"),
    ("", "events"): ("list",),
    ("", "persistentvolumeclaims"): ("get",),
    ("", "resourcequotas"): ("list",),
}
"""Whatever a study is made of. Secrets are never read."""

RAYJOBS: Rights = {("ray.io", "rayjobs"): ("get", "list", "create", "patch", "delete")}
"""Where a study is a RayJob."""

QUEUES: Rights = {("kueue.x-k8s.io", "workloads"): ("list", "patch")}
"""Where a queue admits studies: stopping one is to tell Kueue."""

POLICIES: Rights = {("networking.k8s.io", "networkpolicies"): ("create", "patch")}
"""Where each study gets a policy of its own."""


def needed(profile: Profile) -> Rights:
    """What runs by this profile need."""
    return {
        **RIGHTS,
        **(RAYJOBS if profile.runtime == "kuberay" else {}),
        **(QUEUES if profile.queue else {}),
        **(POLICIES if profile.network_policy else {}),
    }
