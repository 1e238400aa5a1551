#!/bin/sh
# Reviews what synthesize.sh made. Needs Python and nothing that is to be installed.
#
#   FOLDER, ASSEMBLY, OUT  as there
#   IMAGES   a folder of inventories (docs/guides/review-inventories.md); empty: there are none
#   FAIL_ON  kinds and severities, apart by spaces or commas
#   SARIF    true: also check what is wanted, for code scanning on GitHub
#   CODE_QUALITY  true: the same, for GitLab
#   PYTHON   default: python3
#
# Writes OUT/comment.md, OUT/review.json, OUT/check.sarif, OUT/code-quality.json, and to OUT/status
# 1 if there is what FAIL_ON names, else 0.
set -eu

python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "ecr-constructs: $python is older than Python 3.11; put actions/setup-python before" >&2
  exit 2
}

# Without -P, modules of the repository that is reviewed would be taken for Python's.
ecr_constructs() {
  PYTHONPATH=$(dirname "$0")/.. "$python" -P -m ecr_constructs "$@"
}

set -- --base "$OUT/base" --head "$FOLDER/$ASSEMBLY"
[ -z "${IMAGES:-}" ] || set -- "$@" --images "$IMAGES"

ecr_constructs review "$@" --fail-on never --format json >"$OUT/review.json"
ecr_constructs review "$@" --fail-on never --format markdown >"$OUT/comment.md"
cat "$OUT/comment.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"

set -f
# One by one: they are words that the command knows, or it says that it does not.
for word in $(printf %s "$FAIL_ON" | tr , ' '); do
  set -- "$@" --fail-on "$word"
done
[ "${GITHUB_ACTIONS:-}" = true ] && format=github || format=text
status=0
ecr_constructs review "$@" --format "$format" || status=$?
[ "$status" -le 1 ] || exit "$status"
echo "$status" >"$OUT/status"

if [ "${SARIF:-}" = true ]; then
  ecr_constructs check "$FOLDER/$ASSEMBLY" --format sarif >"$OUT/check.sarif" || [ $? -eq 1 ]
fi
if [ "${CODE_QUALITY:-}" = true ]; then
  ecr_constructs check "$FOLDER/$ASSEMBLY" --format json >"$OUT/check.json" || [ $? -eq 1 ]
  # https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
  jq '[.findings[] | {
    description: "\(.message). \(.remedy)",
    check_name: .rule,
    fingerprint: "\(.rule) \(.template) \(.resource) \(.path) \(.message)",
    severity: (if .severity == "error" then "critical" else "minor" end),
    location: {path: .template, lines: {begin: (.line // 1)}}
  }]' "$OUT/check.json" >"$OUT/code-quality.json"
fi
