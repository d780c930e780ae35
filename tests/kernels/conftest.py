"""Both backends as fixtures: `kernels` is each of them in turn, `twins` the pair."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Iterator, List, Tuple

import pytest

from saitama.tensor.backend import import_compiled, import_reference

pytest.register_assert_rewrite("twin_cases")

BACKENDS: List[ModuleType] = [import_reference()]
try:
    BACKENDS.append(import_compiled())
except ImportError:
    if os.environ.get("SAITAMA_KERNELS") == "compiled":  # asked for: then missing kernels are a failure
        raise


@pytest.fixture(scope="session", params=BACKENDS, ids=lambda module: module.info()["backend"])
def kernels(request: pytest.FixtureRequest) -> ModuleType:
    """Every test that takes it runs on each backend there is."""
    module: ModuleType = request.param
    return module


@pytest.fixture(scope="session")
def twins() -> Tuple[ModuleType, ModuleType]:
    """(reference, compiled)."""
    if len(BACKENDS) == 1:
        pytest.skip("nothing is compiled here, so there is nothing to compare")
    return BACKENDS[0], BACKENDS[1]


@pytest.fixture
def compiled() -> Iterator[ModuleType]:
    """The compiled backend alone, with the number of threads put back afterwards."""
    if len(BACKENDS) == 1:
        pytest.skip("nothing is compiled here")
    kernels = BACKENDS[1]
    threads = kernels.get_num_threads()
    yield kernels
    kernels.set_num_threads(threads)
