"""The specification of a generated world: its languages and how much data it has."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from xfer.synthetic.meanings import CLAUSES

FIRST = "en"
"""The language that tasks have training data in."""

MOST_LANGUAGES = 32
"""Beyond it words of two syllables would run short."""

Order = Literal["SVO", "SOV", "VSO"]


class Language(BaseModel):
    """How a language differs from the first one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cognates: float = Field(default=1.0, ge=0, le=1)
    """Share of word forms that it shares with the first language, function words included."""
    order: Order = "SVO"
    """Order of subject, verb and object."""
    adjective: Literal["before", "after"] = "before"
    """Where an adjective stands, seen from its noun."""


HELD_OUT = ("validation", "test")
"""Splits that every language has."""


class Rows(BaseModel):
    """Numbers of rows: of training data by table, of validation and test data in every language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: int = Field(default=40_000, ge=1)
    nli: int = Field(default=12_000, ge=1)
    tagging: int = Field(default=4_000, ge=1)
    paraphrase: int = Field(default=2_000, ge=1)
    choice: int = Field(default=4_000, ge=1)
    span: int = Field(default=4_000, ge=1)
    validation: int = Field(default=300, ge=1)
    test: int = Field(default=500, ge=1)


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        FIRST: Language(),
        "qaa": Language(cognates=0.8),
        "qab": Language(cognates=0.5),
        "qac": Language(cognates=0.3),
        "qad": Language(cognates=0.8, order="SOV"),
    }
)
"""Each differs from another one in one respect: a chain of fewer cognates, and ``qad`` from ``qaa`` in word order.
The codes are for private use (BCP 47), so nobody takes them for languages that people speak."""


class World(BaseModel):
    """Artificial languages of one grammar and one lexicon of meanings. All that is said in it follows from this."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = 1
    languages: Mapping[str, Language] = Field(default_factory=lambda: dict(LANGUAGES), max_length=MOST_LANGUAGES)
    """By code; ``en`` is the first one, and the measure of the others."""
    rows: Rows = Rows()

    @model_validator(mode="after")
    def _first_language(self) -> Self:
        if next(iter(self.languages), None) != FIRST or self.languages[FIRST] != Language():
            raise ValueError(f"languages begin with {FIRST}, which has cognates 1, order SVO and adjectives before")
        return self

    @model_validator(mode="after")
    def _large_enough(self) -> Self:
        rows = self.rows
        if (held := rows.validation + rows.test) >= CLAUSES:
            name = "test" if rows.test > rows.validation else "validation"
            raise ValueError(
                f"rows.{name}: {getattr(rows, name)} rows asked, but the grammar has {CLAUSES} distinct clauses: "
                f"at most {CLAUSES - 1} for validation and test together"
            )
        for name in type(rows).model_fields:
            if name not in HELD_OUT and (asked := getattr(rows, name)) > CLAUSES - held:
                raise ValueError(
                    f"rows.{name}: {asked} rows asked, but the grammar has {CLAUSES} distinct clauses: beside "
                    f"{held} for validation and test at most {CLAUSES - held}"
                )
        return self
