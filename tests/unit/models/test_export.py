"""Export: ``transformers`` loads what is written by itself, and answers as our own model does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

torch = pytest.importorskip("torch", reason="comparing logits needs torch")

import transformers  # noqa: E402
from torch import Tensor  # noqa: E402

from tests import world  # noqa: E402
from xfer.errors import ModelError, UserError  # noqa: E402
from xfer.models import load, spec  # noqa: E402
from xfer.models.base import Base  # noqa: E402
from xfer.models.card import Origin  # noqa: E402
from xfer.models.encoder import EncoderWithHeads, mean_over  # noqa: E402
from xfer.models.export import export  # noqa: E402
from xfer.models.heads import new_head  # noqa: E402
from xfer.models.spec import HeadSpec  # noqa: E402

NLI = HeadSpec("mnli", "sequence", 3, ("entailment", "neutral", "contradiction"))
POS = HeadSpec("udpos", "token", 17, world.UPOS)
RECIPE = {"steps": 8, "learning_rate": 1e-3, "max_length": 32}
DATA = ["mnli", "no", "train", "c0ffee", "decla", None, False]
ORIGIN = Origin(
    "0123456789ab",
    {"trains_on": [DATA], "start": {"phase": "ba9876543210", "rule": "last"}, "recipe": RECIPE, "seed": 11},
    "best-000000000001",
    {"step": 8, "selected_by": "mnli/validation/en", "value": 0.75},
    (
        (
            "ba9876543210",
            {"trains_on": [["snli", "en", "train", "c", "d", 64, True]], "start": {"model": "f1"}, "seed": 7},
        ),
    ),
)


def checkpoint(folder: Path, heads: list[HeadSpec], **config: Any) -> Path:
    """A checkpoint as a phase leaves it, every weight of it random; ``config`` changes the model it began as."""
    path = world.model(folder / "base", seed=0) / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    encoder = load.load_encoder(folder / "base", None)
    model = EncoderWithHeads(encoder, {head.name: new_head(head, 32, 0.1, 0.3, 1) for head in heads})
    random = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=random), alpha=0.2)
    base = Base(spec.read("tiny", folder / "base", None), folder / "base")
    load.save(folder / "checkpoint", model, dict(model.named_parameters()), heads, base)
    return folder / "checkpoint"


def ours(folder: Path, batch: Mapping[str, Tensor], head: str) -> Tensor:
    model = load.load_trained(folder).eval()
    with torch.no_grad():
        logits: Tensor = model({**batch, "type_ids": torch.zeros_like(batch["input_ids"])}, head)
    return logits


@pytest.fixture
def batch() -> dict[str, Tensor]:
    """Three inputs of different lengths."""
    ids = torch.randint(5, 30, (3, 12), generator=torch.Generator().manual_seed(0))
    ids[:, 0] = 0
    lengths = torch.tensor([12, 7, 3])
    mask = (torch.arange(12) < lengths[:, None]).long()
    return {"input_ids": torch.where(mask.bool(), ids, 1), "attention_mask": mask}


def theirs(auto: Any, folder: Path, batch: Mapping[str, Tensor]) -> Any:
    """What ``transformers`` answers; that it finds every weight it wants, and no other."""
    # With another kernel for attention sums come in another order.
    options = {"local_files_only": True, "output_loading_info": True, "attn_implementation": "eager"}
    model, loading = auto.from_pretrained(folder, **options)
    missing = {name for name in loading["missing_keys"] if "pooler" not in name}
    assert (missing, set(loading["unexpected_keys"]), set(loading["mismatched_keys"])) == (set(), set(), set())
    with torch.no_grad():
        return model.eval()(**batch)


CLASSIFIERS = {
    "sequence": (NLI, transformers.AutoModelForSequenceClassification),
    "token": (POS, transformers.AutoModelForTokenClassification),
}


@pytest.mark.parametrize("kind", ["xlm-roberta", "roberta", "camembert"])
@pytest.mark.parametrize("output", CLASSIFIERS)
def test_a_roberta_with_one_head_becomes_the_classifier_it_is(
    tmp_path: Path, batch: dict[str, Tensor], output: str, kind: str
) -> None:
    head, auto = CLASSIFIERS[output]
    folder = checkpoint(tmp_path, [head], model_type=kind)
    out = tmp_path / "deep" / "mine"
    assert export(folder, out, ORIGIN) == auto.__name__
    logits = theirs(auto, out, batch).logits
    expected = ours(folder, batch, head.name)
    assert logits.shape == expected.shape == ((3, 3) if output == "sequence" else (3, 12, 17))
    assert torch.allclose(logits, expected, atol=1e-6) and float(logits.std()) > 0.01
    config = json.loads((out / "config.json").read_text())
    assert config["architectures"] == [type(auto.from_pretrained(out)).__name__]
    assert list(auto.from_pretrained(out).config.id2label.values()) == list(head.labels)
    assert config["label2id"] == {label: number for number, label in enumerate(head.labels)}
    assert not list(out.glob("heads*"))


def test_weights_are_moved_bit_by_bit(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, [NLI])
    export(folder, tmp_path / "mine", ORIGIN)
    encoder, heads = load_file(folder / "model.safetensors"), load_file(folder / "heads.safetensors")
    written = load_file(tmp_path / "mine" / "model.safetensors")
    expected = {f"roberta.{name}": array for name, array in encoder.items()}
    for name in ("weight", "bias"):
        expected[f"classifier.dense.{name}"] = heads[f"mnli.dense.{name}"]
        expected[f"classifier.out_proj.{name}"] = heads[f"mnli.out.{name}"]
    assert written.keys() == expected.keys()
    assert all(np.array_equal(written[name], array) for name, array in expected.items())


WITHOUT_LABELS = HeadSpec("choice", "sequence", 1)
OTHERS: dict[str, tuple[list[HeadSpec], dict[str, Any]]] = {
    "two heads": ([NLI, POS], {}),
    "a head without labels": ([WITHOUT_LABELS], {}),
    "another architecture": ([NLI], {"model_type": "bert", "pad_token_id": 0}),
    "another pooling than theirs": ([NLI], {"classifier_pooling": "mean"}),
}


@pytest.mark.parametrize("case", OTHERS)
def test_of_any_other_the_encoder_is_loaded_and_the_heads_lie_beside_it(
    tmp_path: Path, batch: dict[str, Tensor], case: str
) -> None:
    heads, config = OTHERS[case]
    folder = checkpoint(tmp_path, heads, **config)
    out = tmp_path / "mine"
    assert export(folder, out, ORIGIN) == "AutoModel"
    states = theirs(transformers.AutoModel, out, batch).last_hidden_state
    for head in heads:
        model = load.load_trained(out).eval()
        pooled = mean_over(states, batch["attention_mask"]) if config.get("classifier_pooling") else states[:, 0]
        logits = model.heads[head.name](pooled if head.output == "sequence" else states)
        assert torch.allclose(logits, ours(folder, batch, head.name), atol=1e-6)
    text = (out / "README.md").read_text()
    assert "AutoModel.from_pretrained" in text and all(f"`{head.name}`" in text for head in heads)


def test_the_tokenizer_comes_along(tmp_path: Path) -> None:
    export(checkpoint(tmp_path, [NLI]), tmp_path / "mine", ORIGIN)
    mine, base = (transformers.AutoTokenizer.from_pretrained(tmp_path / name) for name in ("mine", "base"))
    assert mine("the red cat", "the dog")["input_ids"] == base("the red cat", "the dog")["input_ids"]


def test_the_card_says_what_it_is_and_how_it_came_about(tmp_path: Path) -> None:
    export(checkpoint(tmp_path, [NLI]), tmp_path / "mine", ORIGIN)
    text = (tmp_path / "mine" / "README.md").read_text()
    front = text.split("---\n")[1]
    assert front.splitlines() == [
        'language: ["no"]', 'library_name: "transformers"', 'pipeline_tag: "text-classification"', 'tags: ["xfer"]',
    ]  # fmt: skip
    assert "license" not in text.lower()
    assert 'AutoModelForSequenceClassification.from_pretrained("mine")' in text
    assert "mnli (no, train) with seed 11" in text
    assert "phase `0123456789ab`, selection `best-000000000001`" in text
    assert "step 8, the best by mnli/validation/en (0.75)" in text
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert rows == [
        "| - | the model as it came, or random weights, with fingerprint `f1` | - |",
        "| `ba9876543210` | snli (en, train, 64 examples, labels shuffled) | 7 |",
        "| `0123456789ab` | mnli (no, train) | 11 |",
    ]
    blocks = [json.loads(block.split("\n```")[0]) for block in text.split("```json\n")[1:]]
    assert blocks == [RECIPE, ORIGIN.payload]


def test_a_parent_that_is_no_longer_on_record_is_named_by_its_key(tmp_path: Path) -> None:
    last = {"step": 8, "selected_by": "", "value": None}
    origin = Origin("0123456789ab", ORIGIN.payload, "last", last, (("ba9876543210", {}),))
    export(checkpoint(tmp_path, [NLI]), tmp_path / "mine", origin)
    text = (tmp_path / "mine" / "README.md").read_text()
    assert "| `ba9876543210` | data no longer on record | ? |" in text and "step 8, its last step" in text


def test_an_empty_folder_is_filled_and_what_lies_beside_stays(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, [NLI])
    out = tmp_path / "there" / "mine"
    out.mkdir(parents=True)
    (out.parent / "notes.txt").write_text("mine")
    export(folder, out, ORIGIN)
    assert sorted(path.name for path in out.parent.iterdir()) == ["mine", "notes.txt"]
    assert {"config.json", "model.safetensors", "tokenizer.json", "README.md"} <= {path.name for path in out.iterdir()}


@pytest.mark.parametrize("taken", ["file", "folder"])
def test_what_is_there_is_not_touched(tmp_path: Path, taken: str) -> None:
    folder, out = checkpoint(tmp_path, [NLI]), tmp_path / "mine"
    file = out if taken == "file" else out / "notes.txt"
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(UserError, match="there is something already") as error:
        export(folder, out, ORIGIN)
    assert error.value.where == str(out) and file.read_text() == "mine"


def test_an_export_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, [NLI])
    (folder / "heads.safetensors").unlink()
    with pytest.raises(UserError):
        export(folder, tmp_path / "mine", ORIGIN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["base", "checkpoint"]


@pytest.mark.parametrize("name", ["config.json", "heads.json"])
def test_what_is_no_checkpoint_is_a_model_error(tmp_path: Path, name: str) -> None:
    folder = checkpoint(tmp_path, [NLI])
    (folder / name).unlink()
    with pytest.raises(ModelError, match="no checkpoint"):
        export(folder, tmp_path / "mine", ORIGIN)
