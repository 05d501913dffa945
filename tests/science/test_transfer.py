"""What the generated world is for, over ten seeds and three pretraining seeds. Up to 20 minutes; not part of CI.

Differences are paired by (model, seed); a model here is a pretraining seed.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from scipy.stats import ttest_rel

import xfer

pytestmark = [pytest.mark.science, pytest.mark.timeout(1800)]

STUDY = Path(__file__).parents[2] / "jobs" / "studies" / "world.yaml"
PAIRS = 30
NEAREST = ("en", "qaa", "qab")
FURTHER = ("qac", "qad")

Scores = dict[tuple[str, str], dict[tuple[str, int], float]]
"""(arm, language) to (model, seed) to accuracy in points."""


@pytest.fixture(scope="module")
def scores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scores]:
    folder = tmp_path_factory.mktemp("world")
    study = Path(shutil.copy(STUDY, folder))
    subprocess.run([Path(sys.executable).with_name("xfer"), "run", study.name], cwd=folder, check=True)
    found: Scores = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # the study stores below where it is run
        for row in xfer.open(study.name).scores().to_pylist():
            runs = found.setdefault((row["arm"], row["language"]), {})
            runs[row["model"], row["seed"]] = 100 * row["value"]
    assert all(len(runs) == PAIRS for runs in found.values())
    for arm in dict.fromkeys(arm for arm, _ in found):
        means = {code: statistics.mean(found[arm, code].values()) for code in (*NEAREST, *FURTHER)}
        print(arm, {code: round(mean, 1) for code, mean in means.items()})  # noqa: T201
    yield found


def paired(scores: Scores, arm: str, language: str) -> tuple[list[float], list[float]]:
    with_arm, without = scores[arm, language], scores["none", language]
    return [with_arm[run] for run in sorted(without)], [without[run] for run in sorted(without)]


@pytest.mark.parametrize("language", NEAREST)
def test_nli_helps_paraphrase_in_english_and_the_two_nearest_languages(scores: Scores, language: str) -> None:
    one, other = paired(scores, "nli", language)
    assert ttest_rel(one, other).statistic > 3
    assert statistics.mean(one) > statistics.mean(other) + 5


@pytest.mark.parametrize("arm", ["tagging", "nli-shuffled"])
@pytest.mark.parametrize("language", [*NEAREST, *FURTHER])
def test_tagging_and_shuffled_labels_do_not(scores: Scores, arm: str, language: str) -> None:
    one, other = paired(scores, arm, language)
    assert statistics.mean(one) - statistics.mean(other) < 3


def test_zero_shot_scores_fall_from_near_to_far(scores: Scores) -> None:
    """Along the chain of fewer cognates, and from one word order to another at equal cognates."""
    mean = {code: statistics.mean(scores["nli", code].values()) for code in (*NEAREST, *FURTHER)}
    assert mean["en"] > mean["qaa"] > mean["qab"] > mean["qac"]
    assert mean["qaa"] > mean["qad"]
