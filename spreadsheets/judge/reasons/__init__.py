"""Why a number is wrong: a bank of misconceptions, one small class each, tried on steps with a slip of someone's own.

Adding one is one file here and one test: a class with `ways`, under a slug, imported below.
"""

from __future__ import annotations

from . import (
    bias,
    derivative_at_output,
    digits,
    factor,
    log_base,
    mask,
    means,
    missing_derivative,
    missing_eps,
    missing_scale,
    moment,
    not_normalised,
    not_summed,
    order_of_operations,
    other_block,
    rate_inside,
    references,
    rounded_early,
    sample_variance,
    sign,
    swapped,
    transposed,
    updated_weight,
    weight_for_activation,
    wrong_axis,
    wrong_neuron,
    wrong_operation,
    wrong_residual,
    wrong_rounding,
)
from .bank import BANK, Misconception, Reason, misconception, reason_for
from .case import Case

__all__ = ["BANK", "Case", "Misconception", "Reason", "misconception", "reason_for"]
__all__ += ["bias", "derivative_at_output", "digits", "factor", "log_base", "mask", "means", "missing_derivative"]
__all__ += ["missing_eps", "missing_scale", "moment", "not_normalised", "not_summed", "order_of_operations"]
__all__ += ["other_block", "rate_inside", "references", "rounded_early", "sample_variance", "sign", "swapped"]
__all__ += ["transposed", "updated_weight", "weight_for_activation", "wrong_axis", "wrong_neuron", "wrong_operation"]
__all__ += ["wrong_residual", "wrong_rounding"]
