"""Rules about what a RayJob leaves behind, and what goes when it has ended."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cluster.kuberay.group_rules import autoscales
from cluster.kuberay.rule import Rule, entries, number, section, text
from cluster.manifest import Manifest
from xfer.errors import Problem

ORDER = ("DeleteWorkers", "DeleteCluster", "DeleteSelf")
"""Deletions, each of which includes the ones before it."""


def _end(job: Manifest) -> Iterator[Problem]:
    spec = section(job, "spec")
    shutdown, seconds = spec.get("shutdownAfterJobFinishes") is True, number(spec, "ttlSecondsAfterFinished", 0)
    if seconds < 0:
        yield Problem("spec.ttlSecondsAfterFinished", f"is {seconds}: KubeRay refuses it", "say 0 or more")
    if seconds > 0 and not shutdown:
        what = f"is {seconds}: KubeRay refuses it where shutdownAfterJobFinishes is not true"
        yield Problem("spec.ttlSecondsAfterFinished", what, "say shutdownAfterJobFinishes: true")
    if spec.get("suspend") is True and not shutdown:
        what = "is not true: KubeRay refuses to suspend such a job"
        yield Problem("spec.shutdownAfterJobFinishes", what, "say true")
    elif not shutdown and not section(spec, "deletionStrategy"):
        what = "is not true: the pods of a study that has ended would stay, and hold their nodes"
        yield Problem("spec.shutdownAfterJobFinishes", what, "say true, or give a deletionStrategy")


def _old_deletion(job: Manifest) -> Iterator[Problem]:
    spec = section(job, "spec")
    for key in ("onSuccess", "onFailure"):
        if key not in section(spec, "deletionStrategy"):
            continue
        where, policy = f"spec.deletionStrategy.{key}.policy", section(spec, "deletionStrategy", key).get("policy")
        if policy is None:
            yield Problem(where, "is not set: KubeRay refuses it", "say DeleteCluster")
        if policy == "DeleteNone" and spec.get("shutdownAfterJobFinishes") is True:
            what = f"is {policy}: KubeRay refuses it beside shutdownAfterJobFinishes: true"
            yield Problem(where, what, "say DeleteCluster")
        yield from _workers_only(where, policy, spec)


def _deletion(job: Manifest) -> Iterator[Problem]:
    spec, where = section(job, "spec"), "spec.deletionStrategy.deletionRules"
    rules = entries(section(spec, "deletionStrategy"), "deletionRules")
    if rules and spec.get("shutdownAfterJobFinishes") is True:
        what = "is set: KubeRay refuses it beside shutdownAfterJobFinishes: true"
        yield Problem(where, what, "keep one of the two; a job that is suspended first needs shutdownAfterJobFinishes")
    after: dict[tuple[object, str], int] = {}
    for i, rule in enumerate(rules):
        on = section(rule, "condition")
        event, policy = on.get("jobStatus") or on.get("jobDeploymentStatus"), text(rule, "policy")
        yield from _workers_only(f"{where}[{i}].policy", policy, spec)
        if (event, policy) in after:
            yield Problem(f"{where}[{i}]", f"is another {policy} on {event}: KubeRay refuses it", "keep one of them")
        after[event, policy] = number(on, "ttlSeconds", 0)
    for event in dict.fromkeys(event for event, _ in after):
        times = [(policy, after[event, policy]) for policy in ORDER if (event, policy) in after]
        for (policy, seconds), (next_policy, next_seconds) in pairwise(times):
            if next_seconds < seconds:
                what = (
                    f"has {next_policy} {next_seconds} s after {event}, {policy} only {seconds} s: KubeRay refuses it"
                )
                yield Problem(where, what, f"let {next_policy} come no sooner")


def _workers_only(where: str, policy: object, spec: Manifest) -> Iterator[Problem]:
    if policy == "DeleteWorkers" and autoscales(section(spec, "rayClusterSpec")):
        yield Problem(where, f"is {policy}: KubeRay refuses it beside the autoscaler", "say DeleteCluster")


RULES: tuple[Rule, ...] = (_end, _old_deletion, _deletion)
