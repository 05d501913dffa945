"""Profile: what the platform team says about the pods of studies. A ConfigMap that the chart makes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel
from ruamel.yaml import YAML

from cluster.place import PlaceError
from xfer.phase.resources import Resources
from xfer.study.fields import Fields
from xfer.study.source import dotted

KEY = "profile.yaml"
"""The ConfigMap's only key."""


class _Camel(Fields):
    """Spelled in YAML as Kubernetes spells its own fields."""

    model_config = ConfigDict(alias_generator=to_camel)


class Claim(_Camel):
    """A persistent volume that every pod mounts."""

    claim: str
    path: str = Field(pattern="^/")
    read_only: bool = False


class PodSize(_Camel):
    """What one pod gets of a node."""

    cpu: int = Field(ge=1)
    cpu_request: float | None = Field(default=None, gt=0)
    """Of these, what a node must have left; all of them when not given."""
    memory: str
    gpu: int = Field(default=0, ge=0)

    def fits(self, cpu: int, gpu: int) -> int:
        """How often so many CPUs and GPUs go into it."""
        return min(self.cpu // cpu, self.gpu // gpu if gpu else self.cpu)


class Head(_Camel):
    """What KubeRay's head pod gets, in which the driver runs: no lane does."""

    cpu: float = Field(default=2, gt=0)
    memory: str = "8Gi"
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[dict[str, Any], ...] = ()


class Autoscale(_Camel):
    """How far KubeRay's autoscaler goes."""

    max_pods: int = Field(default=8, ge=1)
    """Worker pods of a study, at most."""
    idle_seconds: int = Field(default=60, ge=0)
    """Until a worker pod without work ends."""


class Profile(_Camel):
    """Its fields come from the chart's values."""

    runtime: Literal["auto", "job", "kuberay"] = "auto"
    """What a study is: an Indexed Job, a RayJob, or a RayJob where KubeRay is there."""

    image: str
    image_pull_policy: str = "IfNotPresent"
    image_pull_secrets: tuple[str, ...] = ()
    service_account: str
    storage: str
    claims: tuple[Claim, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    env_from_secrets: tuple[str, ...] = ()
    pod: PodSize
    gpu_resource: str = "nvidia.com/gpu"
    shared_memory: str = "1Gi"
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[dict[str, Any], ...] = ()
    priority_class: str = ""
    spread_over: str = ""
    """A label of nodes, such as ``topology.kubernetes.io/zone``: pods of a study spread over its values."""
    queue: str = ""
    """Kueue's local queue that admits studies; then a study has as many pods as it needs at most, from its start."""
    network_policy: bool = False
    """Whether each study gets a policy of its own, by which nothing but its own pods reaches them."""
    ray_version: str = "2.60.0"
    """Of Ray in the image; KubeRay wants to be told."""
    head: Head = Head()
    autoscale: Autoscale = Autoscale()
    ray_job: dict[str, Any] = Field(default_factory=dict)
    """What the platform adds to the ``spec`` of every RayJob; maps are merged."""
    run_as_user: int = Field(default=1000, ge=1)

    def pods(self, shapes: tuple[Resources, ...]) -> int:
        """Pods that the largest of these shapes needs. Raises ``PlaceError`` when a rank fits into none."""
        return max((self._pods(shape) for shape in shapes), default=1)

    def _pods(self, shape: Resources) -> int:
        cpu, gpu = shape.per_rank.cpu, shape.per_rank.gpu
        fit = self.pod.fits(cpu, gpu)
        if fit == 0:
            has = f"a pod of this profile has {self.pod.cpu} and {self.pod.gpu}"
            what = f"a rank takes {cpu} CPUs and {gpu} GPUs, and {has}"
            raise PlaceError(what, "resources.per_rank", "ask for less, or take a profile with larger pods")
        return -(-shape.ranks // fit)


def parse(text: str, where: str) -> Profile:
    """A profile from its ConfigMap's text. Raises ``PlaceError``."""
    try:
        return Profile.model_validate(YAML(typ="safe", pure=True).load(text))
    except ValidationError as error:
        found = "; ".join(f"{dotted(e['loc'])}: {e['msg']}" for e in error.errors(include_url=False))
        raise PlaceError(f"the profile is malformed: {found}", where, "upgrade the chart in this namespace") from error
