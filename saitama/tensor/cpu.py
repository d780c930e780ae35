"""Which kernels to take: those whose instructions, that they were compiled to use, this machine's processor has.

An unknown instruction ends a process without a word, so this is asked before `saitama.kernels` is imported. setup.py
leaves a record, saitama/_build.json, of what the compiler was allowed to use; the processor says what there is.
SAITAMA_MARCH=portable builds the kernels once for each of VARIANTS, each in a folder of that name.
"""

from __future__ import annotations

import importlib
import json
import platform
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Optional, Tuple

PACKAGE = Path(__file__).parent.parent
BUILD_RECORD = PACKAGE / "_build.json"
X86_MACHINES = ("x86_64", "AMD64", "i686", "x86")  # names of platform.machine()
VARIANTS = ("x86-64-v4", "x86-64-v3", "x86-64-v2")  # the best first

EAX, EBX, ECX, EDX = range(4)  # the registers of an answer of the instruction CPUID

# What a compiler defines when it may use an instruction set -> the name Linux has for it, and where CPUID has it:
# leaf, part, register, bit (Intel, Software Developer's Manual 2A; AMD, Programmer's Manual 3, appendix D).
X86: Dict[str, Tuple[str, int, int, int, int]] = {
    "__SSE3__": ("pni", 1, 0, ECX, 0),
    "__SSSE3__": ("ssse3", 1, 0, ECX, 9),
    "__SSE4_1__": ("sse4_1", 1, 0, ECX, 19),
    "__SSE4_2__": ("sse4_2", 1, 0, ECX, 20),
    "__SSE4A__": ("sse4a", 0x80000001, 0, ECX, 6),
    "__POPCNT__": ("popcnt", 1, 0, ECX, 23),
    "__MOVBE__": ("movbe", 1, 0, ECX, 22),
    "__LZCNT__": ("abm", 0x80000001, 0, ECX, 5),
    "__BMI__": ("bmi1", 7, 0, EBX, 3),
    "__BMI2__": ("bmi2", 7, 0, EBX, 8),
    "__TBM__": ("tbm", 0x80000001, 0, ECX, 21),
    "__ADX__": ("adx", 7, 0, EBX, 19),
    "__F16C__": ("f16c", 1, 0, ECX, 29),
    "__AVX__": ("avx", 1, 0, ECX, 28),
    "__AVX2__": ("avx2", 7, 0, EBX, 5),
    "__FMA__": ("fma", 1, 0, ECX, 12),
    "__FMA4__": ("fma4", 0x80000001, 0, ECX, 16),
    "__XOP__": ("xop", 0x80000001, 0, ECX, 11),
    "__AVXVNNI__": ("avx_vnni", 7, 1, EAX, 4),
    "__AVX512F__": ("avx512f", 7, 0, EBX, 16),
    "__AVX512CD__": ("avx512cd", 7, 0, EBX, 28),
    "__AVX512BW__": ("avx512bw", 7, 0, EBX, 30),
    "__AVX512DQ__": ("avx512dq", 7, 0, EBX, 17),
    "__AVX512VL__": ("avx512vl", 7, 0, EBX, 31),
    "__AVX512IFMA__": ("avx512ifma", 7, 0, EBX, 21),
    "__AVX512VBMI__": ("avx512vbmi", 7, 0, ECX, 1),
    "__AVX512VBMI2__": ("avx512_vbmi2", 7, 0, ECX, 6),
    "__AVX512VNNI__": ("avx512_vnni", 7, 0, ECX, 11),
    "__AVX512BITALG__": ("avx512_bitalg", 7, 0, ECX, 12),
    "__AVX512VPOPCNTDQ__": ("avx512_vpopcntdq", 7, 0, ECX, 14),
    "__AVX512VP2INTERSECT__": ("avx512_vp2intersect", 7, 0, EDX, 8),
    "__AVX512BF16__": ("avx512_bf16", 7, 1, EAX, 5),
    "__AVX512FP16__": ("avx512_fp16", 7, 0, EDX, 23),
    "__GFNI__": ("gfni", 7, 0, ECX, 8),
    "__VAES__": ("vaes", 7, 0, ECX, 9),
    "__VPCLMULQDQ__": ("vpclmulqdq", 7, 0, ECX, 10),
}
ARM = {
    "__ARM_FEATURE_ATOMICS": "atomics",
    "__ARM_FEATURE_DOTPROD": "asimddp",
    "__ARM_FEATURE_FP16_VECTOR_ARITHMETIC": "asimdhp",
    "__ARM_FEATURE_MATMUL_INT8": "i8mm",
    "__ARM_FEATURE_BF16_VECTOR_ARITHMETIC": "bf16",
    "__ARM_FEATURE_SVE": "sve",
    "__ARM_FEATURE_SVE2": "sve2",
}
INSTRUCTIONS = {**{macro: name for macro, (name, *_) in X86.items()}, **ARM}
# What else each of these needs: that the operating system saves its registers, as bits of XCR0. The rest build on them.
REGISTERS = {"avx": 0x06, "avx512f": 0xE6}


def build_record() -> Dict[str, Any]:
    """What setup.py wrote about the kernels: "compiled", and the "reason" where it is false, else "compiler",
    "threads", "machine", and "flags" and "instructions", or these two for each of its "variants". Empty where nothing
    was built yet.
    """
    try:
        record = json.loads(BUILD_RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def kernels_folder(wanted: str = "") -> Path:
    """The folder with the kernels for this processor: the best variant that it can run, or the `wanted` one.

    Raises ImportError if the processor lacks instructions, ValueError if no such variant was built. Where nobody says
    what it has, kernels are trusted, as any other program is, and of variants those that need the least.
    """
    record = build_record()
    variants = record.get("variants", {})
    if wanted and wanted not in variants:
        raise ValueError(f"SAITAMA_VARIANT={wanted}: {_choices(list(variants))}")
    names = [wanted] if wanted else list(variants)
    available = processor_features()
    if available is None:
        return PACKAGE / (names[-1] if names else "")
    missing: List[str] = []
    for name in names or [""]:
        needed = (variants[name] if name else record).get("instructions", ())
        missing = [each for each in needed if each not in available]
        if not missing:
            return PACKAGE / name
    raise ImportError(
        f"this processor lacks instructions that the kernels were compiled to use ({', '.join(missing)}); "
        "install saitama from source on this machine, or have it built with SAITAMA_MARCH=none"
    )


def _choices(variants: List[str]) -> str:
    if variants:
        return f"choose {', '.join(variants[:-1])} or {variants[-1]}"
    return "these kernels were built in one variant; leave it unset, or build them with SAITAMA_MARCH=portable"


def processor_features() -> Optional[FrozenSet[str]]:
    """The instruction sets of this processor, by the names in INSTRUCTIONS; None if unknown."""
    try:
        if platform.machine() in X86_MACHINES:
            return _x86_features(importlib.import_module("saitama.cpuid"))
        return _linux_features(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
    except (ImportError, AttributeError, OSError):
        return None  # without an answer the kernels are trusted


def _x86_features(processor: Any) -> FrozenSet[str]:
    saved = processor.xcr0()
    answers = {(leaf, part): processor.cpuid(leaf, part) for _, leaf, part, _, _ in X86.values()}
    return frozenset(
        name
        for name, leaf, part, register, bit in X86.values()
        if answers[leaf, part][register] >> bit & 1 and not REGISTERS.get(name, 0) & ~saved
    )


def _linux_features(cpuinfo: str) -> Optional[FrozenSet[str]]:
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "Features":  # on ARM
            return frozenset(value.split())
    return None
