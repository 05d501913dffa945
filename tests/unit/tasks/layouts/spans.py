"""Questions whose answer is a part of a text."""

from __future__ import annotations

from typing import Any

from tests.unit.tasks.layouts.case import NUMBER, Case, sequence, strings
from tests.world import STRING

SQUAD = {
    **strings("id", "title", "context", "question"),
    "answers": sequence({"text": STRING, "answer_start": NUMBER}),
}
CONTEXT = "Paris is the capital of France. Rome is that of Italy."


def row(question: str, *answers: str, name: str = "57", context: str = CONTEXT) -> dict[str, Any]:
    found = {"text": list(answers), "answer_start": [context.index(answer) for answer in answers]}
    return {"id": name, "title": "Cities", "context": context, "question": question, "answers": found}


def normalised(*rows: dict[str, Any], clusters: tuple[int, ...] = (0, 0)) -> dict[str, Any]:
    return {
        "cluster": list(clusters),
        "question": [line["question"] for line in rows],
        "context": [line["context"] for line in rows],
        "answers": [line["answers"]["text"] for line in rows],
        "starts": [line["answers"]["answer_start"] for line in rows],
    }


ASKED = (row("What is France's capital?", "Paris"), row("Of what is Rome?", "Italy", "that of Italy"))
GERMAN = "Köln liegt am Rhein, und Ulm liegt an der Donau."
IN_GERMAN = (row("Woran liegt Köln?", "Rhein", context=GERMAN), row("Was liegt an der Donau?", "Ulm", context=GERMAN))

CASES = (
    Case(
        "squad", "en", "train", "rajpurkar/squad", "plain_text", "train", SQUAD, ASKED, normalised(*ASKED),
        {"answers": {"text": [], "answer_start": []}}, "has no answer",
    ),
    Case(
        "squad2", "en", "validation", "rajpurkar/squad_v2", "squad_v2", "validation", SQUAD,
        [row("What is Spain's capital?"), ASKED[1]], normalised(row("What is Spain's capital?"), ASKED[1]),
        {"answers": {"text": [""], "answer_start": [0]}}, "has an answer without text",
    ),
    Case(
        "xquad", "de", "test", "google/xquad", "xquad.de", "validation", SQUAD, IN_GERMAN, normalised(*IN_GERMAN),
        {"answers": {"text": ["Ulm", "Ulm"], "answer_start": [25]}}, "2 answers and 1 starts",
    ),
    Case(
        "mlqa", "de", "test", "google/xtreme", "MLQA.de.de", "test",
        {"context": STRING, "question": STRING, "answers": SQUAD["answers"], "id": STRING},
        [{name: line[name] for name in ("context", "question", "answers", "id")} for line in IN_GERMAN],
        normalised(*IN_GERMAN),
        {"answers": {"text": ["Ulmen"], "answer_start": [25]}}, "the answer 'Ulmen' does not stand at 25",
    ),
    Case(
        "tydiqa", "sw", "validation", "google-research-datasets/tydiqa", "secondary_task", "validation", SQUAD,
        [row("?", "Rome", name="swahili-1"), row("?", "Italy", name="swahili-2"), row("?", "Paris", name="english-1")],
        normalised(row("?", "Rome"), row("?", "Italy")),
        {"answers": {"text": ["Italia"], "answer_start": [48]}}, "the answer 'Italia' does not stand at 48",
    ),
)  # fmt: skip
