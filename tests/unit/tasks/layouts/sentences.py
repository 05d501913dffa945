"""A tag for each word, and sentences beside their translations."""

from __future__ import annotations

from tests.unit.tasks.layouts.case import Case, sequence, strings
from tests.world import STRING, UPOS, labels
from xfer.tasks.registry import SHIPPED

NER = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
SEMTAGS = SHIPPED.get("semtags").labels
WORDS = [["the", "cat"], ["Rome"]]

CASES = (
    Case(
        "udpos", "af", "train", "google/xtreme", "udpos.Afrikaans", "train",
        {"tokens": sequence(STRING), "pos_tags": sequence(labels(UPOS))},
        [{"tokens": WORDS[0], "pos_tags": [5, 7]}, {"tokens": WORDS[1], "pos_tags": [11]}],
        {"cluster": [0, 1], "tokens": WORDS, "tags": [["DET", "NOUN"], ["PROPN"]]},
        {"pos_tags": [17]}, "label '17' in column 'pos_tags'",
    ),
    Case(
        "panx", "jv", "test", "unimelb-nlp/wikiann", "jv", "test",
        {"tokens": sequence(STRING), "ner_tags": sequence(labels(NER)), "langs": sequence(STRING)},
        [
            {"tokens": WORDS[0], "ner_tags": [0, 0], "langs": ["jv", "jv"]},
            {"tokens": WORDS[1], "ner_tags": [5], "langs": ["jv"]},
        ],
        {"cluster": [0, 1], "tokens": WORDS, "tags": [["O", "O"], ["B-LOC"]]},
        {"ner_tags": [5, 6]}, "1 tokens and 2 tags",
    ),
    Case(
        "deprel", "en", "train", "commul/universal_dependencies", "en_ewt", "train",
        {
            **strings("sent_id", "text"), "tokens": sequence(STRING), "lemmas": sequence(STRING),
            "upos": sequence(STRING), "head": sequence(STRING), "deprel": sequence(STRING),
        },
        [
            {"sent_id": "1", "text": "the cat", "tokens": WORDS[0], "lemmas": WORDS[0], "upos": ["DET", "NOUN"],
             "head": ["2", "0"], "deprel": ["det", "root"]},
            {"sent_id": "2", "text": "Rome", "tokens": WORDS[1], "lemmas": WORDS[1], "upos": ["PROPN"],
             "head": ["0"], "deprel": ["root"]},
        ],
        {"cluster": [0, 1], "tokens": WORDS, "tags": [["det", "root"], ["root"]]},
        {"deprel": [None]}, "column 'deprel' has 1 empty values",
    ),
    Case(
        "semtags", "en", "test", "local/semantic-tags", "en", "test",
        {"tokens": sequence(STRING), "tags": sequence(labels(SEMTAGS))},
        [{"tokens": WORDS[0], "tags": [10, 7]}, {"tokens": WORDS[1], "tags": [26]}],
        {"cluster": [0, 1], "tokens": WORDS, "tags": [[SEMTAGS[10], SEMTAGS[7]], [SEMTAGS[26]]]},
        {"tokens": [], "tags": []}, "0 tokens and 0 tags",
    ),
    Case(
        "multilingual_text", "sw", "train", "local/multilingual-text", "sw", "train",
        strings("text"),
        [{"text": "Habari gani"}, {"text": "Nzuri"}],
        {"cluster": [0, 1], "text": ["Habari gani", "Nzuri"]},
        {"text": None}, "column 'text' has 1 empty values",
    ),
    Case(
        "tatoeba", "zh", "test", "mteb/tatoeba-bitext-mining", "cmn-eng", "test",
        strings("sentence1", "sentence2", "lang"),
        [
            {"sentence1": "一", "sentence2": "one", "lang": "cmn-eng"},
            {"sentence1": "二", "sentence2": "two", "lang": "cmn-eng"},
        ],
        {"cluster": [0, 1], "query": ["one", "two"], "candidate": ["一", "二"]},
        {"sentence1": None}, "column 'sentence1' has 1 empty values",
    ),
)  # fmt: skip
