"""``xfer lock``: write down what a study's names stand for."""

from __future__ import annotations

from cluster.cli.arguments import Data, Models, StudyPath, set_roots


def lock(study: StudyPath, data: Data = None, models: Models = None) -> None:
    """Resolve data and models to their content, and write STUDY.lock.json beside the study."""
    from xfer.study import lock as locks
    from xfer.study import reading, resolve
    from xfer.study.planner import plan

    set_roots(data, models)
    found = reading.read(study)
    made = resolve.resolve(found, resolve.Roots.from_environment())
    plan(found, made, {})
    path = locks.path_of(study)
    locks.write(path, made)
    print(f"{path}: {len(made.models)} models, {len(made.tasks)} tasks, {len(made.splits)} splits")
    everything = {t.task for e in found.evaluate if e.languages == "all" for t in found.targets_of(e)}
    for name in sorted(everything):
        held = {place.split("/")[1] for place in made.splits if place.startswith(f"{name}/")}
        absent = [code for code in found.registry.get(name).languages if code not in held]
        if absent:
            print(f"  {name}: the data hold {len(held)} languages, not {' '.join(absent)}")
