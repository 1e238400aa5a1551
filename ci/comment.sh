#!/bin/sh
# Writes OUT/comment.md as a comment, or puts it in the place of the one it wrote before.
# Called by github-comment.sh and gitlab-note.sh, which know the addresses.
#
#   COMMENTS  the address of all comments
#   COMMENT   what stands before a comment's id in its address
#   UPDATE    the method that changes one: PATCH or PUT
#   HEADER    the header that says who is asking
#   AUTHOR    who that is: a comment of anybody else is left alone
#   NAME      what is reviewed, if that is not the only thing
#   OUT       the folder with comment.md and review.json
set -eu

marker="<!-- ecr-constructs review${NAME:+ of $NAME} -->"

# Leaves the answer in OUT/answer.json, and prints the status. The header is no argument, which
# other users of this machine could see.
request() {
  printf 'header = "%s"\n' "$HEADER" | curl --config - --silent --show-error --max-time 60 \
    --header 'Content-Type: application/json' --output "$OUT/answer.json" \
    --write-out '%{http_code}' "$@"
}

answered() {
  status=$1
  case $status in
    2*) ;;
    401 | 403 | 404)
      echo "The token may not comment here (status $status); the review is in the log."
      exit 0
      ;;
    *)
      printf 'ecr-constructs: no comment, as the answer was %s: ' "$status" >&2
      head -c 1000 "$OUT/answer.json" >&2 || true
      exit 1
      ;;
  esac
}

id=
page=1
count=100
while [ -z "$id" ] && [ "$count" -eq 100 ]; do
  answered "$(request --retry 3 "$COMMENTS?per_page=100&page=$page")"
  id=$(jq --raw-output --arg author "$AUTHOR" --arg marker "$marker" '
    [.[] | select((.user.login // .author.username) == $author)
         | select(.body | startswith($marker))][0].id // empty' "$OUT/answer.json")
  count=$(jq length "$OUT/answer.json")
  page=$((page + 1))
done

tail -n +2 "$OUT/comment.md" |
  jq --raw-input --slurp --arg marker "$marker" '{body: "\($marker)\n\(.)"}' >"$OUT/body.json"
if [ -n "$id" ]; then
  answered "$(request --request "$UPDATE" --data-binary "@$OUT/body.json" "$COMMENT/$id")"
  echo "Changed the comment $id."
elif [ "$(jq '.changes | length' "$OUT/review.json")" -gt 0 ]; then
  answered "$(request --request POST --data-binary "@$OUT/body.json" "$COMMENTS")"
  echo "Wrote the comment $(jq .id "$OUT/answer.json")."
else
  echo "Nothing changes, and nothing was said before: no comment."
fi
