"""One repository, written in several ways.

What each must come to: immutable tags, scanning on push, kept when its stack goes; untagged
images expire after 7 days, all but the last 100 of `v*`, everything after 90 days; the
organization may pull, one account may push and pull; two tags. Every module here has a
`repository(scope, construct_id, repository_name)` and states all of it in place, as an app does.
"""

ORGANIZATION = "o-abcdefghij"
PUSHER = "444455556666"
TEAM = "payments"
COST_CENTER = "4711"
