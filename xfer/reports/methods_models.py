"""The models of a study in words, and the generated world that some of them and their tasks come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from xfer.models.scratch import SIZES
from xfer.models.spec import ModelSpec
from xfer.reports.formatting import count
from xfer.reports.pools import kind
from xfer.reports.prose import Paragraph, listed, number_of, percent
from xfer.study.lock import Lock
from xfer.study.schema import ModelRef, Scratch, Study
from xfer.synthetic.text import FIRST_LANGUAGE, TRANSLATED
from xfer.synthetic.world import FIRST, Language, World
from xfer.tasks.source import Generated
from xfer.tasks.task import Task


def models(study: Study, lock: Lock) -> Paragraph:
    """What the models are and where they come from."""
    items = [_pretrained(lock.model(ref.id)) for ref in study.models if ref.scratch is None]
    items += [_from_scratch(refs, lock) for refs in _kinds(study.models)]
    text = "Parameters are counted with embeddings and without heads."
    if any(ref.scratch for ref in study.models):
        text += (
            " Masked language modelling draws the sub-tokens to be predicted anew in every step; of these 80% are "
            "masked, 10% replaced by random ones and 10% left as they are."
        )
    return Paragraph("Models", text, tuple(items))


def _pretrained(spec: ModelSpec) -> str:
    architecture = spec.config.get("model_type", "")
    vocabulary = spec.config.get("vocab_size")
    facts = [f"{architecture} architecture"] if architecture else []
    facts += [number_of(spec.layers, "layer"), f"hidden size {spec.hidden}"]
    facts += [f"vocabulary of {number_of(vocabulary, 'sub-token')}"] if vocabulary else []
    origin = (
        f"revision {spec.revision} on the Hugging Face Hub"
        if spec.revision
        else f"a local copy (sha256 over configuration, tokenizer and weights: {spec.fingerprint[:16]})"
    )
    size = number_of(spec.parameters, "parameter")
    return f"{spec.name}: a pretrained encoder of {size} ({', '.join(facts)}); {origin}."


def _kinds(refs: Iterable[ModelRef]) -> tuple[tuple[ModelRef, ...], ...]:
    """Models from scratch; those that differ in their seed alone together."""
    kinds: dict[object, tuple[ModelRef, ...]] = {}
    for ref in refs:
        if ref.scratch is not None:
            found = kind(ref.scratch)
            kinds[found] = (*kinds.get(found, ()), ref)
    return tuple(kinds.values())


def _from_scratch(refs: Sequence[ModelRef], lock: Lock) -> str:
    made = [ref.scratch for ref in refs if ref.scratch is not None]
    spec, first, size = lock.model(refs[0].id), made[0], SIZES[made[0].size]
    text = (
        f"{listed([ref.id for ref in refs])}: {'an encoder' if len(refs) == 1 else 'encoders'} of XLM-R’s architecture "
        f"that the study pretrains itself, from random weights: size {first.size}, {number_of(size.layers, 'layer')}, "
        f"hidden size {size.hidden}, {size.heads} attention heads, feed-forward size {size.intermediate}, inputs of up "
        f"to {spec.max_length} sub-tokens; {number_of(spec.parameters, 'parameter')}, "
        f"{count(spec.embedding_parameters)} of them embeddings. "
    )
    return text + _pretraining(first, len(refs) > 1, [one.seed for one in made], lock)


def _pretraining(made: Scratch, several: bool, seeds: Sequence[int], lock: Lock) -> str:
    rows = [
        split.rows
        for place, split in lock.splits.items()
        if place.startswith(f"{made.text}/") and place.endswith("/train")
    ]
    amount = f" ({number_of(sum(rows), 'row')})" if rows else ""
    text = (
        f"A byte-pair tokenizer of {number_of(made.vocabulary, 'sub-token')} and the model itself, by masked language "
        f"modelling, are trained on {made.text}{amount}. "
    )
    if several:
        return text + f"The models differ only in the seed of their pretraining ({listed(seeds)})."
    return text + f"The seed of the pretraining is {seeds[0]}."


def generated(world: World, tasks: Sequence[Task]) -> Iterator[Paragraph]:
    """What the generated tasks are drawn from, if there are any."""
    found = [task.name for task in tasks if isinstance(task.source, Generated)]
    if not found:
        return
    rows = world.rows
    notes = language_notes(world)
    text = (
        f"{listed(found)} {'are' if len(found) > 1 else 'is'} generated: sentences of {len(world.languages)} "
        f"artificial languages with one grammar and one set of meanings, drawn with world seed {world.seed}. "
        f"{FIRST} stands for the language trained on (order subject, verb, object; adjectives before nouns) and is not "
        f"English. Each language has {number_of(rows.validation, 'row')} of validation and "
        f"{count(rows.test)} of test data for a task, and a row means the same in all of them."
    )
    if any(isinstance(task.source, Generated) and task.source.table == "text" for task in tasks):
        text += " In the text to pretrain on a document says one clause twice, with two words for its verb"
        text += _languages_of_text() if len(world.languages) > 1 else "."
    yield Paragraph("Generated languages", text, tuple(f"{code}: {note}." for code, note in notes.items()))


def _languages_of_text() -> str:
    return (
        f"; the first time in {FIRST} in {percent(FIRST_LANGUAGE)} of the documents, the second time in another "
        f"language than the first in {percent(TRANSLATED)}. So it holds all languages, and parallel data."
    )


def language_notes(world: World) -> Mapping[str, str]:
    """How each language differs from the first."""
    return {code: _differs(language) for code, language in world.languages.items() if code != FIRST}


def _differs(language: Language) -> str:
    names = {"S": "subject", "V": "verb", "O": "object"}
    order = ", ".join(names[part] for part in language.order)
    found = [f"shares {percent(language.cognates)} of its word forms with {FIRST}"]
    found += [f"order {order}"] if language.order != "SVO" else []
    found += ["adjectives after nouns"] if language.adjective == "after" else []
    return ", ".join(found)
