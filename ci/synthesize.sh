#!/bin/sh
# Synthesizes an app as it is in this checkout, and as it was where its branch began.
#
#   FOLDER    the app's folder in the repository
#   ASSEMBLY  where the app is synthesized to, seen from there
#   SYNTH     the shell command that does so
#   BASE      the branch or commit to compare with: the last commit in common with it
#   OUT       a folder: the old version is written to OUT/base; the new one stays in FOLDER/ASSEMBLY
set -eu

fail() {
  printf 'ecr-constructs: %s\n' "$*" >&2
  exit 2
}

synthesize() (
  cd "$1/$FOLDER"
  sh -e -c "$SYNTH"
  [ -d "$ASSEMBLY" ] || fail "'$SYNTH' made no folder $ASSEMBLY in $1/$FOLDER"
)

commit=$(git merge-base HEAD "$BASE") ||
  fail "this clone does not reach back to $BASE: fetch-depth: 2 on GitHub, GIT_DEPTH: 0 on GitLab"
mkdir -p "$OUT"
checkout=$OUT/checkout
git worktree add --quiet --force --detach "$checkout" "$commit"
trap 'git worktree remove --force "$checkout"' EXIT

rm -rf "$OUT/base"
if [ -e "$checkout/$FOLDER/cdk.json" ] || [ ! -e "$FOLDER/cdk.json" ] && [ -d "$checkout/$FOLDER" ]; then
  echo "== synthesizing $commit"
  synthesize "$checkout"
  mv "$checkout/$FOLDER/$ASSEMBLY" "$OUT/base"
else
  echo "== $commit has no app in $FOLDER"
  mkdir "$OUT/base"
  echo '{"Resources": {}}' >"$OUT/base/nothing.template.json"
fi

echo "== synthesizing this checkout"
synthesize .
