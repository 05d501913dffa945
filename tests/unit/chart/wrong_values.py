"""Values that the chart's schema refuses, with what is wrong; helm's own validator is given them, too."""

from __future__ import annotations

from typing import Any

Values = dict[str, Any]

WRONG: dict[str, tuple[Values, str]] = {
    "a misspelt section": ({"imgae": {"repository": "xfer"}}, "imgae"),
    "a misspelt value": ({"image": {"repo": "xfer"}}, "repo"),
    "a pull policy that there is not": ({"image": {"pullPolicy": "Sometimes"}}, "pullPolicy"),
    "a storage that is no address": ({"storage": {"object": {"url": "bucket/prefix"}}}, "url"),
    "a size without a unit": ({"storage": {"claim": {"size": 100}}}, "size"),
    "a path that is not absolute": ({"storage": {"claim": {"path": "xfer"}}}, "path"),
    "a subject of no kind": ({"access": {"subjects": [{"kind": "Team", "name": "nlp"}]}}, "kind"),
    "a person with a namespace": (
        {"access": {"subjects": [{"kind": "User", "name": "ada", "namespace": "research"}]}},
        "subjects",
    ),
    "half a GPU": ({"profiles": {"default": {"pod": {"gpu": 0.5}}}}, "gpu"),
    "root": ({"profiles": {"default": {"runAsUser": 0}}}, "runAsUser"),
    "a variable that is a number": ({"profiles": {"default": {"env": {"OMP_NUM_THREADS": 4}}}}, "OMP_NUM_THREADS"),
    "a profile whose name no object can have": ({"profiles": {"Big_GPUs": {}}}, "Big_GPUs"),
    "a misspelt value of another profile": ({"profiles": {"small": {"pod": {"gpus": 1}}}}, "gpus"),
    "a quota that is no quantity": ({"quota": {"requests.cpu": "many"}}, "requests.cpu"),
    "a misspelt value of a pool": ({"pools": {"gpu": {"taints": []}}}, "taints"),
    "a misspelt effect of a taint": ({"pools": {"gpu": {"tolerations": [{"effect": "NoWay"}]}}}, "effect"),
    "a pool whose name is none": ({"pools": {"GPU nodes": {}}}, "GPU nodes"),
    "a misspelt value of a queue": ({"kueue": {"queue": "gpus"}}, "queue"),
    "an interval without a unit": ({"monitoring": {"podMonitor": {"interval": "30"}}}, "interval"),
    "a misspelt value of a monitor": ({"monitoring": {"podMonitor": {"every": "30s"}}}, "every"),
    "a label that is a number": ({"monitoring": {"podMonitor": {"labels": {"release": 1}}}}, "release"),
    "an address without its length": ({"networkPolicy": {"apiServer": {"cidrs": ["10.0.0.5"]}}}, "10.0.0.5"),
    "a port that there is not": ({"networkPolicy": {"apiServer": {"port": 65536}}}, "port"),
    "an egress to all ports": ({"networkPolicy": {"egress": [{"cidr": "10.0.0.0/8", "ports": []}]}}, "ports"),
    "an egress that says no ports": ({"networkPolicy": {"egress": [{"cidr": "10.0.0.0/8"}]}}, "ports"),
    "a policy without the operator's namespace": ({"networkPolicy": {"operatorNamespace": ""}}, "operatorNamespace"),
    "a runtime that there is not": ({"profiles": {"default": {"runtime": "slurm"}}}, "runtime"),
    "a head with GPUs": ({"profiles": {"default": {"head": {"gpu": 1}}}}, "gpu"),
    "no CPU for the head": ({"profiles": {"small": {"head": {"cpu": 0}}}}, "cpu"),
    "no pods beside the head": ({"profiles": {"default": {"autoscale": {"maxPods": 0}}}}, "maxPods"),
    "a label of nodes that is none": ({"profiles": {"default": {"spreadOver": "by zone"}}}, "spreadOver"),
    "what the chart sets itself": ({"profiles": {"default": {"networkPolicy": True}}}, "networkPolicy"),
}
