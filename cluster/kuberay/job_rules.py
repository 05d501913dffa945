"""What KubeRay would not run: settings of a RayJob that the API server takes, and the operator then refuses or ignores.

The schema of KubeRay's definition says little; the rules are in the operator, which writes into the RayJob's status
what it refuses, or waits without a word. All this was read in KubeRay 1.7.0, and what it says of Kueue in Kueue 0.17.
What the schema refuses is not repeated here: the API server says it well, before anything exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cluster.kuberay import cluster_rules, deletion_rules
from cluster.kuberay.group_rules import autoscales, groups, unrestricted, workers
from cluster.kuberay.rule import Rule, entries, number, section, shown, text
from cluster.manifest import QUEUE, Manifest
from cluster.place import PlaceError
from xfer.errors import Problem, UserError

TOLERANT, OWN_COMMAND = "ray.io/ft-enabled", "ray.io/overwrite-container-cmd"
"""Annotations that KubeRay hears."""

OURS = "jobs.ray_node"
"""What such a command of a study's pods runs, and starts Ray in the end."""

LONGEST_NAME = 47
"""Of a RayJob: its cluster gets a hyphen and 5 letters more, and that one's services their endings."""

MOST_GROUPS = 6
"""Of workers in a queue: Kueue admits 8 sets of pods, and the head and the submitter are two."""

NEVER = {
    "clusterSelector": "the study would run in a cluster that is there already, without its own image and storage",
    "entrypointNumCpus": "the driver belongs on the head, and would go to any pod that has this",
    "entrypointNumGpus": "the driver belongs on the head, and would go to any pod that has this",
    "entrypointResources": "the driver belongs on the head, and would go to any pod that has this",
}
"""Fields that are to stay unset, and why."""

MODES = {
    "HTTPMode": "there would be no submitter, whose pod keeps the driver's log",
    "SidecarMode": "there would be no submitter, and KubeRay refuses a submitterPodTemplate beside it",
    "InteractiveMode": "KubeRay would wait for somebody to submit the study by hand",
}
"""Ways to submit that are not ours, and why."""

SHELL = re.compile(r"[;&|<>()`\n'\"]|(^|\s)#")
"""What a shell does not hand on as a part of a word; in what is left of a command without ``QUOTED``."""

QUOTED = re.compile(r"'[^']*'|\"(?:\\.|[^\"\\])*\"|\\.", re.DOTALL)


def refuse(manifest: Manifest, where: str) -> None:
    """Raises one ``PlaceError`` with all that would keep KubeRay from running this RayJob to its end.

    ``where`` is what the user can change: the profile.
    """
    found = [problem for rule in RULES for problem in rule(manifest)]
    if cluster := section(manifest, "spec", "rayClusterSpec"):
        inner = [problem for rule in cluster_rules.RULES for problem in rule(cluster)]
        found += [problem._replace(where=f"spec.rayClusterSpec.{problem.where}") for problem in inner]
    if found:
        lines = [str(UserError(what, path, fix)) for path, what, fix in found]
        raise PlaceError("\n".join(["KubeRay would take this RayJob and not run it:", *lines]), where)


def _name(job: Manifest) -> Iterator[Problem]:
    name = text(section(job, "metadata"), "name")
    if len(name) > LONGEST_NAME:
        what = f"has {len(name)} letters: KubeRay takes at most {LONGEST_NAME}"
        yield Problem("metadata.name", what, "give the study a shorter name")
    if not re.fullmatch(r"[a-z]([-a-z0-9]*[a-z0-9])?", name):
        what = f"is {shown(name)}: KubeRay wants a letter first, a letter or digit last, and '-' between them"
        yield Problem("metadata.name", what, "give the study another name")


def _never(job: Manifest) -> Iterator[Problem]:
    for key, why in NEVER.items():
        value = section(job, "spec").get(key)
        if value:
            yield Problem(f"spec.{key}", f"is {shown(value)}: {why}", "leave it out")


def _submission(job: Manifest) -> Iterator[Problem]:
    """KubeRay joins the command of its submitter from strings, and a shell reads it."""
    spec = section(job, "spec")
    mode, entrypoint, job_id = spec.get("submissionMode", "K8sJobMode"), text(spec, "entrypoint"), text(spec, "jobId")
    if mode != "K8sJobMode":
        why = MODES.get(str(mode), "KubeRay does not know it, and nobody would submit the study")
        yield Problem("spec.submissionMode", f"is {shown(mode)}: {why}", "say K8sJobMode")
    if not entrypoint.strip():
        yield Problem("spec.entrypoint", "is empty: there would be nothing to submit", "leave it as it was")
    if SHELL.search(QUOTED.sub("", entrypoint.strip())):
        what = f"is {shown(entrypoint)}: the submitter's shell would read it, and keep a part of it for itself"
        yield Problem("spec.entrypoint", what, "write one command, and quote what a shell would read")
    if job_id and not re.fullmatch(r"[\w.-]+", job_id, re.ASCII):
        what = f"is {shown(job_id)}: the submitter's shell would read it, unquoted"
        yield Problem("spec.jobId", what, "leave it out: KubeRay makes one for each try")


def _environment(job: Manifest) -> Iterator[Problem]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    said = text(section(job, "spec"), "runtimeEnvYAML")
    try:
        environment = YAML(typ="safe", pure=True).load(said)
    except YAMLError:
        environment = said
    if not (environment is None or isinstance(environment, dict)):
        yield Problem("spec.runtimeEnvYAML", f"is {shown(said)}: KubeRay wants a YAML map", "write KEY: VALUE lines")


def _tries(job: Manifest) -> Iterator[Problem]:
    spec = section(job, "spec")
    if (limit := number(spec, "backoffLimit", 0)) < 1:
        what = f"is {limit}: KubeRay refuses less than 0, and with 0 the study ends with the first head that is lost"
        yield Problem("spec.backoffLimit", what, "say how many heads may be lost: a new one goes on from the store")
    if (limit := number(section(spec, "submitterConfig"), "backoffLimit", 2)) < 1:
        what = f"is {limit}: less than 0 makes no submitter, and with 0 the study ends with the first one that is lost"
        yield Problem("spec.submitterConfig.backoffLimit", what, "say 1 or more")
    if (deadline := number(spec, "activeDeadlineSeconds", 1)) < 1:
        what = f"is {deadline}: KubeRay refuses it"
        yield Problem("spec.activeDeadlineSeconds", what, "say 1 or more, or leave it out")


def _submitter(job: Manifest) -> Iterator[Problem]:
    spec, where = section(job, "spec"), "spec.submitterPodTemplate"
    if "submitterPodTemplate" not in spec:
        what = "is not set: where pods have to be restricted the study would wait for KubeRay's own for ever"
        yield Problem(where, what, "give one with security contexts")
        return
    pod = section(spec, "submitterPodTemplate", "spec")
    for kind in ("initContainers", "containers"):
        for i, container in enumerate(entries(pod, kind)):
            yield from unrestricted(f"{where}.spec.{kind}[{i}]", pod, section(container, "securityContext"))
    first = next(iter(entries(pod, "containers")), {})
    if not first:
        what = "is empty: KubeRay takes its first one for the submitter, and breaks"
        yield Problem(f"{where}.spec.containers", what, "add the submitter's container")
    if first.get("command") and "RAY_JOB_SUBMISSION_ID" not in f"{first['command']} {first.get('args')}":
        what = f"is {shown(first['command'])}: KubeRay would run this, and submit nothing"
        yield Problem(f"{where}.spec.containers[0].command", what, "leave it out")
    if pod.get("restartPolicy") not in ("Never", "OnFailure"):
        what = f"is {shown(pod.get('restartPolicy'))}: no Job may have such a pod, and the study would wait for ever"
        yield Problem(f"{where}.spec.restartPolicy", what, "say Never")


def _managers(job: Manifest) -> Iterator[Problem]:
    for path in (("spec",), ("spec", "rayClusterSpec")):
        manager = section(job, *path).get("managedBy")
        if manager not in (None, "ray.io/kuberay-operator"):
            what = f"is {shown(manager)}: KubeRay would leave it alone, and nothing of the study is in another cluster"
            yield Problem(".".join((*path, "managedBy")), what, "leave it out")


def _queue(job: Manifest) -> Iterator[Problem]:
    spec = section(job, "spec")
    queue, suspended = section(job, "metadata", "labels").get(QUEUE), spec.get("suspend") is True
    if not queue:
        return
    if not suspended:
        what = f"is not true: with the queue {queue} the study would start before it is admitted"
        yield Problem("spec.suspend", what, "say true")
    cluster, where = section(spec, "rayClusterSpec"), "spec.rayClusterSpec"
    if autoscales(cluster):
        what = "is true: Kueue refuses it, as it admits a number of pods that stays"
        yield Problem(f"{where}.enableInTreeAutoscaling", what, "leave it out; say replicas for each group")
    if (count := len(workers(cluster))) > MOST_GROUPS:
        what = f"has {count} groups: Kueue admits at most {MOST_GROUPS}, beside the head and the submitter"
        yield Problem(f"{where}.workerGroupSpecs", what, "leave groups out")
    for group in workers(cluster):
        if group.spec.get("groupName") == "head":
            what = 'is "head": Kueue calls the head so, and refuses it'
            yield Problem(f"{where}.{group.path}.groupName", what, "take another name")


def _annotations(job: Manifest) -> Iterator[Problem]:
    for group in groups(section(job, "spec", "rayClusterSpec")):
        annotations = section(group.spec, "template", "metadata", "annotations")
        if text(annotations, OWN_COMMAND).lower() == "true" and OURS not in str(group.container.get("command")):
            where = f"spec.rayClusterSpec.{group.path}.template.metadata.annotations"
            yield Problem(where, f"has {OWN_COMMAND}: KubeRay would not start Ray", f"leave it out, or run {OURS}")
    if text(section(job, "metadata", "annotations"), TOLERANT).lower() == "true":
        what = f"has {TOLERANT}: a new head would still know the study's submission, and fail the next one"
        yield Problem("metadata.annotations", what, "leave it out")


def _cluster(job: Manifest) -> Iterator[Problem]:
    if not section(job, "spec", "rayClusterSpec"):
        yield Problem("spec.rayClusterSpec", "is not set: KubeRay refuses the job", "leave it as it was")


RULES: tuple[Rule, ...] = (
    _name,
    _never,
    _submission,
    _environment,
    _tries,
    _submitter,
    _managers,
    _queue,
    _annotations,
    _cluster,
    *deletion_rules.RULES,
)
