"""Who can pull, push, delete or administer: the policies of every side, for one question.

`review.access` reads policies as sets and compares two sides of them. This package asks the same
sets one question about one side, and reads them from snapshots too, which `review` does not know.
"""
