"""Multiple choice."""

from __future__ import annotations

from tests.unit.tasks.layouts.case import LONG, NUMBER, Case, sequence, strings
from tests.world import STRING, labels

COPA = {
    **strings("premise", "choice1", "choice2", "question"),
    "idx": NUMBER,
    "label": labels(("choice1", "choice2")),
}
SHADOW = {
    "premise": "My body cast a shadow.", "choice1": "The sun rose.", "choice2": "The grass was cut.",
    "question": "cause", "idx": 0, "label": 0,
}  # fmt: skip
SLIPPED = {
    "premise": "She slipped.", "choice1": "She sang.", "choice2": "She fell.", "question": "effect", "idx": 1,
    "label": 1,
}  # fmt: skip
COPA_ROWS = {
    "cluster": [0, 1],
    "context": ["My body cast a shadow.", "She slipped."],
    "question": ["What was the cause?", "What happened as a result?"],
    "options": [["The sun rose.", "The grass was cut."], ["She sang.", "She fell."]],
    "label": ["choice1", "choice2"],
}

CASES = (
    Case(
        "hellaswag", "en", "train", "Rowan/hellaswag", "default", "train",
        {
            "ind": NUMBER, **strings("activity_label", "ctx_a", "ctx_b", "ctx"), "endings": sequence(STRING),
            **strings("source_id", "split", "split_type", "label"),
        },
        [
            {
                "ind": 4, "activity_label": "Roof", "ctx_a": "A man sits.", "ctx_b": "he", "ctx": "A man sits. he",
                "endings": ["sings.", "stands.", "swims.", "runs."], "source_id": "a", "split": "train",
                "split_type": "indomain", "label": label,
            }
            for label in ("3", "0")
        ],
        {
            "cluster": [0, 0], "context": ["A man sits. he"] * 2,
            "options": [["sings.", "stands.", "swims.", "runs."]] * 2, "label": ["3", "0"],
        },
        {"endings": ["sings.", "stands.", "swims."]}, "3 options",
    ),
    Case(
        "cosmos_qa", "en", "validation", "allenai/cosmos_qa", "default", "validation",
        {**strings("id", "context", "question", "answer0", "answer1", "answer2", "answer3"), "label": NUMBER},
        [
            {"id": "a", "context": "It rains .", "question": "Why ?", "answer0": "w", "answer1": "x", "answer2": "y",
             "answer3": "z", "label": label}
            for label in (2, 0)
        ],
        {
            "cluster": [0, 0], "context": ["It rains ."] * 2, "question": ["Why ?"] * 2,
            "options": [["w", "x", "y", "z"]] * 2, "label": ["C", "A"],
        },
        {"label": -1}, "label '-1' in column 'label'",
    ),
    Case(
        "social_i_qa", "en", "train", "allenai/social_i_qa", "default", "train",
        strings("context", "question", "answerA", "answerB", "answerC", "label"),
        [
            {"context": "Tracy left.", "question": "Why?", "answerA": "a", "answerB": "b", "answerC": "c", "label": n}
            for n in ("3", "1")
        ],
        {
            "cluster": [0, 0], "context": ["Tracy left."] * 2, "question": ["Why?"] * 2,
            "options": [["a", "b", "c"]] * 2, "label": ["C", "A"],
        },
        {"label": "0"}, "label '0' in column 'label'",
    ),
    Case(
        "commonsense_qa", "en", "train", "tau/commonsense_qa", "default", "train",
        {
            **strings("id", "question", "question_concept"),
            "choices": sequence(strings("label", "text")),
            "answerKey": STRING,
        },
        [
            {"id": "1", "question": "Where is a door?", "question_concept": "door", "answerKey": key,
             "choices": {"label": list("ABCDE"), "text": ["bank", "library", "shop", "mall", "york"]}}
            for key in ("A", "E")
        ],
        {
            "cluster": [0, 1], "question": ["Where is a door?"] * 2,
            "options": [["bank", "library", "shop", "mall", "york"]] * 2, "label": ["A", "E"],
        },
        {"choices": {"label": list("ABCD"), "text": ["bank", "library", "shop", "mall"]}}, "4 options",
    ),
    Case(
        "copa", "en", "train", "aps/super_glue", "copa", "train", COPA, [SHADOW, SLIPPED], COPA_ROWS,
        {"question": "why"}, "'why' in column 'question'",
    ),
    Case(
        "xcopa", "sw", "test", "cambridgeltl/xcopa", "sw", "test",
        {**COPA, "label": NUMBER, "changed": {"dtype": "bool", "_type": "Value"}},
        [{**SHADOW, "changed": False}, {**SLIPPED, "changed": True}], COPA_ROWS,
        {"label": 2}, "label '2' in column 'label'",
    ),
    Case(
        "x_csqa", "ja", "test", "INK-USC/xcsr", "X-CSQA-jap", "validation",
        {
            **strings("id", "lang"),
            "question": {"stem": STRING, "choices": sequence(strings("label", "text"))},
            "answerKey": STRING,
        },
        [
            {"id": "1", "lang": "jap", "answerKey": key,
             "question": {"stem": "どこ?", "choices": {"label": list("ABCDE"), "text": ["一", "二", "三", "四", ""]}}}
            for key in ("B", "E")
        ],
        {
            "cluster": [0, 1], "question": ["どこ?"] * 2, "options": [["一", "二", "三", "四", ""]] * 2,
            "label": ["B", "E"],
        },
        {"answerKey": ""}, "label '' in column 'answerKey'",
    ),
    Case(
        "xstory_cloze", "te", "validation", "juletxara/xstory_cloze", "te", "eval",
        {
            "story_id": STRING, **strings(*(f"input_sentence_{i}" for i in range(1, 5))),
            **strings("sentence_quiz1", "sentence_quiz2"), "answer_right_ending": NUMBER,
        },
        [
            {"story_id": "s", "input_sentence_1": "One.", "input_sentence_2": "Two.", "input_sentence_3": "Three.",
             "input_sentence_4": "Four.", "sentence_quiz1": "Five.", "sentence_quiz2": "Nine.",
             "answer_right_ending": right}
            for right in (1, 2)
        ],
        {
            "cluster": [0, 1], "context": ["One. Two. Three. Four."] * 2, "options": [["Five.", "Nine."]] * 2,
            "label": ["first", "second"],
        },
        {"answer_right_ending": 0}, "label '0' in column 'answer_right_ending'",
    ),
    Case(
        "belebele", "fa", "test", "facebook/belebele", "pes_Arab", "test",
        {
            "link": STRING, "question_number": LONG, "flores_passage": STRING, "question": STRING,
            **strings("mc_answer1", "mc_answer2", "mc_answer3", "mc_answer4", "correct_answer_num", "dialect"),
        },
        [
            {"link": "http", "question_number": 1, "flores_passage": "Text.", "question": "Q?", "mc_answer1": "a",
             "mc_answer2": "b", "mc_answer3": "c", "mc_answer4": "d", "correct_answer_num": n, "dialect": "pes_Arab"}
            for n in ("4", "1")
        ],
        {
            "cluster": [0, 0], "context": ["Text."] * 2, "question": ["Q?"] * 2, "options": [["a", "b", "c", "d"]] * 2,
            "label": ["D", "A"],
        },
        {"mc_answer3": None}, "column 'mc_answer3' has 1 empty values",
    ),
)  # fmt: skip
