"""CoreDNS on the bridge: names of headless services and of their pods, nothing else."""

from __future__ import annotations

from kubernetes import client

from tests.cluster.bed import processes
from tests.cluster.bed.layout import CONTEXT, DNS_ADDRESS, DOMAIN, Bed
from tests.cluster.bed.objects import RBAC, create, manifest, role_reference
from tests.cluster.bed.programs import program

COREFILE = """\
{domain}:53 {{
    bind {address}
    errors
    kubernetes {domain} {{
        kubeconfig {kubeconfig} {context}
    }}
}}
.:53 {{
    bind {address}
    template ANY ANY . {{
        rcode NXDOMAIN
    }}
}}
"""
"""Without a cache: who waits for a pod's name hears of it at once."""

RIGHTS = (
    {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
    {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]},
)


def up(bed: Bed, kube: client.ApiClient) -> None:
    """Let CoreDNS read what it answers from, and start it."""
    name = "bed:coredns"
    subject = {"apiGroup": RBAC, "kind": "User", "name": "coredns"}
    create(kube, manifest("ClusterRole", name, rules=list(RIGHTS)))
    binding = {"roleRef": role_reference("ClusterRole", name), "subjects": [subject]}
    create(kube, manifest("ClusterRoleBinding", name, **binding))
    file = bed.folder / "Corefile"
    values = {"domain": DOMAIN, "address": DNS_ADDRESS, "kubeconfig": bed.config("coredns"), "context": CONTEXT}
    file.write_text(COREFILE.format(**values), encoding="utf-8")
    processes.start(bed, "coredns", program("coredns"), "-conf", file)
