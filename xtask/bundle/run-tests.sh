#!/usr/bin/env bash
# Runs every test and every example of the bundle and fails if one fails. Arguments go to each test
# executable.
# It needs a GPU with its driver, and NVRTC: from the system, from Python's packages, or from
# TOPKIT_NVRTC.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/tests" # from here, ../data is where it is in the repository

failed=()
../bin/topkit doctor || failed+=("topkit doctor")
for test in ./*; do
    printf '\n== %s\n' "${test#./}"
    "$test" "$@" || failed+=("${test#./}")
done
for example in ../examples/*; do
    printf '\n== %s\n' "${example#../}"
    "$example" || failed+=("${example#../}")
done

if [ "${#failed[@]}" -gt 0 ]; then
    printf '\nFAILED: %s\n' "${failed[@]}" >&2
    exit 1
fi
printf '\nall tests and examples passed\n'
