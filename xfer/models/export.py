"""Export: a checkpoint as a folder that ``transformers`` reads without us. Weights are copied, never loaded: no torch.

A checkpoint of the RoBERTa family with one head becomes the classifier that its architecture is. Of any other the
encoder is what ``AutoModel`` reads, and the heads lie beside it.
"""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from xfer.errors import ModelError
from xfer.io import whole_folder
from xfer.models.card import Origin, card
from xfer.models.spec import HeadSpec

FAMILY = MappingProxyType({"camembert": "Camembert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta"})
"""By ``model_type``: how the classes begin whose heads are built as ours are. All name the encoder ``roberta``."""


class Use(NamedTuple):
    """What a head makes of an encoder."""

    model: str
    """How the class is called after the architecture, or after ``AutoModelFor``."""
    pipeline: str
    """What the Hub calls it."""
    names: Mapping[str, str]
    """Beginnings of the parameters' names: ours and theirs."""


USES = MappingProxyType(
    {
        "sequence": Use(
            "SequenceClassification",
            "text-classification",
            {"dense.": "classifier.dense.", "out.": "classifier.out_proj."},
        ),
        "token": Use("TokenClassification", "token-classification", {"out.": "classifier."}),
    }
)
"""By a head's output."""


def export(checkpoint: Path, target: Path, origin: Origin) -> str:
    """Write ``checkpoint`` to ``target``, whole or not at all; the class of ``transformers`` that loads it.

    Raises ``UserError`` when ``target`` is not empty or cannot be written, ``ModelError`` for what is no checkpoint.
    """
    config, heads = _read(checkpoint / "config.json"), _heads(checkpoint)
    use = _use(config, heads)
    auto, pipeline = (f"AutoModelFor{use.model}", use.pipeline) if use else ("AutoModel", "feature-extraction")
    with whole_folder(target) as folder:
        for file in sorted(checkpoint.iterdir()):
            if use is None or file.name not in ("model.safetensors", "heads.safetensors", "heads.json"):
                shutil.copyfile(file, folder / file.name)
        if use is not None:
            (head,) = heads
            _write(folder / "config.json", _classifier(config, head, use))
            renames = {"model": {"": "roberta."}, "heads": {f"{head.name}.{a}": b for a, b in use.names.items()}}
            merge({checkpoint / f"{file}.safetensors": r for file, r in renames.items()}, folder / "model.safetensors")
        (folder / "README.md").write_text(card(target.resolve().name, origin, auto, pipeline, heads))
    return auto


def merge(sources: Mapping[Path, Mapping[str, str]], target: Path) -> None:
    """One safetensors file out of several, each with other beginnings of its tensors' names.

    The format is 8 bytes of header length, a JSON header, and the tensors one after the other.
    """
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    begin, bodies = 0, []
    for file, renames in sources.items():
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            tensors = json.loads(stream.read(length))
        tensors.pop("__metadata__", None)
        for name, tensor in tensors.items():
            ours = next(ours for ours in renames if name.startswith(ours))
            offsets = [begin + offset for offset in tensor["data_offsets"]]
            header[renames[ours] + name.removeprefix(ours)] = {**tensor, "data_offsets": offsets}
        bodies.append((file, 8 + length))
        begin += file.stat().st_size - 8 - length
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 8)
    with target.open("wb") as written:
        written.write(struct.pack("<Q", len(encoded)) + encoded)
        for file, start in bodies:
            with file.open("rb") as stream:
                stream.seek(start)
                shutil.copyfileobj(stream, written)


def _use(config: Mapping[str, Any], heads: list[HeadSpec]) -> Use | None:
    """What the one head makes of the encoder; None when ``transformers`` has no class for it."""
    if len(heads) != 1 or config.get("model_type") not in FAMILY or len(heads[0].labels) != heads[0].size:
        return None
    if heads[0].output == "sequence" and config.get("classifier_pooling", "cls") != "cls":
        return None  # theirs answers from the first sub-token
    return USES.get(heads[0].output)


def _classifier(config: Mapping[str, Any], head: HeadSpec, use: Use) -> dict[str, Any]:
    return {
        **config,
        "architectures": [f"{FAMILY[config['model_type']]}For{use.model}"],
        "id2label": {str(number): label for number, label in enumerate(head.labels)},
        "label2id": {label: number for number, label in enumerate(head.labels)},
    }


def _heads(checkpoint: Path) -> list[HeadSpec]:
    described = _read(checkpoint / "heads.json")
    return [
        HeadSpec(name, str(head["output"]), int(head["size"]), tuple(head["labels"]))
        for name, head in described.items()
    ]


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise ModelError(f"this is no checkpoint: {error}", str(path.parent)) from error


def _write(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
