#!/usr/bin/env bash
# Runs every test and every example of the bundle, the C library's among them, and fails if one
# fails. Arguments go to each test executable.
# It needs a GPU with its driver, a C or C++ compiler (CC names it), and NVRTC: from the system, from
# Python's packages, or from TOPKIT_NVRTC.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/tests" # from here, ../data is where it is in the repository

failed=()
made="$(mktemp -d)" || exit 1
trap 'rm -rf "$made"' EXIT

# Compiles the C example against the shared library, and has it select.
c_example() {
    local compiler="${CC:-}"
    for known in cc gcc g++ c++; do
        compiler="${compiler:-$(command -v "$known")}"
    done
    if [ -z "$compiler" ]; then
        echo "no C or C++ compiler was found; install g++, or set CC" >&2
        return 1
    fi
    "$compiler" -I ../c ../c/select.c ../c/cuda_runtime.c \
        -L .. -ltopkit -Wl,-rpath,"$(cd .. && pwd)" -ldl -o "$made/select" || return 1
    "$made/select" | tee "$made/said"
    grep -qx '0 of 65536 indices are wrong' "$made/said"
}

# The peer's way through `topkit bench`: our own kernels once more, by way of the C library. To bench
# a peer that fails is a result like any other, so what only a timed one has is looked for.
bench_peer() {
    ../bin/topkit bench --cell bf16,32,131072,512 --peer ../libtopkit.so --out "$made/bench" \
        && tr -d ' \n' <"$made/bench/bench.json" \
        | grep -q '"peers":\[{[^]]*"pdl":'
}

# Dense aligned, ragged and unaligned rows: tuned, drawn, and compared with what ships. Which is faster does
# not matter here.
tune() {
    local cells=(--cell bf16,8,32768,512 --cell f32,8,32768,512,ragged --cell bf16,8,32768,512,unaligned)
    ../bin/topkit tune "${cells[@]}" --budget 120 --out "$made/tuned.jsonl" \
        --report "$made/tuned.html" \
        && [ "$(grep -c '<svg' "$made/tuned.html")" -eq 3 ] || return 1
    ../bin/topkit tune --check "${cells[@]}" --out "$made/tuned.jsonl" --json >"$made/check.json"
    tr -d ' \n' <"$made/check.json" | grep -q '"failed":0,"faster":[0-9],"left":0,"left_out":\[\],'
}

../bin/topkit doctor || failed+=("topkit doctor")
for test in ./*; do
    printf '\n== %s\n' "${test#./}"
    "$test" "$@" || failed+=("${test#./}")
done
for example in ../examples/*; do
    printf '\n== %s\n' "${example#../}"
    "$example" || failed+=("${example#../}")
done
printf '\n== c/select.c\n'
c_example || failed+=("c/select.c")
printf '\n== topkit run --kernel block_radix\n'
../bin/topkit run --generate 4x20000 --kernel block_radix || failed+=("topkit run --kernel")
printf '\n== topkit bench --peer libtopkit.so\n'
bench_peer || failed+=("topkit bench --peer")

printf '\n== topkit tune\n'
tune || failed+=("topkit tune")

if [ "${#failed[@]}" -gt 0 ]; then
    printf '\nFAILED: %s\n' "${failed[@]}" >&2
    exit 1
fi
printf '\nall tests and examples passed\n'
