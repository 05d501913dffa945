"""Who plans, submits and reads needs no torch: seen in fresh processes, because contracts miss lazy imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("torch", "ray", "deepspeed", "transformers")
LIGHT = (
    "cluster",
    "xfer/study",
    "xfer/phase",
    "xfer/tasks",
    "xfer/synthetic",
    "xfer/results",
    "xfer/store",
    "xfer/reports",
)
MODELS = ("xfer.models.base", "xfer.models.scratch", "xfer.models.spec")
"""What a lock reads models with."""

IMPORT_EACH = """
import importlib, json, sys
heavy, modules = json.loads(sys.argv[1])
guilty = {}
for module in modules:
    importlib.import_module(module)
    found = [name for name in heavy if name in sys.modules]
    if found:
        guilty[module] = found
        break
print(json.dumps(guilty))
"""
"""Names the first module that brings something heavy in."""

PLAN = """
import json, sys
from pathlib import Path
from xfer.study import reading
from xfer.study.cost import cost
from xfer.study.lock import Lock
from xfer.study.planner import plan
golden = Path(sys.argv[1])
lock = Lock.model_validate_json((golden / "small.lock.json").read_bytes())
found = plan(reading.read(golden / "small.yaml"), lock, {})
for planned in found.phases.values():
    cost(planned.phase, planned.model, 1, lock)
assert len(found.phases) > 5
print(json.dumps(sorted(sys.modules)))
"""

HELP = """
import contextlib, io, json, sys
sys.argv = ["xfer", "--help"]
from cluster.cli.main import app
shown = io.StringIO()
with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
    app()
assert "check" in shown.getvalue()
print(json.dumps(sorted(sys.modules)))
"""


def fresh(code: str, *arguments: str) -> list[str]:
    """Run in a fresh process; what it prints as JSON."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


def modules(folder: str) -> list[str]:
    names = [path.relative_to(ROOT).with_suffix("").parts for path in sorted((ROOT / folder).rglob("*.py"))]
    return [".".join(parts[:-1] if parts[-1] == "__init__" else parts) for parts in names]


def test_importing_what_plans_submits_and_reads_leaves_torch_out() -> None:
    found = [*(module for folder in LIGHT for module in modules(folder)), *MODELS]
    assert {
        "cluster.cli.main",
        "cluster.cli.run",
        "xfer.study.planner",
        "xfer.models.scratch",
        "xfer.reports.page",
    } <= set(found)
    assert fresh(IMPORT_EACH, json.dumps([HEAVY, found])) == []


def test_planning_a_study_leaves_torch_and_the_data_libraries_out() -> None:
    loaded = fresh(PLAN, str(ROOT / "tests" / "golden"))
    assert [name for name in (*HEAVY, "datasets", "huggingface_hub", "sklearn") if name in loaded] == []


def test_help_needs_neither_pydantic_nor_arrow() -> None:
    loaded = fresh(HELP)
    assert [name for name in (*HEAVY, "pydantic", "pyarrow", "kubernetes", "numpy", "rich") if name in loaded] == []


def test_the_package_itself_imports_nothing_of_ours() -> None:
    loaded = fresh("import json, sys; import xfer; print(json.dumps([n for n in sys.modules if n.startswith('xfer')]))")
    assert loaded == ["xfer"]
