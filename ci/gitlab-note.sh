#!/bin/sh
# Writes OUT/comment.md as a note to a merge request on GitLab; see comment.sh.
# https://docs.gitlab.com/api/notes/
#
#   CI_API_V4_URL, CI_MERGE_REQUEST_PROJECT_ID, CI_MERGE_REQUEST_IID  given by GitLab
#   TOKEN      a project access token with the scope api, as CI_JOB_TOKEN may not write notes
#   NAME, OUT  see comment.sh
set -eu

if [ -z "${TOKEN:-}" ]; then
  echo "There is no token, as in a fork: the review is in the log."
  exit 0
fi
project=$CI_API_V4_URL/projects/$CI_MERGE_REQUEST_PROJECT_ID
export COMMENTS="$project/merge_requests/$CI_MERGE_REQUEST_IID/notes"
export COMMENT="$COMMENTS"
export UPDATE=PUT
export HEADER="PRIVATE-TOKEN: $TOKEN"
AUTHOR=$(printf 'header = "%s"\n' "$HEADER" |
  curl --config - --silent --show-error --fail --retry 3 --max-time 60 "$CI_API_V4_URL/user" |
  jq --raw-output .username)
export AUTHOR
exec sh "$(dirname "$0")/comment.sh"
