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
}
