"""Who reaches a study's pods: themselves alone. Pure: a manifest only.

What all studies may reach besides, and who may look at them, stands in the chart's policies; policies add up.
"""

from __future__ import annotations

from cluster.manifest import RUN, Manifest, labels


def policy(study: str) -> Manifest:
    """The NetworkPolicy by which a study's pods reach each other, on every port: Ray and NCCL choose theirs freely."""
    own = labels(RUN, study)
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": study, "labels": own},
        "spec": {
            "podSelector": {"matchLabels": dict(own)},  # copies: YAML would print a reference
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [{"podSelector": {"matchLabels": dict(own)}}]}],
            "egress": [{"to": [{"podSelector": {"matchLabels": dict(own)}}]}],
        },
    }
