#!/usr/bin/env bash
# Runs the small GPU tests under every tool of compute-sanitizer and fails if one finds an error.
# It needs what run-tests.sh needs, and compute-sanitizer: on PATH, or named in COMPUTE_SANITIZER.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/tests"

sanitizer="${COMPUTE_SANITIZER:-compute-sanitizer}"
if ! command -v "$sanitizer" >/dev/null; then
    echo "compute-sanitizer is not on PATH; set COMPUTE_SANITIZER to it" >&2
    exit 1
fi
if ! ./gpu small:: --list | grep -q ': test$'; then
    echo "the suite gpu has no tests of small, so nothing would be checked" >&2
    exit 1
fi

failed=()
for tool in memcheck racecheck synccheck initcheck; do
    printf '\n== %s\n' "$tool"
    "$sanitizer" --tool "$tool" --error-exitcode 1 ./gpu small:: --test-threads 1 "$@" \
        || failed+=("$tool")
done

if [ "${#failed[@]}" -gt 0 ]; then
    printf '\nFAILED: %s\n' "${failed[@]}" >&2
    exit 1
fi
printf '\nall four tools found nothing\n'
