"""Made-up learners: networks, worked through by hand in plain Python, with mistakes planted.

Nothing here uses the formulas or the bank of misconceptions that it measures: steps are computed on nested lists, from
the mathematics.
"""
