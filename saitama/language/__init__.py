"""Level 13 at work: a character language model, from text files to a folder that writes.

    from saitama.language import PRESETS, LanguageModelTrainer, load_language_model, write

    LanguageModelTrainer("some long text ...", PRESETS["tiny"], "run").fit()
    model, tokenizer = load_language_model("run")
    print(write(model, tokenizer, "The teacher", 200))

`saitama train` and `saitama generate` are these on the command line. In the order to be read:

    text.py        files to one text, the text to batches of questions and answers
    settings.py    the size of the model, how it is trained, and the two presets
    trainer.py     the training loop, top to bottom
    pipeline_trainer.py  the same with the model in stages, one on each rank
    run_folder.py  what a run keeps: run.json, checkpoint.safetensors, curves.xlsx
    writing.py     a prompt continued
    watch.py       what a person sees of a run
    by_hand.py     a GPT so small that a workbook shows all of it
"""

from __future__ import annotations

from .by_hand import loss_of_text, tiny_gpt
from .pipeline_trainer import PipelineLanguageModelTrainer
from .run_folder import RunFolder, load_language_model
from .settings import PRESETS, Settings
from .text import TextBatches, read_texts
from .trainer import LanguageModelTrainer
from .writing import encode_prompt, write

__all__ = [
    "LanguageModelTrainer",
    "PRESETS",
    "PipelineLanguageModelTrainer",
    "RunFolder",
    "Settings",
    "TextBatches",
    "encode_prompt",
    "load_language_model",
    "loss_of_text",
    "read_texts",
    "tiny_gpt",
    "write",
]
