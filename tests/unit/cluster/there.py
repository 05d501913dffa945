"""A study, a profile and a bundle for tests of places."""

from __future__ import annotations

from pathlib import Path

from cluster.bundle import Bundle, bundle
from cluster.profile import Profile, parse
from tests.unit.study.made import text, whole_lock
from xfer.study import lock as locks

PROFILE = """\
image: registry.example/xfer:1.2
imagePullPolicy: IfNotPresent
imagePullSecrets: [pull]
serviceAccount: xfer-study
storage: /xfer/store
claims: [{claim: xfer, path: /xfer, readOnly: false}]
env: {XFER_DATA: /xfer/data}
envFromSecrets: [bucket]
pod: {cpu: 4, memory: 16Gi, gpu: 2}
gpuResource: nvidia.com/gpu
sharedMemory: 2Gi
nodeSelector: {pool: gpu}
tolerations: [{key: nvidia.com/gpu, operator: Exists, effect: NoSchedule}]
priorityClass: research
runAsUser: 1000
"""


def profile(**change: str) -> Profile:
    """The profile with the lines of some fields replaced."""
    lines = {line.partition(":")[0]: line for line in PROFILE.splitlines()}
    lines |= {name: f"{name}: {value}" for name, value in change.items()}
    return parse("\n".join(lines.values()), "ConfigMap xfer")


def packed(folder: Path, **fields: str) -> Bundle:
    """The good study with its lock, as it travels."""
    path = folder / "study.yaml"
    path.write_text(text(**fields))
    locks.write(locks.path_of(path), whole_lock())
    return bundle(path)
