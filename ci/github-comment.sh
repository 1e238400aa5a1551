#!/bin/sh
# Writes OUT/comment.md to a pull request on GitHub; see comment.sh.
# https://docs.github.com/en/rest/issues/comments
#
#   GITHUB_API_URL, GITHUB_REPOSITORY  given by GitHub
#   TOKEN         a token with pull-requests: write
#   PULL_REQUEST  its number
#   AUTHOR        whom the token belongs to
#   NAME, OUT     see comment.sh
set -eu

repository=$GITHUB_API_URL/repos/$GITHUB_REPOSITORY
export COMMENTS="$repository/issues/$PULL_REQUEST/comments"
export COMMENT="$repository/issues/comments"
export UPDATE=PATCH
export HEADER="Authorization: Bearer $TOKEN"
exec sh "$(dirname "$0")/comment.sh"
