"""How phases are trained and how checkpoints are chosen, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from xfer.models.spec import ModelSpec
from xfer.phase.recipe import Recipe
from xfer.reports.formatting import count
from xfer.reports.prose import Paragraph, listed, number_of, percent, rate
from xfer.reports.uses import Use
from xfer.study.fields import Role
from xfer.study.plan import Plan
from xfer.study.schema import Study

NOUNS: Mapping[Role, tuple[str, str]] = {
    "pretrain": ("pretraining", "of"),
    "intermediate": ("intermediate phases", "of arms"),
    "target": ("target phases", "of"),
}
"""What the phases of a role are called, and what comes before their names."""

Phrases = tuple[str, ...]
"""What a recipe says, a phrase a field."""


def training(study: Study, plan: Plan, found: Sequence[Use]) -> Paragraph:
    """Optimizer and schedule: once what all phases share, then what each group of equal recipes has of its own."""
    names = tuned(study)
    said = [_phrases(use, use.role == "target" and use.name in names, plan) for use in found]
    groups: dict[Phrases, list[Use]] = {}
    for use, phrases in zip(found, said, strict=True):
        groups.setdefault(phrases, []).append(use)
    common = [phrase for phrase in (said[0] if said else ()) if all(phrase in phrases for phrases in said)]
    text = (
        "AdamW minimises the cross-entropy, averaged over the labels of a global batch; the learning rate rises "
        "linearly and then falls linearly to zero."
    )
    if common:
        text += f" All phases: {'; '.join(common)}."
    items = []
    order = list(NOUNS)
    for phrases, group in sorted(groups.items(), key=lambda one: min(order.index(use.role) for use in one[1])):
        own = [phrase for phrase in phrases if phrase not in common]
        items += [f"{_label(group, found)}: {'; '.join(own)}."] if own else []
    return Paragraph("Training", text, tuple(items))


def _phrases(use: Use, tuned: bool, plan: Plan) -> Phrases:
    recipe = use.phase.recipe
    masked = any(plan.registry.get(data.task).format.output == "vocabulary" for data in use.phase.trains_on)
    said = (
        _amount(recipe, use.phase.steps),
        f"micro-batches of {recipe.micro_batch_size}",
        "peak learning rate " + ("found by search" if tuned else rate(recipe.learning_rate)),
        f"warm-up over {percent(recipe.warmup)} of the steps" if recipe.warmup else "no warm-up",
        f"weight decay {recipe.weight_decay:g}" + (", none on biases and norms" if recipe.weight_decay else ""),
        f"gradients clipped to norm {recipe.clip:g}",
        f"inputs of at most {recipe.max_length} sub-tokens",
        _dropout(recipe, plan.models[use.model]),
        f"{percent(recipe.mlm_probability)} of the sub-tokens predicted" if masked else "",
        _patience(use),
        "fp32" if recipe.precision == "fp32" else "bf16 with fp32 master weights",
    )
    return tuple(phrase for phrase in said if phrase)


def _dropout(recipe: Recipe, spec: ModelSpec) -> str:
    own = spec.config.get("hidden_dropout_prob")
    rate = own if recipe.dropout is None else recipe.dropout
    return "the model’s own dropout" if rate is None else f"dropout {rate:g}"


def _amount(recipe: Recipe, steps: int) -> str:
    if recipe.epochs is None:
        return f"{number_of(steps, 'step')} of {number_of(recipe.batch_size, 'row')}"
    passes = f"{recipe.epochs:g} epoch{'' if recipe.epochs == 1 else 's'}"
    return f"{passes} in batches of {number_of(recipe.batch_size, 'row')}"


def _patience(use: Use) -> str:
    """What ends a phase early."""
    until, patience = use.phase.until, use.phase.recipe.patience
    if until is None or patience is None or until.kind == "last":
        return ""
    looks = "look" if patience == 1 else "looks in a row"
    return (
        f"ended early when {count(patience)} {looks} at validation data, {count(until.every)} steps apart, "
        "found no better score"
    )


def _label(group: Sequence[Use], found: Sequence[Use]) -> str:
    """``Intermediate phases of arms a and b and target phases``."""
    parts = []
    for role, (noun, of) in NOUNS.items():
        mine = [use for use in group if use.role == role]
        every = [use for use in found if use.role == role]
        if not mine:
            continue
        if len(mine) == len(every):
            parts.append(noun)
            continue
        names = _names(mine, every)
        if len(mine) == sum(use.name in names or _stage(use) in names for use in every):
            called = list(names)
        else:
            called = [f"{name} on {listed(models)}" for name, models in names.items()]
        parts.append(f"{noun} {of.removesuffix('s') if len(names) == 1 else of} {listed(called)}")
    text = listed(parts)
    return text[:1].upper() + text[1:]


def _names(mine: Sequence[Use], every: Sequence[Use]) -> dict[str, list[str]]:
    """What these uses are called, each with its models: an arm of which not all phases are meant, by what they train
    on."""
    phases, meant = (Counter((use.name, use.model) for use in uses) for uses in (every, mine))
    names: dict[str, list[str]] = {}
    for use in mine:
        place = (use.name, use.model)
        models = names.setdefault(use.name if meant[place] == phases[place] else _stage(use), [])
        models += [use.model] if use.model not in models else []
    return names


def _stage(use: Use) -> str:
    """One phase of an arm that has several."""
    return f"{use.name} ({use.phase.name})"


def checkpoints(study: Study, found: Sequence[Use]) -> Paragraph:
    """Which checkpoint of a phase counts."""
    select = study.select
    if select.rule == "last":
        return Paragraph("Checkpoints", "Of every phase the checkpoint after its last step is used.")
    on = [f"{select.on} data"] if select.on else []
    tasks = [study.registry.get(data.task) for use in found for data in use.phase.trains_on]
    on = on or list(dict.fromkeys(f"{task.selects_on} data" for task in tasks if task.metric))
    rows = f"at most {number_of(select.sample, 'row')}, drawn at random," if select.sample else "all rows"
    text = (
        f"Every {number_of(select.every, 'step')} and at the end of a phase the model is scored on {rows} of the "
        f"{listed(on)} of the task that it is being trained on, by that task’s metric (of a mixture, by the mean over "
        "its tasks). The checkpoint with the best score is used, the earliest of several."
    )
    if unscored := list(dict.fromkeys(task.name for task in tasks if not task.metric)):
        text += f" Training on {listed(unscored)} is not scored: there it is the last checkpoint."
    return Paragraph("Checkpoints", text)


def tuned(study: Study) -> tuple[str, ...]:
    """Targets whose learning rate is searched for."""
    if study.tune is None:
        return ()
    names = study.tune.targets or study.target_names
    return tuple(name for name in names if study.registry.get(study.target(name).task).trains_on)
