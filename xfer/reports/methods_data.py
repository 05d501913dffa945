"""Arms and targets in words: which data a model goes through, and what it is tested with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from xfer.models.spec import ModelSpec
from xfer.phase.data_set import DataSet
from xfer.phase.phase import Phase
from xfer.reports.formatting import count
from xfer.reports.prose import Paragraph, listed, number_of, percent
from xfer.reports.uses import Use
from xfer.study.arms import Arm, Sample
from xfer.study.plan import Cell, Plan
from xfer.study.schema import Study
from xfer.tasks.task import SPLITS, Task

METRICS: Mapping[str, str] = MappingProxyType(
    {
        "accuracy": "accuracy is the share of examples answered right",
        "token_accuracy": "token_accuracy is the share of words tagged right, over all sentences of a language",
        "tag_f1": "tag_f1 is seqeval’s micro-averaged F1 of tagged spans in its default mode",
        "tag_f1_0012": "tag_f1_0012 is the same as version 0.0.12 of seqeval computes it",
        "squad_em": "squad_em is the share of questions answered exactly, by the rules of SQuAD 1.1",
        "squad_f1": "squad_f1 is the mean over questions of the F1 of tokens, by the rules of SQuAD 1.1",
        "squad_em_f1": "squad_em_f1 is the mean of exact match and F1 of tokens, by the rules of SQuAD 1.1",
        "mlqa_em": "mlqa_em is the share of questions answered exactly, by MLQA’s rules for the language",
        "mlqa_f1": "mlqa_f1 is the mean over questions of the F1 of tokens, by MLQA’s rules for the language",
        "mlqa_em_f1": "mlqa_em_f1 is the mean of exact match and F1 of tokens, by MLQA’s rules for the language",
        "pearson": "pearson is Pearson’s correlation of predicted and right numbers",
        "spearman": "spearman is Spearman’s correlation of the ranks of predicted and right numbers",
        "mining_f1": (
            "mining_f1 is the F1 of pairs of sentences that are each other’s translation; pairs are taken by the ratio "
            "margin of their cosine, one partner a sentence, from the threshold on that is best on a sample"
        ),
    }
)
"""What each metric is; another one is only named."""


def arms(study: Study, found: Sequence[Use]) -> Paragraph:
    """What comes before the target task in each arm."""
    between = [use for use in found if use.role == "intermediate"]
    items = tuple(f"{arm.name}: {_arm(arm, _stages(arm, between))}." for arm in study.arms)
    text = (
        "An arm is what a model is trained on before the target task; targets take over its encoder and get new heads."
    )
    if any(data.shuffled for use in between for data in use.phase.trains_on):
        text += (
            " Shuffled labels are a control: the labels of the training data are dealt out at random, so that texts "
            "and label frequencies stay and what ties them is gone."
        )
    return Paragraph("Intermediate tasks", text, items)


def _stages(arm: Arm, between: Sequence[Use]) -> list[Phase]:
    """An arm's intermediate phases on its first model, first to last: on the others they train on the same."""
    mine = [use for use in between if use.name == arm.name]
    return [use.phase for use in mine if use.model == mine[0].model]


def _arm(arm: Arm, stages: Sequence[Phase]) -> str:
    if not stages:
        return "no intermediate task; every other arm is compared with this one"
    told = [_stage(arm, phase) for phase in stages]
    if len(told) == 1:
        return told[0]
    return f"first {', then '.join(told)}; each phase goes on from the encoder of the one before, with a new head"


def _stage(arm: Arm, phase: Phase) -> str:
    sets = [_training_data(data) for data in phase.trains_on]
    if len(sets) == 1:
        return sets[0]
    shares = listed([percent(weight) for weight in phase.weights])
    equal = len(set(phase.weights)) == 1
    drawn = "equally often" if equal else f"{_drawn(arm.drawn)} ({shares} of the steps)"
    return f"{listed(sets)}, with a head each; a global batch is drawn from one of them, {drawn}"


def _drawn(sample: Sample) -> str:
    if sample.weights is not None:
        return "by given weights"
    if sample.cap is not None:
        return f"in proportion to their rows, none counted as more than {count(sample.cap)}"
    if sample.temperature is not None:
        return f"in proportion to their rows to the power of 1/{sample.temperature:g}"
    return "by equal weights"


def _training_data(data: DataSet) -> str:
    part = "all" if data.examples is None else "a random draw of"
    labels = ", labels shuffled" if data.shuffled else ""
    return f"{data.task} ({part} {number_of(data.rows, 'row')} in {data.language}{labels})"


def targets(study: Study, plan: Plan, found: Sequence[Use], specs: Mapping[str, ModelSpec]) -> Paragraph:
    """What each target is fine-tuned on and tested with."""
    phases = {use.name: use.phase for use in found if use.role == "target"}
    items = []
    names = []
    for target in study.targets:
        task = study.registry.get(target.task)
        called = target.name if target.name == task.name else f"{target.name} (task {task.name})"
        how = _trained(phases[target.name]) if target.name in phases else _retrieved(task, specs)
        cell = next((cell for cell in plan.cells if cell.target == target.name), None)
        items.append(f"{called}: {how}; {task.metric} on {_tested(cell, plan)}.")
        names.append(task.metric)
    metrics = [METRICS[name] for name in dict.fromkeys(names) if name in METRICS]
    text = (
        "Targets see training data in one language alone, and are tested zero-shot in the others. Scores are computed "
        f"from stored predictions, for each language by itself{': ' if metrics else ''}{'; '.join(metrics)}."
    )
    return Paragraph("Targets and evaluation", text, tuple(items))


def _trained(phase: Phase) -> str:
    return f"fine-tuned on {listed([_training_data(data) for data in phase.trains_on])}"


def _retrieved(task: Task, specs: Mapping[str, ModelSpec]) -> str:
    if task.depth is None:
        return "not trained"
    layers = {f"layer {round(task.depth * spec.layers)} of {spec.layers}" for spec in specs.values()}
    return (
        "not trained; a sentence’s translation is looked for by the cosine of hidden states, averaged over sub-tokens "
        f"({listed(sorted(layers), 'or')})"
    )


def _tested(cell: Cell | None, plan: Plan) -> str:
    """``validation and test in 5 languages (en, ...)``."""
    codes: dict[str, list[str]] = {split: [] for split in SPLITS}
    for key in cell.evaluations if cell else ():
        data = plan.evaluations[key].data
        codes[data.split].append(data.language)
    by_languages: dict[tuple[str, ...], list[str]] = {}
    for split, languages in codes.items():
        if languages:
            by_languages.setdefault(tuple(languages), []).append(split)
    return listed(list(_in_languages(by_languages))) if by_languages else "no data"


def _in_languages(by_languages: Mapping[tuple[str, ...], Sequence[str]]) -> Iterator[str]:
    for languages, splits in by_languages.items():
        yield f"{listed(splits)} data in {number_of(len(languages), 'language')} ({', '.join(languages)})"
