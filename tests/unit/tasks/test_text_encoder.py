"""Text to sub-tokens: no word is lost, and what is cut is counted."""

from __future__ import annotations

import pytest

from tests.unit.tasks import toy
from xfer.errors import ModelError
from xfer.tasks.text import TextEncoder


def encoder(max_length: int = 12) -> TextEncoder:
    return TextEncoder(toy.tokenizer(), max_length)


def test_texts_and_pairs_get_the_models_special_tokens() -> None:
    text = encoder()
    assert [toy.words(ids) for ids in text.texts(["ab c", "x"]).ids.to_pylist()] == [
        "<s> a ##b c </s>",
        "<s> <unk> </s>",
    ]
    pairs = text.texts(["ab"], ["c d"])
    assert toy.words(pairs.ids[0].as_py()) == "<s> a ##b </s> </s> c d </s>"
    assert pairs.type_ids[0].as_py() == [0, 0, 0, 0, 0, 1, 1, 1]
    assert pairs.truncated.tolist() == [0]


def test_a_text_that_is_too_long_loses_its_end_and_the_loss_is_counted() -> None:
    found = encoder().texts(["a " * 10, "b " * 11, "a b " * 20])
    assert found.ids.value_lengths().to_pylist() == [12, 12, 12]
    assert found.truncated.tolist() == [0, 1, 30]
    assert toy.words(found.ids[2].as_py()) == "<s> " + "a b " * 5 + "</s>"


@pytest.mark.parametrize(("first", "second"), [(4, 4), (1, 7), (9, 1), (12, 2), (2, 12), (12, 12), (30, 2), (5, 4)])
def test_of_a_pair_the_longer_text_is_cut_and_the_loss_is_counted(first: int, second: int) -> None:
    found = encoder().texts(["a " * first], ["b " * second])
    kept = toy.words(found.ids[0].as_py()).split()
    a, b = kept.count("a"), kept.count("b")
    assert (a, b) == (min(first, max(4, 8 - second)), min(second, max(4, 8 - first)))
    assert found.truncated.tolist() == [first + second - a - b]


def test_each_texts_loss_is_its_own() -> None:
    text = encoder()
    assert text.texts(["a", "a " * 30, "a"]).truncated.tolist() == [0, 20, 0]
    assert encoder(32).texts(["a " * 30]).truncated.tolist() == [0], "another length does not stick"
    assert text.texts(["a " * 30]).truncated.tolist() == [20]


def test_a_tokenizer_that_would_pad_does_not() -> None:
    text = TextEncoder(toy.tokenizer(padding=True), 12)
    assert text.texts(["a", "a b c"]).ids.to_pylist() == [[0, 4, 2], [0, 4, 5, 6, 2]]


def test_each_words_place_is_its_first_sub_token() -> None:
    ((window,),) = encoder().words([["abc", "d", "ba"]])
    assert toy.words(window.ids) == "<s> a ##b ##c d b ##a </s>"
    assert (window.first_subtokens, window.truncated) == ([1, 4, 5], 0)


def test_a_word_without_sub_tokens_keeps_its_place_as_unknown() -> None:
    ((window,),) = encoder().words([["a", toy.NOTHING, "xyz", "b" + toy.NOTHING]])
    assert toy.words(window.ids) == "<s> a <unk> <unk> b </s>"
    assert window.first_subtokens == [1, 2, 3, 4]


def test_a_sentence_that_is_too_long_becomes_windows_with_every_word_once_in_order() -> None:
    sentence = ["abc", "d", "ab", "cd", "a", "dddd", "b", "abcd", "c", "ca"] * 3
    (windows,) = encoder().words([sentence])
    assert len(windows) > 3
    assert all(len(window.ids) <= 12 for window in windows)
    assert all(window.ids[0] == toy.START and window.ids[-1] == toy.END for window in windows)
    assert [w for window in windows for w in toy.words(window.ids[1:-1]).split()] == [
        ("##" if i else "") + letter for word in sentence for i, letter in enumerate(word)
    ]
    firsts = [toy.VOCABULARY[window.ids[at]] for window in windows for at in window.first_subtokens]
    assert firsts == [word[0] for word in sentence]
    assert sum(window.truncated for window in windows) == 0


def test_a_word_longer_than_an_input_is_cut_and_counted_and_the_next_word_follows() -> None:
    (windows,) = encoder().words([["d", "ab" * 8, "c"]])
    assert [toy.words(window.ids) for window in windows] == [
        "<s> d </s>", "<s> a " + "##b ##a " * 4 + "##b </s>", "<s> c </s>",
    ]  # fmt: skip
    assert [window.truncated for window in windows] == [0, 6, 0]


def test_a_tokenizer_that_would_truncate_or_was_used_for_texts_does_not_lose_words() -> None:
    text = encoder(6)
    text.texts(["a " * 30])
    (windows,) = text.words([["a"] * 10])
    assert sum(len(window.first_subtokens) for window in windows) == 10


def test_a_tokenizer_without_an_unknown_token_cannot_take_words() -> None:
    with pytest.raises(ModelError, match="no unknown token"):
        list(TextEncoder(toy.tokenizer(unknown="<mystery>"), 12).words([["a"]]))


def test_what_stands_around_every_input_is_known() -> None:
    """Masked text never hides it."""
    assert encoder().special == {toy.START, toy.END}
