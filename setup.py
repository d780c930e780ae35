"""Builds the compiled kernels, `saitama.kernels`, from kernels/; the rest about the package is in pyproject.toml.

What the environment can say:
- CC: the C compiler, as everywhere.
- SAITAMA_MARCH: the instruction set to compile for: "native" (default: this machine's own), a name the compiler knows
  (x86-64-v3 suits wheels that travel), or "none" for the compiler's default.
- SAITAMA_REQUIRE_COMPILED=1: fail where the kernels cannot be built, instead of installing without them.
"""

from __future__ import annotations

import json
import os
import platform
import runpy
import shutil
import subprocess
import tempfile
from glob import glob
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

from setuptools import Extension, find_packages, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import BaseError, CCompilerError

Record = Dict[str, Any]
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
FAILURES = (CCompilerError, BaseError, OSError)  # what a missing or failing compiler raises

# A call left over keeps a loop from becoming vectors, so what we call inline has to be.
INLINE_GCC = [
    *("--param", "max-inline-insns-single=2000"),
    *("--param", "inline-unit-growth=300"),
    *("--param", "large-function-growth=1000"),
    *("--param", "large-stack-frame-growth=10000"),
]
INLINE_CLANG = ["-mllvm", "-inlinehint-threshold=5000"]
# A loop of constant length becomes vectors only if it is not unrolled before. So unroll the rows of a recurrent step's
# tiles, up to 4, and not their columns, at least 24. A loop that copies a row of a tile must not become a call of
# memcpy: that would keep all its sums in memory. (The tiles of tile.h say themselves what to unroll.)
UNROLL_GCC = ["--param", "max-completely-peel-times=9", "-fno-tree-loop-distribute-patterns"]
UNROLL_CLANG = ["-mllvm", "-unroll-full-max-count=9"]

PLAIN = "int main(void) { return 0; }"
CLANG = """
#ifdef __clang__
int main(void) { return 0; }
#else
int main(void) { return 1; }
#endif
"""
THREADS = """
#include <pthread.h>
static void child(void) {}
static void *work(void *number) { *(int *) number = 45; return NULL; }
int main(void) {
    int number = 0;
    pthread_t thread;
    if (pthread_atfork(NULL, NULL, child) || pthread_create(&thread, NULL, work, &number)) return 1;
    pthread_join(thread, NULL);
    return __atomic_load_n(&number, __ATOMIC_ACQUIRE) != 45;
}
"""
OPENMP = """
#include <omp.h>
int main(void) {
    int i, sum = 0;
    #pragma omp parallel for reduction(+:sum) num_threads(2)
    for (i = 0; i < 10; i++) sum += i;
    return sum == 45 && omp_get_max_threads() > 0 ? 0 : 1;
}
"""
NOTICE = """
********************************************************************************
saitama: the compiled kernels were NOT built: {reason}.
saitama will run on its pure-Python kernels: the same results, far slower.
To have them compiled, install a C compiler and Python's headers (Debian and
Ubuntu: gcc python3-dev; macOS: xcode-select --install; Windows: Visual Studio
Build Tools) and install saitama again. SAITAMA_REQUIRE_COMPILED=1 makes this
an error.
********************************************************************************
"""


def works(compiler: Any, source: str, compile_args: Sequence[str] = (), link_args: Sequence[str] = ()) -> bool:
    """Whether a small C program compiles, links and runs to exit code 0 with these flags."""
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder, "probe.c")
        probe.write_text(source)
        try:
            objects = compiler.compile([str(probe)], output_dir=folder, extra_postargs=list(compile_args))
            compiler.link_executable(objects, "probe", output_dir=folder, extra_postargs=list(link_args))
            program = Path(folder, compiler.executable_filename("probe"))
            return subprocess.run([str(program)], timeout=60).returncode == 0
        except (*FAILURES, subprocess.TimeoutExpired):
            return False


def threads_flags(compiler: Any) -> Tuple[List[str], List[str]]:
    """(compile, link) flags for threads (kernels/team.h), or two empty lists and a warning."""
    if compiler.compiler_type == "msvc" and works(compiler, OPENMP, ["/openmp"]):
        return ["/openmp"], []
    if works(compiler, THREADS, ["-pthread"], ["-pthread"]):
        return ["-pthread", "-DSAITAMA_PTHREADS"], ["-pthread"]
    print("saitama: warning: this compiler has neither POSIX threads nor OpenMP; the kernels will use one thread")
    return [], []


def side_by_side_flags(compiler: Any) -> Tuple[List[str], List[str]]:
    """(compile, link) flags that let GCC optimise the one large file in parts, on every core, as it links them."""
    link = [f"-flto={CORES}"]
    if CORES == 1 or works(compiler, CLANG) or not works(compiler, PLAIN, ["-flto"], link):
        return [], []
    if shutil.which(os.environ.get("MAKE", "make")) is None:
        print("saitama: warning: GCC needs `make` to compile on more than one core, and there is none")
    return ["-flto", "-fno-fat-lto-objects"], link


def march_flags(compiler: Any) -> List[str]:
    """The flags that choose the instruction set."""
    march = os.environ.get("SAITAMA_MARCH") or "native"
    if march == "none":
        return []
    if compiler.compiler_type == "msvc":
        return ["/arch:AVX2" if march == "native" else f"/arch:{march}"]
    flags = [f"-march={march}"]
    if march == "native" and not works(compiler, PLAIN, flags):
        print("saitama: warning: this compiler does not know -march=native; using its default instruction set")
        return []
    return flags


def instructions(compiler: Any, flags: Sequence[str]) -> List[str]:
    """The instruction sets these flags let the compiler use, by the names of saitama/tensor/cpu.py."""
    if compiler.compiler_type == "msvc":
        return ["avx", "avx2"] if "/arch:AVX2" in flags else ["avx512f"] if "/arch:AVX512" in flags else []
    command = [*compiler.compiler_so, *flags, "-dM", "-E", "-x", "c", os.devnull]
    answer = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if answer.returncode != 0:
        raise SystemExit(f"saitama: {command[0]} does not know {' '.join(flags)}; set SAITAMA_MARCH to a name it has")
    names = runpy.run_path("saitama/tensor/cpu.py")["INSTRUCTIONS"]  # macro -> name
    return sorted(names[macro] for macro in set(answer.stdout.split()) & set(names))


class BuildKernels(build_ext):
    """build_ext with flags found by trying, a record of them beside the kernels, and a way to go on without."""

    def build_extensions(self) -> None:
        (extension,) = self.extensions
        built = Path(self.build_lib, "saitama")
        try:
            if not works(self.compiler, PLAIN):
                raise CCompilerError("no working C compiler was found (CC chooses one)")
            self.record = self.choose_flags(extension)
            print(f"saitama: compiling the kernels takes a minute or two ({CORES} cores)", flush=True)
            if self.record != read_record(built):
                self.force = True  # other flags make other kernels
            super().build_extensions()
        except FAILURES as error:
            asked_for = "build_ext" in self.distribution.commands  # by name, rather than as a part of an install
            if asked_for or os.environ.get("SAITAMA_REQUIRE_COMPILED") == "1":
                raise
            self.record = {"compiled": False, "reason": str(error)}
            print(NOTICE.format(**self.record), flush=True)
        self.leave_record(built)

    def copy_extensions_to_source(self) -> None:  # for --inplace and editable installs
        if self.record["compiled"]:
            super().copy_extensions_to_source()
        self.leave_record(Path("saitama"))

    def choose_flags(self, extension: Extension) -> Record:
        """Set the extension's flags, and describe them.

        No -ffast-math: infinities and NaN must survive. No contraction of a*b + c behind our back, so that the kernels
        round as their pure-Python twins do: a kernel that wants a fused multiply-add says so, with fma().
        """
        threads_compile, threads_link = threads_flags(self.compiler)
        march = march_flags(self.compiler)
        lto_compile: List[str] = []
        lto_link: List[str] = []
        if self.compiler.compiler_type == "msvc":
            general = ["/O2"]
        else:
            general = "-O3 -g0 -fno-math-errno -fno-trapping-math -ffp-contract=off -Wno-unused-function".split()
            name = march[0].split("=")[1] if march else "none"
            general.append(f'-DSAITAMA_MARCH="{name}"')  # for saitama.kernels.info()
            general += [*UNROLL_CLANG, *INLINE_CLANG] if works(self.compiler, CLANG) else [*UNROLL_GCC, *INLINE_GCC]
            lto_compile, lto_link = side_by_side_flags(self.compiler)
            if lto_link:  # the flags once more: the linker has GCC optimise
                lto_link = [*general, *march, *lto_link]
        extension.extra_compile_args = [*general, *march, *threads_compile, *lto_compile]
        extension.extra_link_args = [*lto_link, *threads_link]
        return {
            "compiled": True,
            "compiler": (getattr(self.compiler, "compiler", None) or [self.compiler.compiler_type])[0],
            "flags": extension.extra_compile_args,
            "threads": bool(threads_compile),
            "machine": platform.machine(),
            "instructions": instructions(self.compiler, march),
        }

    def leave_record(self, folder: Path) -> None:
        """Write the record, which saitama/tensor/cpu.py reads before it lets the kernels be imported."""
        kernels = folder / self.get_ext_filename("kernels")
        if not self.record["compiled"] and kernels.exists():
            kernels.unlink()  # an earlier build's kernels must not pass for this one's
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "_build.json").write_text(json.dumps(self.record, indent=1) + "\n")


def read_record(folder: Path) -> Record:
    path = folder / "_build.json"
    return json.loads(path.read_text()) if path.exists() else {}


def package_folders() -> Dict[str, str]:
    """Every package and its folder: saitama and all below, and the folders beside it that are sub-packages."""
    folders = {name: name.replace(".", "/") for name in find_packages(include=["saitama", "saitama.*"])}
    for top in runpy.run_path("saitama/source_tree.py")["SUBPACKAGES"]:
        inside = find_packages(include=[top, f"{top}.*"])
        folders.update({f"saitama.{name}": name.replace(".", "/") for name in inside})
    return folders


setup(
    license="MIT",
    packages=list(package_folders()),
    package_dir=package_folders(),
    ext_modules=[Extension("saitama.kernels", ["kernels/kernels.pyx"], depends=sorted(glob("kernels/*.[ph]*")))],
    cmdclass={"build_ext": BuildKernels},
)
