"""Level 13: text to numbers and back, one number for each character.

A network reads rows of a table, so each symbol needs a number. Characters are the simplest choice: a small vocabulary,
nothing unknown in the text itself, at the price of long sequences.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping


class CharTokenizer:
    """One token for each different character of a text, numbered in the order of their code points.

    Args:
        text: the training text, or just its alphabet; only which characters there are matters.

    Attributes:
        characters: the alphabet, a str; the token i stands for characters[i].

    Raises ValueError for an empty text and for one with half a character (a surrogate, which no file can hold; two of
    them would come back as another letter), TypeError for anything but a str.
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"CharTokenizer: expected a text (str), got a {type(text).__name__}")
        if not text:
            raise ValueError("CharTokenizer: the text is empty, so there are no characters; give it the training text")
        self.characters = "".join(sorted(set(text)))
        for character in self.characters:
            if "\ud800" <= character <= "\udfff":
                raise ValueError(
                    f"CharTokenizer: U+{ord(character):04X} at position {text.index(character)} is half a character "
                    "(a surrogate); decode the text again, with the encoding it was written in"
                )
        self._ids = {character: number for number, character in enumerate(self.characters)}

    @property
    def vocab_size(self) -> int:
        """How many tokens there are."""
        return len(self.characters)

    def encode(self, text: str) -> List[int]:
        """The token of each character; [] for "". Raises ValueError that names the characters that are unknown."""
        if not isinstance(text, str):
            raise TypeError(f"CharTokenizer: expected a text (str) to encode, got a {type(text).__name__}")
        try:
            return [self._ids[character] for character in text]
        except KeyError:
            unknown = list(dict.fromkeys(character for character in text if character not in self._ids))
        named = ", ".join(f"{each!r} (U+{ord(each):04X}) at position {text.index(each)}" for each in unknown[:5])
        more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
        what = f"character {named} of the text is" if len(unknown) == 1 else f"characters {named}{more} are"
        raise ValueError(
            f"CharTokenizer: the {what} not among the {self.vocab_size} known ones; leave them out or replace them, or "
            "make the tokenizer, and train the model, with a text that has them"
        )

    def decode(self, tokens: Any) -> str:
        """The text of a list of tokens, or of a Tensor (T,) of int64.

        Raises TypeError for anything but integers, IndexError for a number that no character has.
        """
        ids = tokens.tolist() if hasattr(tokens, "tolist") else tokens
        if not isinstance(ids, (list, tuple)):
            raise TypeError(f"CharTokenizer: expected a list of tokens to decode, got a {type(tokens).__name__}")
        for place, token in enumerate(ids):
            if isinstance(token, bool) or not isinstance(token, int):
                raise TypeError(
                    f"CharTokenizer: token {place} is a {type(token).__name__}, expected an int; decode one sequence "
                    "at a time, as decode(batch[0])"
                )
            if not 0 <= token < self.vocab_size:  # a negative one would count from the end
                raise IndexError(f"CharTokenizer: token {place} is {token}, expected 0 to {self.vocab_size - 1}")
        return "".join(self.characters[token] for token in ids)

    def state_dict(self) -> Dict[str, str]:
        """What from_state_dict() needs, as a dict that JSON and checkpoints can hold."""
        return {"characters": self.characters}

    @classmethod
    def from_state_dict(cls, state: Mapping[str, Any]) -> CharTokenizer:
        """The tokenizer that state_dict() describes. Raises ValueError if it describes none."""
        characters = state.get("characters") if isinstance(state, Mapping) else None
        if not isinstance(characters, str) or not characters or "".join(sorted(set(characters))) != characters:
            raise ValueError(
                'CharTokenizer: expected a dict {"characters": the sorted alphabet, each once}, as state_dict() '
                f"gives it, got {state!r:.80}"
            )
        return cls(characters)

    def __repr__(self) -> str:
        return f"CharTokenizer({self.characters!r})"
