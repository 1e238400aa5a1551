"""Measure this library against its budgets, as ratios within one run: `make bench`.

Seconds describe the machine as much as the code. Competitors therefore run in turn, as whole
processes, and a budget limits the ratio between them.
"""
