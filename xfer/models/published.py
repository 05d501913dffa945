"""Models whose dimensions are published, for plans that are made where no model can be reached."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xfer.errors import ModelError
from xfer.models.scratch import Size, config_of, parameters_of
from xfer.models.spec import ModelSpec

VOCABULARY, POSITIONS = 250_002, 512
"""Sub-tokens of XLM-R's tokenizer, and of an input at most."""

XLM_R: Mapping[str, Size] = MappingProxyType(
    {
        "FacebookAI/xlm-roberta-base": Size(12, 768, 12, 3072),
        "FacebookAI/xlm-roberta-large": Size(24, 1024, 16, 4096),
    }
)
"""Conneau et al. 2020, arXiv 1911.02116, table 5."""

MARK = "as published"
"""Stands for the fingerprint of what was never read."""


def spec_of(name: str) -> ModelSpec:
    """What is known of a model without a look at it. Raises ``ModelError`` for one that is not listed."""
    if name not in XLM_R:
        fix = f"make the lock where the model is; known are {', '.join(XLM_R)}"
        raise ModelError(f"the dimensions of '{name}' are not known here", fix=fix)
    size, sums = XLM_R[name], parameters_of(XLM_R[name], VOCABULARY, POSITIONS)
    return ModelSpec(
        name=name,
        revision=None,
        fingerprint=MARK,
        parameters=sum(sums.values()),
        embedding_parameters=sums["embeddings"],
        layers=size.layers,
        hidden=size.hidden,
        max_length=POSITIONS,
        pad=1,
        config=config_of(size, VOCABULARY, POSITIONS),
    )
