"""The model card of an exported checkpoint: what it is, how to load it, and how it came about."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xfer.models.spec import HeadSpec


@dataclass(frozen=True)
class Origin:
    """Where a checkpoint comes from, as the records tell it."""

    phase: str
    """Key of the phase that trained it."""
    payload: Mapping[str, Any]
    """What the key stands for."""
    rule: str
    """Key of the rule that selected it."""
    selection: Mapping[str, Any]
    """The selection's record: ``step``, ``selected_by``, ``value``."""
    ancestors: Sequence[tuple[str, Mapping[str, Any]]] = ()
    """Key and payload of the phases before it, first to last; a payload that is no longer on record is empty."""


def card(name: str, origin: Origin, auto: str, pipeline: str, heads: Sequence[HeadSpec]) -> str:
    """The text of ``README.md``. ``auto`` is the class that loads the folder, ``pipeline`` what the Hub calls its use.

    The licence is left to who publishes: it follows from the pretrained model's and from the data's.
    """
    sections = [
        _front_matter(origin, pipeline),
        f"# {name}",
        _summary(origin),
        "## Use",
        _use(name, auto, heads),
        "## Training",
        _lineage(origin),
        "Recipe:",
        _json(origin.payload.get("recipe", {})),
        f"Everything that the key `{origin.phase}` stands for:",
        _json(origin.payload),
    ]
    return "\n\n".join(sections) + "\n"


def _front_matter(origin: Origin, pipeline: str) -> str:
    languages = sorted({str(item[1]) for item in origin.payload.get("trains_on", ())})
    fields = {"language": languages, "library_name": "transformers", "pipeline_tag": pipeline, "tags": ["xfer"]}
    # JSON is YAML, and in quotes Norwegian stays a language.
    return "\n".join(["---", *(f"{field}: {json.dumps(value)}" for field, value in fields.items()), "---"])


def _summary(origin: Origin) -> str:
    selection = origin.selection
    chosen = "its last step"
    if selection.get("selected_by"):
        chosen = f"the best by {selection['selected_by']} ({selection.get('value')})"
    return (
        f"Trained on {_data(origin.payload)} with seed {origin.payload.get('seed')} by "
        f"`xfer` (phase `{origin.phase}`, selection `{origin.rule}`): step {selection.get('step')}, {chosen}."
    )


def _use(name: str, auto: str, heads: Sequence[HeadSpec]) -> str:
    lines = [
        "```python",
        f"from transformers import {auto}, AutoTokenizer",
        "",
        f'model = {auto}.from_pretrained("{name}")',
        f'tokenizer = AutoTokenizer.from_pretrained("{name}")',
        "```",
    ]
    if auto == "AutoModel" and heads:
        lines += [
            "",
            "This is the encoder. Its heads lie beside it in `heads.safetensors`, described in `heads.json`:",
            "",
        ]
        lines += [f"- `{head.name}`: {head.output}, {head.size} outputs" for head in heads]
    return "\n".join(lines)


def _lineage(origin: Origin) -> str:
    return "\n".join(["| phase | trained on | seed |", "|---|---|---|", *_rows(origin)])


def _rows(origin: Origin) -> Iterator[str]:
    every = [*origin.ancestors, (origin.phase, origin.payload)]
    model = every[0][1].get("start", {}).get("model")
    if model:
        yield f"| - | the model as it came, or random weights, with fingerprint `{model}` | - |"
    for phase, payload in every:
        yield f"| `{phase}` | {_data(payload)} | {payload.get('seed', '?')} |"


def _data(payload: Mapping[str, Any]) -> str:
    """The data sets that a payload names, by ``DataSet.identity``."""
    return " + ".join(_data_set(*item[:7]) for item in payload.get("trains_on", ())) or "data no longer on record"


def _data_set(
    task: str,
    language: str,
    split: str,
    data: str,
    declaration: str,
    examples: int | None = None,
    shuffled: bool = False,
) -> str:
    part = f", {examples} examples" if examples is not None else ""
    return f"{task} ({language}, {split}{part}{', labels shuffled' if shuffled else ''})"


def _json(value: object) -> str:
    return f"```json\n{json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)}\n```"
