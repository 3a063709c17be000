#!/usr/bin/env bash
# Packages: ml_dtypes 0.6.0, numpy 2.4.6.
# Expected: numpy orders NaN behind every number, for `float16` and `bfloat16` alike: `sort` is sorted
#   but for the NaN at its end, and `argpartition` gives the k greatest of the rest.
# Seen: the sort functions of the ml_dtypes types compare by plain `<`. With one NaN in a row of 16,
#   `sort` leaves the numbers unsorted in most rows (float16: in none), and `argpartition` loses
#   scores of the top 8 in most rows, whether NaN is counted as greatest or as least.
# Why our users care: numpy on bfloat16 is the reference that a GPU selection is checked against. One
#   NaN makes the reference wrong, not the kernel. Compare `x.astype(numpy.float32)`.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" ml_dtypes==0.6.0 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import ml_dtypes
import numpy as np

ROWS, COLUMNS, K = 200, 16, 8


def faults(dtype):
    unsorted = lost = 0
    for row in range(ROWS):
        x = np.random.default_rng(row).permutation(COLUMNS).astype(dtype)
        x[row % COLUMNS] = np.nan
        order = np.sort(x).astype(np.float32)
        numbers = order[~np.isnan(order)]
        unsorted += not (np.diff(numbers) > 0).all()
        won = np.argpartition(x, -K)[-K:].tolist()
        wide = x.astype(np.float32)
        greatest = np.argsort(np.nan_to_num(wide, nan=np.inf))[-K:]
        least = np.argsort(np.nan_to_num(wide, nan=-np.inf))[-K:]
        lost += set(won) not in (set(greatest.tolist()), set(least.tolist()))
    return unsorted, lost


for dtype in (np.float16, ml_dtypes.bfloat16, ml_dtypes.float8_e4m3fn):
    unsorted, lost = faults(dtype)
    name = np.dtype(dtype).name
    print(f"{name}: of {ROWS} rows, {unsorted} are unsorted after sort, {lost} lost a winner")
    right = dtype is np.float16
    if right and (unsorted or lost):
        sys.exit(f"changed: {name} is wrong now")
    if not right and (unsorted < ROWS // 2 or lost < ROWS // 2):
        sys.exit(f"changed: {name} sorts or partitions rows with a NaN better than it did")
PY
