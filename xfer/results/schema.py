"""The tables a user reads: every field with its meaning, in one place. ``docs/tables.md`` is made from here.

Proportions are between 0 and 1; reports print points. The schema's version stands in each file's metadata.
"""

from __future__ import annotations

import pyarrow as pa

VERSION = 1
"""Raised when a field changes its name, type or meaning."""


def _schema(**fields: tuple[pa.DataType, str]) -> pa.Schema:
    described = [pa.field(name, kind, metadata={"doc": doc}) for name, (kind, doc) in fields.items()]
    return pa.schema(described, metadata={"xfer_schema": str(VERSION)})


_text, _int, _float, _texts = pa.string(), pa.int32(), pa.float64(), pa.list_(pa.string())

PREDICTIONS = _schema(
    evaluation=(_text, "key of the evaluation"),
    task=(_text, "task"),
    language=(_text, "BCP-47 code"),
    split=(_text, "split"),
    layer=(_int, "hidden layer that was pooled; empty unless a task uses hidden states"),
    example=(_int, "row of the source split, from 0"),
    cluster=(
        _int,
        "examples that share it are not independent (a premise, a paragraph); equal across parallel languages",
    ),
    gold=(
        _texts,
        "what is right: a label, or one a word; of retrieval the candidate's row; of a question every right answer, "
        "none where it has no answer; of mining the ids of the partners",
    ),
    prediction=(_texts, "what was predicted, likewise; of a question one text, empty for no answer"),
    probabilities=(
        pa.list_(pa.float32()),
        "classification and choice: one a label in the task's order; retrieval: the cosine; question: the sums of "
        "logits of the best answer and of none; mining: the margin",
    ),
    truncated=(_int, "sub-tokens of the input that were cut"),
)

SCORED = _schema(
    evaluation=(_text, "key of the evaluation"),
    task=(_text, "task"),
    language=(_text, "BCP-47 code"),
    split=(_text, "split"),
    layer=(_int, "hidden layer that was pooled"),
    metric=(_text, "metric"),
    metric_version=(_int, "version of the metric's code"),
    value=(_float, "the score, between 0 and 1"),
    n=(_int, "examples"),
    clusters=(_int, "clusters of examples"),
    chance=(_float, "what the best constant answer gets; empty where not defined"),
    truncated=(_int, "examples whose input was cut"),
)

SCORES = _schema(
    study=(_text, "the study's name"),
    model=(_text, "pretrained model, as the study names it"),
    parameters=(pa.int64(), "its parameters, embeddings included"),
    arm=(_text, "what came before the target task"),
    group=(_text, "the arm's group, if the study gave one"),
    relation=(_text, "of the arm's data to the target: none, transfer, near or same-task"),
    target=(_text, "target task of the cell"),
    seed=(_int, "seed of the cell; empty where nothing was trained"),
    phase=(_text, "key of the phase whose checkpoint answered; empty for the pretrained model"),
    selection=(_text, "rule that chose the checkpoint: last, best, or pretrained"),
    step=(_int, "optimizer step of the checkpoint"),
    task=(_text, "task that was evaluated"),
    language=(_text, "BCP-47 code"),
    split=(_text, "split"),
    layer=(_int, "hidden layer that was pooled; empty unless a task uses hidden states"),
    metric=(_text, "metric"),
    metric_version=(_int, "version of the metric's code"),
    major=(pa.bool_(), "whether this is the task's one number that counts, at its own layer"),
    value=(_float, "the score, between 0 and 1"),
    n=(_int, "examples"),
    clusters=(_int, "clusters of examples that are not independent"),
    chance=(_float, "what the best constant answer gets; empty where not defined"),
    truncated=(_int, "examples whose input was cut"),
    selected_by=(_text, "data the checkpoint was chosen on; empty for last"),
)

PHASES = _schema(
    phase=(_text, "key"),
    roles=(_texts, "what the study uses it for: pretrain, intermediate, target, trial"),
    trains_on=(_texts, "tasks"),
    name=(_text, "what it trains on, in words: how many rows, and whether labels are shuffled"),
    shares=(pa.list_(_float), "planned share of the steps of each of these tasks"),
    examples_of=(pa.list_(pa.int64()), "rows seen of each of these tasks, repetitions counted"),
    parent=(_text, "key of the phase it starts from; empty: the model as it came, or random weights"),
    model=(_text, "model, as the study names it"),
    seed=(_int, "seed"),
    state=(_text, "done, planned, or pruned (a trial that was given up, and the choice is made)"),
    planned_steps=(_int, "optimizer steps the recipe asks for"),
    steps=(_int, "optimizer steps of the committed run; fewer than planned where patience ended it"),
    tokens=(pa.int64(), "sub-tokens seen, padding left out"),
    seconds=(
        _float,
        "time of the steps that led to the result; neither snapshots nor repeated steps",
    ),
    ranks=(_int, "worker processes of the committing attempt"),
    zero_stage=(_int, "DeepSpeed ZeRO stage of the committing attempt"),
    engine=(_text, "class of the engine that trained it"),
    precision=(_text, "number format of the forward and backward pass"),
    learning_rate=(_float, "peak learning rate"),
    batch_size=(_int, "rows in a global batch"),
    hardware=(_text, "processor or accelerator of rank 0"),
    versions=(_text, "library versions, as JSON"),
    attempts=(_int, "attempts made"),
)

CELLS = _schema(
    model=(_text, "pretrained model"),
    arm=(_text, "arm"),
    target=(_text, "target task"),
    seed=(_int, "seed; empty where nothing is trained"),
    state=(_text, "planned, done or failed"),
    reason=(_text, "why it failed"),
)

CURVES = _schema(
    phase=(_text, "key"),
    step=(_int, "optimizer step"),
    task=(_text, "task"),
    language=(_text, "BCP-47 code"),
    metric=(_text, "loss (mean since the last point) or a metric on validation data"),
    value=(_float, "its value"),
)

ATTEMPTS = _schema(
    phase=(_text, "key"),
    attempt=(_int, "number, from 1"),
    holder=(_text, "host and process"),
    first_step=(_int, "step it went on from"),
    last_step=(_int, "last step it is known to have done"),
    outcome=(_text, "committed, failed, stopped, paused (a trial at a rung), lost, refused, or running"),
)

DECISIONS = _schema(
    experiment=(_text, "key of the experiment"),
    model=(_text, "pretrained model"),
    target=(_text, "target task"),
    trial=(_text, "name of the trial"),
    values=(_text, "recipe values tried, as JSON"),
    state=(_text, "finished, pruned or failed"),
    metric=(_text, "task, split, language and metric that decided"),
    value=(_float, "mean over arms and seeds at the trial's end; empty where it has none"),
    rungs=(pa.list_(_float), "with a scheduler: the same at each rung that the trial reached"),
    chosen=(pa.bool_(), "whether these values were taken"),
)

XTREME = _schema(
    model=(_text, "pretrained model, or a pool of models that differ in their pretraining's seed alone"),
    arm=(_text, "what came before the target tasks"),
    average=(
        _text,
        "what is averaged: all of XTREME's nine tasks; without retrieval, without same-task, without either; "
        "or one of its four groups",
    ),
    value=(_float, "unweighted mean of the tasks' scores, between 0 and 1; empty where none has a score"),
    delta=(_float, "points against arm none: the mean over `compared`; empty for none itself"),
    seeds=(_int, "fewest seeds (of a pool, runs) behind a trained task of it; empty where none was trained"),
    targets=(_texts, "targets that stand for the tasks in `value`"),
    missing=(_texts, "XTREME's tasks that belong to it and have no score: a mean without them is no XTREME score"),
    compared=(_texts, "targets in `delta`: those of `targets` that none has, too"),
    remarks=(_texts, "what else keeps it from being an XTREME score: languages that are missing, validation data"),
)

OVERLAPS = _schema(
    task=(_text, "task that is evaluated"),
    language=(_text, "BCP-47 code"),
    split=(_text, "split"),
    field=(_text, "column of the source whose texts were found; empty where that is declared"),
    against_task=(_text, "task whose texts it was held against: trained on, chosen by, or pretrained on"),
    against_language=(_text, "BCP-47 code; empty where it is all its languages taken together"),
    against_split=(_text, "split; all of it, whatever part of it a phase draws"),
    kind=(
        _text,
        "exact: the same words, whatever case and punctuation; near: at least 0.7 of their shingles of three words "
        "are shared (Jaccard), and not exact; translation: neither, but so in another language of the task; "
        "declared: no text shows it, the task says that it holds these data in other words",
    ),
    examples=(_int, "examples of the split that this is true of; empty for declared"),
    verbatim=(_int, "so many of the exact ones are letter by letter the same"),
    of=(_int, "examples of the split"),
    share=(_float, "examples by of"),
    rows=(pa.list_(_int), "these examples: rows of the source split, from 0"),
)

VIEWS = {
    "scores": SCORES,
    "phases": PHASES,
    "cells": CELLS,
    "curves": CURVES,
    "attempts": ATTEMPTS,
    "decisions": DECISIONS,
    "predictions": PREDICTIONS,
}


def markdown() -> str:
    """The documentation of all views, for ``docs/tables.md``."""
    lines = [
        "# Tables",
        "",
        "Made by `make docs` from `xfer/results/schema.py`. `xfer results STUDY --table NAME` prints one,",
        '`xfer.open("study.yaml").NAME()` gives it as an Arrow table; `xfer overlap STUDY` gives the last one.',
        "Proportions are between 0 and 1.",
    ]
    for name, schema in VIEWS.items():
        lines += _section(name, schema)
    lines += _section("overlaps", OVERLAPS, "No view: `xfer overlap` finds it and keeps it in the store.")
    lines += _section("xtreme", XTREME, "No view: `xfer report` writes it where a study has targets of XTREME.")
    return "\n".join(lines) + "\n"


def _section(name: str, schema: pa.Schema, note: str = "") -> list[str]:
    rows = [f"| `{f.name}` | {f.type} | {(f.metadata or {})[b'doc'].decode()} |" for f in schema]
    return ["", f"## {name}", *(["", note] if note else []), "", "| field | type | meaning |", "|---|---|---|", *rows]
