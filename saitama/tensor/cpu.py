"""Whether this machine's processor has the instructions that the kernels were compiled to use.

An unknown instruction ends a process without a word, so this is asked before `saitama.kernels` is imported. setup.py
leaves a record, saitama/_build.json, of what the compiler was allowed to use; the operating system says what there is.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any, Dict, FrozenSet, Optional

BUILD_RECORD = Path(__file__).parent.parent / "_build.json"

# What a compiler defines when it may use an instruction set -> the name Linux has for it in /proc/cpuinfo.
INSTRUCTIONS = {
    "__SSE3__": "pni",
    "__SSSE3__": "ssse3",
    "__SSE4_1__": "sse4_1",
    "__SSE4_2__": "sse4_2",
    "__SSE4A__": "sse4a",
    "__POPCNT__": "popcnt",
    "__MOVBE__": "movbe",
    "__LZCNT__": "abm",
    "__BMI__": "bmi1",
    "__BMI2__": "bmi2",
    "__TBM__": "tbm",
    "__ADX__": "adx",
    "__F16C__": "f16c",
    "__AVX__": "avx",
    "__AVX2__": "avx2",
    "__FMA__": "fma",
    "__FMA4__": "fma4",
    "__XOP__": "xop",
    "__AVXVNNI__": "avx_vnni",
    "__AVX512F__": "avx512f",
    "__AVX512CD__": "avx512cd",
    "__AVX512BW__": "avx512bw",
    "__AVX512DQ__": "avx512dq",
    "__AVX512VL__": "avx512vl",
    "__AVX512IFMA__": "avx512ifma",
    "__AVX512VBMI__": "avx512vbmi",
    "__AVX512VBMI2__": "avx512_vbmi2",
    "__AVX512VNNI__": "avx512_vnni",
    "__AVX512BITALG__": "avx512_bitalg",
    "__AVX512VPOPCNTDQ__": "avx512_vpopcntdq",
    "__AVX512VP2INTERSECT__": "avx512_vp2intersect",
    "__AVX512BF16__": "avx512_bf16",
    "__AVX512FP16__": "avx512_fp16",
    "__GFNI__": "gfni",
    "__VAES__": "vaes",
    "__VPCLMULQDQ__": "vpclmulqdq",
    "__ARM_FEATURE_ATOMICS": "atomics",
    "__ARM_FEATURE_DOTPROD": "asimddp",
    "__ARM_FEATURE_FP16_VECTOR_ARITHMETIC": "asimdhp",
    "__ARM_FEATURE_MATMUL_INT8": "i8mm",
    "__ARM_FEATURE_BF16_VECTOR_ARITHMETIC": "bf16",
    "__ARM_FEATURE_SVE": "sve",
    "__ARM_FEATURE_SVE2": "sve2",
}

# The names on Intel Macs that differ by more than punctuation.
MAC_NAMES = {"sse3": "pni", "avx10": "avx", "lzcnt": "abm"}

# The few that Windows knows: the arguments of IsProcessorFeaturePresent, from winnt.h.
WINDOWS_NUMBERS = {"avx": 39, "avx2": 40, "avx512f": 41}


def build_record() -> Dict[str, Any]:
    """What setup.py wrote about the kernels: "compiled", and the "reason" where it is false, else "compiler", "flags",
    "threads", "machine" and "instructions". Empty where nothing was built yet.
    """
    try:
        record = json.loads(BUILD_RECORD.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def unsupported_instructions() -> Optional[str]:
    """One sentence that says which instructions of the compiled kernels this processor lacks; None where it has all.

    None too where the operating system does not say: then the kernels are trusted, as any other program is.
    """
    available = processor_features()
    if available is None:
        return None
    missing = [name for name in build_record().get("instructions", ()) if _plain(name) not in available]
    if not missing:
        return None
    return (
        f"this processor lacks instructions that the kernels were compiled to use ({', '.join(missing)}); "
        "install saitama from source on this machine, or have it built with SAITAMA_MARCH=none"
    )


def processor_features() -> Optional[FrozenSet[str]]:
    """The instruction sets of this processor, by the names in INSTRUCTIONS less punctuation; None if unknown."""
    try:
        if sys.platform.startswith("linux"):
            return _linux_features(Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace"))
        if sys.platform == "darwin" and platform.machine() == "x86_64":
            return _mac_features()
        if sys.platform == "win32":
            return _windows_features()
    except (OSError, AttributeError):
        pass  # without an answer the kernels are trusted
    return None


def _linux_features(cpuinfo: str) -> Optional[FrozenSet[str]]:
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("flags", "Features"):  # on x86, on ARM
            return frozenset(map(_plain, value.split()))
    return None


def _mac_features() -> FrozenSet[str]:
    import subprocess  # imported only where it is needed: that takes longer than all the rest here

    keys = ["machdep.cpu.features", "machdep.cpu.leaf7_features", "machdep.cpu.extfeatures"]
    try:
        answer = subprocess.run(["sysctl", "-n", *keys], stdout=subprocess.PIPE, text=True, timeout=10).stdout
    except subprocess.SubprocessError as error:
        raise OSError("sysctl gave no answer") from error
    names = map(_plain, answer.split())
    return frozenset(MAC_NAMES.get(name, name) for name in names)


def _windows_features() -> FrozenSet[str]:
    import ctypes

    present = ctypes.windll.kernel32.IsProcessorFeaturePresent  # type: ignore[attr-defined, unused-ignore]
    missing = {name for name, number in WINDOWS_NUMBERS.items() if not present(number)}
    return frozenset(_plain(name) for name in INSTRUCTIONS.values() if name not in missing)


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(".", "")
