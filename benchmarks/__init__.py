"""Side-by-side measurements against the project's budgets: `make bench`.

A number of seconds says as much about the machine as about the code, so nothing here is judged
by one. Competitors run in turn, in processes of their own, and what is judged is their ratio.
"""
