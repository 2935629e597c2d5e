#!/usr/bin/env bash
# The check of the action. Inputs come from the environment, see action.yml. Exit codes are those of iggysink: 1 something
# is wrong, 2 it could not be checked.
set -euo pipefail

# lines TEXT makes the array result of the lines of TEXT that are not empty.
lines() {
  local line
  result=()
  while IFS= read -r line; do
    line="${line%$'\r'}" # of a workflow that was written on Windows
    if [[ -n "$line" ]]; then
      result+=("$line")
    fi
  done <<<"$1"
}

# escaped TEXT prints TEXT as a property of a workflow command.
escaped() {
  local text="$1"
  text="${text//'%'/%25}"
  text="${text//':'/%3A}"
  printf '%s' "${text//','/%2C}"
}

# refuse MESSAGE ends the check before it began.
refuse() {
  echo "::error title=iggysink::$1"
  output failed
  exit 2
}

# output STATUS is what later steps read.
output() {
  if [[ -n "${GITHUB_OUTPUT:-}" ]]; then
    echo "status=$1" >>"$GITHUB_OUTPUT"
  fi
}

# An array that may be empty is written as below for the bash of macOS, which takes it for an unset one.
lines "$IGGYSINK_PATHS"
paths=(${result[@]+"${result[@]}"})
lines "$IGGYSINK_ARGS"
for arg in ${result[@]+"${result[@]}"}; do
  if [[ "$arg" =~ ^--[a-z-]+[[:space:]] ]]; then
    name="${arg%%[[:space:]]*}"
    refuse "args has one argument a line: write $name and its value on two lines, or with = between them"
  fi
done
args=(--format github ${result[@]+"${result[@]}"})
# A pull request may be a stranger's: whether a finding appears could tell something of a secret in the environment of the
# job. --strict-env asks for that environment.
if [[ " ${args[*]} " != *" --strict-env "* ]]; then
  args+=(--hermetic)
fi
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
iggysink validate "${args[@]}" -- ${paths[@]+"${paths[@]}"} || status=$?

if [[ "$IGGYSINK_FMT" == true ]]; then
  native=()
  for path in ${paths[@]+"${paths[@]}"}; do
    if [[ "$path" != *.json ]]; then # JSON has its own tools
      native+=("$path")
    fi
  done
  if ((${#native[@]} > 0)); then
    # A file that cannot be read or parsed is on stderr, and validate has said so, too.
    lines "$(iggysink fmt --check -- "${native[@]}" || true)"
    for path in ${result[@]+"${result[@]}"}; do
      echo "::error file=$(escaped "$path"),title=iggysink fmt::$path is not in the canonical layout: run iggysink fmt"
    done
    if ((${#result[@]} > 0)); then
      iggysink fmt --diff -- "${result[@]}" # it shows no secret
      status=$((status == 0 ? 1 : status))
    fi
  fi
fi
case "$status" in
  0) output valid ;;
  1) output invalid ;;
  *) output failed ;;
esac
exit "$status"
