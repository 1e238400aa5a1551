#!/bin/sh
# Writes what `aws ecr describe-images` prints of each repository to images/REGION/REPOSITORY.json.
#
#   inventories.sh REGION...
set -eu

for region in "$@"; do
  mkdir -p "images/$region"
  aws ecr describe-repositories --region "$region" \
    --query 'repositories[].[repositoryName]' --output text >images/repositories
  while read -r name; do
    mkdir -p "images/$region/$(dirname "$name")"
    aws ecr describe-images --region "$region" --repository-name "$name" \
      --filter imageStatus=ANY --output json >"images/$region/$name.json" </dev/null
  done <images/repositories
  rm images/repositories
done
