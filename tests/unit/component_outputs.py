"""What each component gives for fixed inputs: small enough to hold, wide enough to notice a change.

Real numbers are given as they are and compared with a tolerance; everything else exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from tests.unit.tasks import toy
from xfer.tasks import metrics
from xfer.tasks.answers import ARTICLES
from xfer.tasks.batches import LENGTHS, Schedule, padded_length
from xfer.tasks.formats.base import IGNORE, Outputs
from xfer.tasks.metrics import Labels, Metric
from xfer.tasks.mixture import shares, turns
from xfer.tasks.registry import SHIPPED
from xfer.tasks.task import Task
from xfer.tasks.text import TextEncoder

MAX_LENGTH = 12
LETTERS = ["a", "bc", "dab", "x", toy.NOTHING, "abcdabcdabcdab", "d", "cc"]
METRICS = {metric.name: metric for metric in vars(metrics).values() if isinstance(metric, Metric)}
WORDS = ["the", "Berlin", "1,999", "der", "un", "التاريخ", "ال", "北京市", "第2", "của", "भारत।", "—", "É", "E\u0301"]


def tables(format_name: str) -> tuple[Task, pa.Table]:
    """A task of the format and rows for it: short and long texts, words without sub-tokens."""
    name = {
        "classification": "mnli", "tagging": "udpos", "retrieval": "tatoeba", "masked_text": "world_text",
        "choice": "hellaswag", "span": "squad", "mining": "bucc", "rating": "stsb",
    }[format_name]  # fmt: skip
    count = 48 if format_name == "mining" else 8
    task, numbers = SHIPPED.get(name), pa.array(range(3, 3 + count), pa.int32())
    texts = [" ".join(LETTERS[: 1 + row] * (1 + row % 3) + LETTERS[: row // 8]) for row in range(count)]
    columns: dict[str, Any] = {"example": numbers, "cluster": numbers}
    for field in task.columns:
        columns[field] = {
            "first": texts, "second": texts[::-1], "query": texts, "candidate": texts[::-1], "text": texts,
            "label": [task.labels[row % len(task.labels)] for row in range(8)] if task.labels else None,
            "score": [0.6 * row + 0.07 for row in range(8)],
            "context": texts, "question": texts[::-1], "options": [(texts[row:] + texts)[:4] for row in range(8)],
            "answers": [[text[:3].rstrip(), text] for text in texts], "starts": [[0, 0]] * 8,
            "tokens": [text.split() for text in texts],
            "tags": [[task.labels[(row + i) % len(task.labels)] for i in range(len(text.split()))]
                     for row, text in enumerate(texts)] if task.labels else None,
            "side": ["source", "target", "target"] * (count // 3), "id": [str(row) for row in range(count)],
            "partners": [[str(row + 2)] * (row % 3 == 0 and row % 4 > 0) for row in range(count)],
            "part": ["sample", "sample", "sample", "test", "test", "test"] * (count // 6),
        }[field]  # fmt: skip
    return task, pa.table(columns)


def format_output(format_name: str) -> dict[str, object]:
    """``encode`` of the rows, and ``decode`` of outputs that are partly right."""
    task, rows = tables(format_name)
    encoded = task.format.encode(task, rows, TextEncoder(toy.tokenizer(), MAX_LENGTH))
    cut = [count > 0 for count in encoded["truncated"].to_pylist()]
    found: dict[str, object] = {"encoded": {**encoded.drop_columns("truncated").to_pydict(), "truncated": cut}}
    if task.format.metrics:
        decoded = task.format.decode(task, rows, encoded, outputs_for(task, encoded))
        found["decoded"] = decoded.drop_columns("truncated").to_pydict()
    return found


def outputs_for(task: Task, encoded: pa.Table) -> Outputs:
    """What a model that is partly right would say."""
    lines, kind = encoded.num_rows, task.format.output
    targets = [[t for t in line if t != IGNORE] for line in encoded["targets"].to_pylist()]
    if kind == "span":
        return Outputs(positions=tuple(np.sin(np.arange(2 * len(line), dtype=np.float32)).reshape(-1, 2)
                                       for line in encoded["input_ids"].to_pylist()))  # fmt: skip
    grid = np.sin(np.arange(lines * 3, dtype=np.float64)).reshape(lines, 3).astype(np.float32)
    if kind == "token":
        return Outputs(choices=tuple(np.array([(t + (t % 5 == 0)) % 17 for t in line], np.int32) for line in targets))
    if kind == "choice":
        return Outputs(logits=grid.ravel()[: lines // 4 * 4].reshape(-1, 4))
    if kind == "sequence":
        width = len(task.labels)
        return Outputs(logits=np.sin(np.arange(lines * width, dtype=np.float32)).reshape(lines, width))
    return Outputs(vectors=grid)


def metric_output(name: str) -> list[float | None]:
    """Values and chance on what metrics of all formats meet: labels, answers of several languages, pairs."""
    metric: Metric = METRICS[name]
    made = {"squad": answered, "mlqa": answered, "mining": mined, "pearson": rated, "spearman": rated}.get(
        name.partition("_")[0], labelled
    )
    languages = tuple(ARTICLES) if made is answered else ("en",)
    found: list[float | None] = []
    for gold, answers in made(np.random.default_rng(7)):
        found += [*(metric.compute(gold, answers, language) for language in languages), metric.chance(gold)]
    return found


def rated(draw: np.random.Generator) -> Iterator[tuple[Labels, Labels]]:
    for count in (2, 12, 40):
        gold = [[f"{value:.6g}"] for value in draw.integers(0, 26, count) / 5]
        yield gold, [[f"{float(right) + draw.normal():.6g}"] for (right,) in gold]
    yield gold, [["2.5"]] * count


def labelled(draw: np.random.Generator) -> Iterator[tuple[Labels, Labels]]:
    for tags in (["O", "B-PER", "I-PER", "B-ORG", "I-ORG"], SHIPPED.get("udpos").labels, ["a", "b"], ["X", "_", "S"]):
        for lengths in ([1] * 12, [5, 1, 8, 13]):
            gold = [[tags[i] for i in draw.integers(0, len(tags), length)] for length in lengths]
            yield gold, [[t if draw.random() < 0.7 else tags[0] for t in line] for line in gold]


def answered(draw: np.random.Generator) -> Iterator[tuple[Labels, Labels]]:
    """Right answers of which some have several or none, and answers made of the same words."""
    for rights in ([1] * 9, [3, 0, 1, 2, 0, 1, 2]):
        texts = [[" ".join(draw.choice(WORDS, 3)) for _ in range(number)] for number in rights]
        yield texts, [[" ".join(draw.choice((right or ["", "an"])[0].split(" "), 2))] for right in texts]


def mined(draw: np.random.Generator) -> Iterator[tuple[Labels, Labels]]:
    for without in (0.0, 0.5):
        gold = [[str(row)] if draw.random() >= without else [] for row in range(20)]
        yield gold, [[str(int(draw.integers(20)))] if draw.random() < 0.4 else line for line in gold]


def batches_output() -> dict[str, object]:
    """Two epochs and more of a mixture of rows with one and with several inputs."""
    members = [
        toy.encoded([[3 + (7 * row) % 40] for row in range(130)]),
        toy.encoded([[3 + (5 * row + i) % 30 for i in range(1 + row % 3)] for row in range(23)], tokens=True),
    ]
    schedule = Schedule(members, (0.5, 0.5), 150, batch_size=2, micro_batch_size=2, seed=11)
    steps = [[[m.member, m.index, m.length, m.inputs.tolist()] for m in schedule.at(step)] for step in range(150)]
    block = {name: values.tolist() for name, values in members[1].block(np.array([4, 0, 9]), 32, pad=1).items()}
    counted = members[1].targets_in(np.array([4, 0, 9]))
    return {
        "steps": steps, "block": block, "targets": counted,
        "lengths": [padded_length(n) for n in (1, *LENGTHS, *(n + 1 for n in LENGTHS), 2000)],
    }  # fmt: skip


def mixture_output() -> dict[str, object]:
    """Weights by every rule, and who has its turn under them."""
    rows = (160, 4000, 90_000)
    rules: dict[str, dict[str, Any]] = {
        "equal": {}, "cap": {"cap": 1000}, "temperature": {"temperature": 2.0}, "weights": {"weights": [1, 0, 2]},
    }  # fmt: skip
    found = {name: shares(rows, **rule) for name, rule in rules.items()}
    return {name: {"shares": weights, "turns": turns(weights, 100)} for name, weights in found.items()}


def initial_weights() -> dict[str, object]:
    """Weights of new heads by parameter name. Needs torch."""
    from xfer.models.heads import HEADS, new_head
    from xfer.models.spec import HeadSpec

    heads = {output: new_head(HeadSpec("xnli", output, 3), 4, 0.1, 0.5, seed=11) for output in HEADS}
    return {
        output: {name: parameter.detach().tolist() for name, parameter in head.named_parameters()}
        for output, head in heads.items()
    }


def answers_of_heads() -> dict[str, object]:
    """Logits of heads whose weights are set by hand. Needs torch."""
    import torch

    from xfer.models.heads import HEADS

    found: dict[str, object] = {}
    for output, kind in HEADS.items():
        head = kind(4, 3, 0.1).eval()
        with torch.no_grad():
            for place, (_, parameter) in enumerate(sorted(head.named_parameters())):
                parameter.copy_(torch.cos(place + torch.arange(parameter.numel())).reshape(parameter.shape))
            states = torch.sin(torch.arange(2 * 3 * 4, dtype=torch.float32)).reshape(2, 3, 4)
            embeddings = torch.sin(1 + torch.arange(3 * 4, dtype=torch.float32)).reshape(3, 4)
            mask = torch.tensor([[1, 1, 1], [1, 1, 0]])
            inputs = {
                "sequence": [states[:, 0]], "choice": [states.reshape(6, 4)], "token": [states], "span": [states, mask],
                "vocabulary": [states, embeddings],
            }[output]  # fmt: skip
            found[output] = head(*inputs).tolist()
    return found


def new_encoders_weights() -> dict[str, list[float]]:
    """Some weights of each parameter of an encoder from scratch, and their sum. Needs torch."""
    from xfer.models.base import Base
    from xfer.models.load import new_encoder
    from xfer.models.scratch import spec_of

    base = Base(spec_of("fresh", "nano", {"model": {"vocab": {f"piece-{i}": i for i in range(40)}}}), None)
    return {
        name: [*map(float, parameter.flatten()[:2].tolist()), float(parameter.double().sum().item())]
        for name, parameter in new_encoder(base, 0.1, seed=11).named_parameters()
    }


FORMATS = ("choice", "classification", "masked_text", "mining", "rating", "retrieval", "span", "tagging")


def exercises() -> dict[str, Callable[[], object]]:
    """By component: what gives its output."""
    return {
        "training.batches": batches_output,
        "training.heads": initial_weights,
        "training.mixture": mixture_output,
        "training.scratch": new_encoders_weights,
        "prediction.heads": answers_of_heads,
        **{f"format.{n}": partial(format_output, n) for n in FORMATS},
        **{f"metric.{name}": partial(metric_output, name) for name in METRICS},
    }


TORCH = frozenset(["training.heads", "prediction.heads", "training.scratch"])
"""Components that cannot be exercised without torch."""

ELSEWHERE = frozenset(["training.loop", "prediction.predict"])
"""Components that tests/integration holds to their numbers."""
