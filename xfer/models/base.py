"""Base: a model as it was before any phase: configuration, tokenizer, and weights if it has any. Without torch."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tokenizers import Tokenizer

from xfer.errors import ModelError
from xfer.models.spec import ModelSpec

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True)
class Base:
    """What phases start from, and what checkpoints take configuration and tokenizer from."""

    spec: ModelSpec
    folder: Path | None
    """Where its files are; None for a model from scratch, whose tokenizer is in its specification."""

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """Raises ``ModelError`` when it cannot be read."""
        try:
            if self.folder is None:
                return Tokenizer.from_str(json.dumps(self.spec.tokenizer))
            return Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        except Exception as error:  # the library raises a bare Exception
            where = str(self.folder / "tokenizer.json") if self.folder else self.spec.name
            raise ModelError(f"not a tokenizer: {error}", where, "the model needs a tokenizer.json") from error

    @property
    def mask(self) -> int | None:
        """Id of the sub-token that hides another, if the tokenizer has one."""
        found = (self.tokenizer.token_to_id(mark) for mark in ("<mask>", "[MASK]"))
        return next((int(number) for number in found if number is not None), None)

    def write_tokenizer(self, folder: Path) -> None:
        """Put the tokenizer's files into a checkpoint's folder."""
        if self.folder is not None:
            for name in TOKENIZER_FILES:
                if (self.folder / name).exists():
                    shutil.copyfile(self.folder / name, folder / name)
            return
        (folder / "tokenizer.json").write_text(json.dumps(self.spec.tokenizer, ensure_ascii=False))
        names = {"bos": "<s>", "eos": "</s>", "pad": "<pad>", "unk": "<unk>", "mask": "<mask>"}
        described = {"tokenizer_class": "TokenizersBackend", **{f"{name}_token": mark for name, mark in names.items()}}
        (folder / "tokenizer_config.json").write_text(json.dumps(described, indent=1))
