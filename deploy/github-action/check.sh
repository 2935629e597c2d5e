#!/usr/bin/env bash
# The check of the action. Inputs come from the environment, see action.yml. Exit codes are those of iggysink: 1 something
# is wrong, 2 it could not be checked.
set -euo pipefail

# lines NAME TEXT puts the lines of TEXT that are not empty into the array NAME.
lines() {
  local -n into="$1"
  local line
  while IFS= read -r line; do
    if [[ -n "$line" ]]; then
      into+=("$line")
    fi
  done <<<"$2"
}

paths=()
args=(--format github)
lines paths "$IGGYSINK_PATHS"
lines args "$IGGYSINK_ARGS"
if [[ "$IGGYSINK_WARNINGS_AS_ERRORS" == true ]]; then
  args+=(--warnings-as-errors)
fi
if [[ -n "$IGGYSINK_SARIF" ]]; then
  args+=(--format "sarif=$IGGYSINK_SARIF")
fi
if [[ -n "$IGGYSINK_JUNIT" ]]; then
  args+=(--format "junit=$IGGYSINK_JUNIT")
fi

status=0
iggysink validate "${args[@]}" -- "${paths[@]}" || status=$?

if [[ "$IGGYSINK_FMT" == true ]]; then
  native=()
  for path in "${paths[@]}"; do
    if [[ "$path" != *.json ]]; then # JSON has its own tools
      native+=("$path")
    fi
  done
  if ((${#native[@]} > 0)) && ! iggysink fmt --check -- "${native[@]}"; then
    echo "::error title=iggysink fmt::the files above are not in the canonical layout: run iggysink fmt"
    if ((status == 0)); then
      status=1
    fi
  fi
fi
exit "$status"
