"""The character tokenizer: there and back, state, unknown characters."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saitama import Tensor
from saitama.transformer import CharTokenizer


def test_known_tokens() -> None:
    tokenizer = CharTokenizer("hello world")
    assert tokenizer.characters == " dehlorw" and tokenizer.vocab_size == 8
    assert tokenizer.encode("how") == [3, 5, 7]
    assert tokenizer.decode([3, 5, 7]) == tokenizer.decode(Tensor([3, 5, 7], dtype="int64")) == "how"
    assert tokenizer.encode("") == [] and tokenizer.decode([]) == ""
    assert repr(tokenizer) == "CharTokenizer(' dehlorw')"


@given(st.text(min_size=1))
def test_there_and_back(text: str) -> None:
    tokenizer = CharTokenizer(text)
    again = CharTokenizer.from_state_dict(json.loads(json.dumps(tokenizer.state_dict())))
    assert again.decode(tokenizer.encode(text)) == text
    assert again.characters == tokenizer.characters
    assert sorted(set(tokenizer.encode(text))) == list(range(tokenizer.vocab_size))


def test_unknown_characters() -> None:
    tokenizer = CharTokenizer("abc")
    one = r"the character 'é' \(U\+00E9\) at position 2 of the text is not among the 3 known ones"
    with pytest.raises(ValueError, match=one):
        tokenizer.encode("abécé")
    with pytest.raises(ValueError, match=r"the characters 'é' \(U\+00E9\) at position 2, 'x' .* position 3 are not"):
        tokenizer.encode("abéxé")
    with pytest.raises(ValueError, match=r"'h' \(U\+0068\) at position 4 and 2 more are not"):
        tokenizer.encode("defghij")
    for wrong in (3, -1):
        with pytest.raises(IndexError, match=f"token 1 is {wrong}, expected 0 to 2"):
            tokenizer.decode([0, wrong])


def test_bad_input() -> None:
    tokenizer = CharTokenizer("abc")
    with pytest.raises(ValueError, match="the text is empty"):
        CharTokenizer("")
    with pytest.raises(TypeError, match=r"expected a text \(str\), got a bytes"):
        CharTokenizer(b"abc")  # type: ignore[arg-type]
    for half in ("\ud83d\ude00", "a\ud83d", "\ude00"):  # which come back from a file as one letter, or not at all
        with pytest.raises(
            ValueError, match=r"U\+D83D at position \d is half a character|U\+DE00 at position 0 is half"
        ):
            CharTokenizer(half)
        with pytest.raises(ValueError, match="half a character"):
            CharTokenizer.from_state_dict({"characters": half})
    assert CharTokenizer.from_state_dict(json.loads('{"characters": "\\ud83d\\ude00"}')).characters == "\U0001f600"
    with pytest.raises(TypeError, match=r"expected a text \(str\) to encode, got a list"):
        tokenizer.encode([1])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected a list of tokens to decode, got a int"):
        tokenizer.decode(1)
    with pytest.raises(TypeError, match=r"token 0 is a list, .* decode\(batch\[0\]\)"):
        tokenizer.decode(Tensor([[1]], dtype="int64"))
    with pytest.raises(TypeError, match="token 1 is a float, expected an int"):
        tokenizer.decode([1, 2.0])
    for state in ({}, {"characters": ""}, {"characters": "ba"}, {"characters": "aa"}, {"characters": 3}, None):
        with pytest.raises(ValueError, match="the sorted alphabet, each once"):
            CharTokenizer.from_state_dict(state)  # type: ignore[arg-type]
