"""`saitama generate FOLDER`: a trained model writes, character by character."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from saitama.terminal import put

from .exit_codes import RIGHT
from .options import HOW_TO_MAKE, above_zero, positive, seed


def add(commands: Any) -> None:
    """The command and its options."""
    command = commands.add_parser("generate", help="let a trained model write")
    command.add_argument("folder", metavar="FOLDER", help="the folder of a run, as `saitama train` makes it")
    command.add_argument("--prompt", metavar="TEXT", help="what the text begins with (default: a new line)")
    command.add_argument("--tokens", type=positive, default=500, metavar="N", help="how many to write (default: 500)")
    command.add_argument(
        "--temperature", type=above_zero, default=0.8, metavar="T", help="below 1 safer, above 1 wilder (default: 0.8)"
    )
    command.add_argument("--top-k", type=positive, metavar="K", help="only the K likeliest tokens")
    command.add_argument("--top-p", type=above_zero, metavar="P", help="only the likeliest that reach P in all, 0 to 1")
    command.add_argument("--greedy", action="store_true", help="always the likeliest")
    command.add_argument("--seed", type=seed, help="the same seed writes the same text")
    command.set_defaults(run=generate)


def generate(options: argparse.Namespace) -> int:
    """Write to stdout as the model goes."""
    from saitama.language import RunFolder, encode_prompt, load_language_model
    from saitama.language.writing import first_prompt
    from saitama.transformer import stream

    RunFolder(options.folder).check_there(HOW_TO_MAKE)
    model, tokenizer = load_language_model(options.folder)
    prompt = first_prompt(tokenizer) if options.prompt is None else options.prompt
    sampling = (options.temperature, options.top_k, options.top_p, options.greedy, options.seed)
    tokens = stream(model, encode_prompt(tokenizer, prompt), options.tokens, *sampling)
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="replace")  # a terminal may know fewer characters than the model
    put(prompt, end="")
    try:
        for token in tokens:
            put(tokenizer.decode(token), end="")
    finally:  # at Ctrl-C too
        put("")
    return RIGHT
