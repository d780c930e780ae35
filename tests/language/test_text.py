"""Files to a text, and the text to batches."""

from __future__ import annotations

from pathlib import Path

import pytest

from saitama.language import TextBatches, read_texts
from saitama.tensor import manual_seed
from saitama.transformer import CharTokenizer


def test_files_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r")
    (tmp_path / "b.txt").write_bytes("drei und fünf".encode())
    assert read_texts([tmp_path / "a.txt", str(tmp_path / "b.txt")]) == "one\ntwo\n\ndrei und fünf"


@pytest.mark.parametrize(
    "content, message",
    [
        (b"caf\xe9", r"a\.txt: it is not UTF-8, as byte 3 \(0xE9, in line 1\) shows; save it as UTF-8"),
        (b"one\ntwo \xff", r"byte 8 \(0xFF, in line 2\)"),
        (b"\xff\xfeo\x00", r"byte 0 \(0xFF"),
        (b"cut \xc3", r"byte 4 \(0xC3"),
        (b"", r"a\.txt: there is no text in it \(0 bytes\)"),
        (b" \n\n", r"there is no text in it \(3 bytes\)"),
    ],
)
def test_files_that_are_no_text(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_texts([tmp_path / "a.txt"])


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError, match=r"it is a folder; give the text files in it, such as .*/\*\.txt"):
        read_texts([tmp_path])
    with pytest.raises(FileNotFoundError, match=r"^cannot read .*none\.txt: No such file or directory$"):
        read_texts([tmp_path / "none.txt"])


def test_batches_are_pieces_and_what_follows() -> None:
    text = "".join(chr(97 + place % 26) for place in range(300))
    tokenizer = CharTokenizer(text)
    data = TextBatches(text, tokenizer, 8)
    assert (len(data.train), len(data.validation)) == (270, 30)
    manual_seed(0)
    seen = set()
    for _ in range(60):
        x, y = data.batch(16)
        assert x.shape == y.shape == (16, 8)
        for read, follows in zip(x.tolist(), y.tolist()):
            assert read[1:] == follows[:-1] and tokenizer.decode([*read, follows[-1]]) in text
            seen.add(read[0])
    assert seen == set(range(26))


def test_validation_in_order_and_thinned_out() -> None:
    text = "".join(chr(97 + place) for place in range(26)) * 10
    tokenizer = CharTokenizer(text)
    data = TextBatches(text, tokenizer, 5, validation=0.1)  # 26 characters: 5 pieces of 5, and one to follow the last
    pairs = list(data.validation_batches(2))
    assert [x.shape for x, _ in pairs] == [(2, 5), (2, 5), (1, 5)]
    read = [tokenizer.decode(row) for x, _ in pairs for row in x.tolist()]
    assert read == ["abcde", "fghij", "klmno", "pqrst", "uvwxy"]
    assert tokenizer.decode(pairs[-1][1][0]) == "vwxyz"
    some = [tokenizer.decode(row) for x, _ in data.validation_batches(9, most=3) for row in x.tolist()]
    assert some == ["abcde", "klmno", "uvwxy"]


def test_a_text_that_is_shorter_than_a_context() -> None:
    text = "abc" * 10
    with pytest.raises(ValueError, match="30 characters 27 are to learn from and 3 to check on, .* needs 9 in both"):
        TextBatches(text, CharTokenizer(text), 8)
    with pytest.raises(ValueError, match="or a block_size of at most 2$"):
        TextBatches(text, CharTokenizer(text), 3)
    assert len(TextBatches(text, CharTokenizer(text), 2).validation) == 3
    with pytest.raises(ValueError, match="give more text$"):
        TextBatches("ab", CharTokenizer("ab"), 1)
