#!/usr/bin/env bash
# Tunes a grid on this machine's GPU, then compares what was found with what ships, problem by problem
# and in pairs. Usage: ./tune.sh [FOLDER [GRID [SECONDS]]]; else tuned, seed and 300. Called again with
# the same folder, it goes on where it stopped. Fails where a kernel is wrong, or where the records are
# slower than what ships by more than noise.
# It needs a GPU with its driver, and NVRTC: from the system, from Python's packages, or from
# TOPKIT_NVRTC.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

folder="${1:-tuned}"
grid="${2:-seed}"
seconds="${3:-300}"
mkdir -p "$folder" || exit 1
records="$folder/records.jsonl"
failed=0

start="$(date +%s)"
./bin/topkit tune --grid "$grid" --budget "$seconds" --out "$records" \
    --report "$folder/tuned.html" --ship "$folder/table.jsonl" | tee "$folder/tuned.txt" || failed=1
printf 'tuning took %s s\n' "$(($(date +%s) - start))" | tee -a "$folder/tuned.txt"

printf '\n== tuned against shipped\n'
./bin/topkit tune --check --grid "$grid" --budget "$seconds" --out "$records" \
    | tee "$folder/check.txt" || failed=1
exit "$failed"
