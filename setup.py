"""Builds the compiled kernels, `saitama.kernels`, from kernels/; the rest about the package is in pyproject.toml.

What the environment can say:
- CC: the C compiler, as everywhere.
- SAITAMA_MARCH: the instruction set to compile for: "native" (default: this machine's own), a name the compiler knows,
  or "none" for the compiler's default. "portable" builds the kernels for x86-64-v2, v3 and v4, and the import takes the
  best that the processor has (where it is no x86, "portable" is "none"). "pure" builds none, for a wheel that installs
  everywhere.
- SAITAMA_REQUIRE_COMPILED=1: fail where the kernels cannot be built, instead of installing without them.
"""

from __future__ import annotations

import gc
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
CPU = runpy.run_path("saitama/tensor/cpu.py")
MARCH = os.environ.get("SAITAMA_MARCH") or "native"
KERNELS = {"saitama.kernels": "none" if MARCH == "portable" else MARCH}  # module -> its instruction set
if MARCH == "portable" and platform.machine() in CPU["X86_MACHINES"] and os.name == "posix":
    KERNELS = {f"saitama.{variant}.kernels": variant for variant in CPU["VARIANTS"]}
PURE = {"compiled": False, "reason": "SAITAMA_MARCH=pure asked for none"}
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
        print("saitama: GCC would compile on all cores, had it `make` to run its parts")
        return [], []
    return ["-flto", "-fno-fat-lto-objects"], link


def march_flags(compiler: Any, march: str) -> List[str]:
    """The flags that choose the instruction set."""
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
    names = CPU["INSTRUCTIONS"]  # macro -> name
    return sorted(names[macro] for macro in set(answer.stdout.split()) & set(names))


class BuildKernels(build_ext):
    """build_ext with flags found by trying, a record of them beside the kernels, and a way to go on without."""

    def build_extensions(self) -> None:
        try:
            self.record = PURE if MARCH == "pure" else self.build_kernels()
        except FAILURES as error:
            asked_for = "build_ext" in self.distribution.commands  # by name, rather than as a part of an install
            if asked_for or os.environ.get("SAITAMA_REQUIRE_COMPILED") == "1":
                raise
            self.record = {"compiled": False, "reason": str(error)}
            print(NOTICE.format(**self.record), flush=True)
        if not self.record["compiled"]:
            self.fit_any_machine()
        self.leave_record(Path(self.build_lib))

    def build_kernels(self) -> Record:
        if not works(self.compiler, PLAIN):
            raise CCompilerError("no working C compiler was found (CC chooses one)")
        record = self.choose_flags()
        if record != read_record(Path(self.build_lib)):
            self.force = True  # other flags make other kernels
        print(f"saitama: compiling the kernels takes a minute or two ({CORES} cores)", flush=True)
        self.translate()
        super().build_extensions()
        return record

    def translate(self) -> None:
        """Have Cython make C of the kernels, once for all variants: under the name that they are imported by."""
        from Cython.Build import cythonize

        named = Extension("saitama.kernels", ["kernels/kernels.pyx"])
        silent = {"emit_code_comments": False}  # in the C, where they are two lines of five
        gc.disable()  # nothing to find in a tree that grows, and a quarter of the time
        (source,) = cythonize(named, force=self.force, quiet=not self.verbose, compiler_directives=silent)[0].sources
        gc.enable()
        for extension in self.kernels():
            extension.sources = [source]
            if len(KERNELS) > 1:  # a copy of its own, and so an object file of its own
                extension.sources = [str(Path(self.build_temp, KERNELS[extension.name] + ".c"))]
                Path(self.build_temp).mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, extension.sources[0])

    def kernels(self) -> List[Extension]:
        return [extension for extension in self.extensions if extension.name in KERNELS]

    def copy_extensions_to_source(self) -> None:  # for --inplace and editable installs
        for extension in self.extensions:
            Path(self.get_ext_filename(extension.name)).parent.mkdir(exist_ok=True)
        super().copy_extensions_to_source()
        self.leave_record(Path())

    def choose_flags(self) -> Record:
        """Set the flags of each variant of the kernels, and describe them.

        No -ffast-math: infinities and NaN must survive. No contraction of a*b + c behind our back, so that the kernels
        round as their pure-Python twins do: a kernel that wants a fused multiply-add says so, with fma().
        """
        threads_compile, threads_link = threads_flags(self.compiler)
        lto_compile: List[str] = []
        lto_link: List[str] = []
        if self.compiler.compiler_type == "msvc":
            general = ["/O2"]
        else:
            general = "-O3 -g0 -fno-math-errno -fno-trapping-math -ffp-contract=off -Wno-unused-function".split()
            general += [*UNROLL_CLANG, *INLINE_CLANG] if works(self.compiler, CLANG) else [*UNROLL_GCC, *INLINE_GCC]
            lto_compile, lto_link = side_by_side_flags(self.compiler)
        if len(KERNELS) > 1:
            general.append("-DSAITAMA_PORTABLE")
            if not lto_link:
                self.parallel = CORES  # the variants side by side
        variants = {}
        for extension in self.kernels():
            march = march_flags(self.compiler, KERNELS[extension.name])
            flags = [*general, *march]
            if self.compiler.compiler_type != "msvc":
                name = march[0].split("=")[1] if march else "none"
                flags.append(f'-DSAITAMA_MARCH="{name}"')  # for saitama.kernels.info()
            extension.extra_compile_args = [*flags, *threads_compile, *lto_compile]
            # The flags once more where it is the linker that has GCC optimise.
            extension.extra_link_args = [*(flags if lto_link else ()), *lto_link, *threads_link]
            variants[KERNELS[extension.name]] = {
                "flags": extension.extra_compile_args,
                "instructions": instructions(self.compiler, march),
            }
        return {
            "compiled": True,
            "compiler": (getattr(self.compiler, "compiler", None) or [self.compiler.compiler_type])[0],
            "threads": bool(threads_compile),
            "machine": platform.machine(),
            **({"variants": variants} if len(KERNELS) > 1 else variants[KERNELS["saitama.kernels"]]),
        }

    def fit_any_machine(self) -> None:
        """What has nothing compiled is an install for every machine, and its wheel says so in its name."""
        self.distribution.ext_modules = self.extensions = []
        wheel = self.distribution.get_command_obj("bdist_wheel", create=False)
        if wheel is not None:
            wheel.root_is_pure = True

    def leave_record(self, root: Path) -> None:
        """Write the record, which saitama/tensor/cpu.py reads before it lets the kernels be imported."""
        compiled = {extension.name for extension in self.extensions}
        for name in ("kernels", "cpuid", *(f"{variant}.kernels" for variant in CPU["VARIANTS"])):
            built = root / self.get_ext_filename(f"saitama.{name}")
            if f"saitama.{name}" not in compiled and built.exists():
                built.unlink()  # an earlier build's kernels must not pass for this one's
        folder = root / "saitama"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "_build.json").write_text(json.dumps(self.record, indent=1) + "\n")


def read_record(root: Path) -> Record:
    path = root / "saitama" / "_build.json"
    return json.loads(path.read_text()) if path.exists() else {}


def package_folders() -> Dict[str, str]:
    """Every package and its folder: saitama and all below, and the folders beside it that are sub-packages."""
    folders = {name: name.replace(".", "/") for name in find_packages(include=["saitama", "saitama.*"])}
    for top in runpy.run_path("saitama/source_tree.py")["SUBPACKAGES"]:
        inside = find_packages(include=[top, f"{top}.*"])
        folders.update({f"saitama.{name}": name.replace(".", "/") for name in inside})
    return folders


SOURCES = sorted(glob("kernels/*.[ph]*"))

setup(
    license="MIT",
    packages=list(package_folders()),
    package_dir=package_folders(),
    ext_modules=[
        Extension("saitama.cpuid", ["kernels/cpuid.c"]),
        *(Extension(name, ["kernels/kernels.pyx"], include_dirs=["kernels"], depends=SOURCES) for name in KERNELS),
    ],
    cmdclass={"build_ext": BuildKernels},
)
