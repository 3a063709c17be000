#!/usr/bin/env bash
# Packages: ml_dtypes 0.6.0, numpy 2.4.6.
# Expected: an array of bfloat16 is bfloat16 after `numpy.save` and `numpy.load`, or using it fails.
# Seen: it is loaded as '|V2', raw bytes. `argmax` and `<` fail, but `sort`, `argsort` and `argpartition`
#   rank the bytes, the low one first, without a word: of [1, -2, 3, 0.5] the least is 0.5. The header
#   of every ml_dtypes type of a byte but float8_e5m2 is '<V1': float8_e4m3fn cannot be told from int4.
# Why our users care: a reference by `argpartition` on loaded scores selects by the lowest bits of the
#   mantissa. View what was loaded, as in `x.view(ml_dtypes.bfloat16)`, or save `x.astype('<f4')`.
#   `topkit run` reads '<V2' as bf16 and says so, and asks for the type of '<V1'.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" ml_dtypes==0.6.0 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
PYTHONPATH="$folder/lib" python3 -s - "$folder" <<'PY'
import sys

import ml_dtypes
import numpy as np

ROWS, COLUMNS, K = 200, 64, 8
file = f"{sys.argv[1]}/scores.npy"

x = np.random.default_rng(0).standard_normal((ROWS, COLUMNS)).astype(ml_dtypes.bfloat16)
np.save(file, x)
loaded = np.load(file)
if loaded.dtype != np.dtype("V2"):
    sys.exit(f"changed: bfloat16 is loaded as {loaded.dtype}")
try:
    sys.exit(f"changed: argmax of the loaded array is {loaded[0].argmax()}")
except TypeError:
    pass
wrong = 0
for saved, row in zip(x.astype(np.float32), loaded):
    due = np.sort(saved)[-K:].tolist()
    wrong += sorted(saved[np.argpartition(row, -K)[-K:]].tolist()) != due
small = np.array([1, -2, 3, 0.5], ml_dtypes.bfloat16)
np.save(file, small)
order = np.argsort(np.load(file)).tolist()
print(f"argpartition of the loaded array: {wrong} of {ROWS} rows have wrong winners")
print(f"argsort of [1, -2, 3, 0.5] after save and load: {order}")
if wrong < ROWS // 2 or order == [1, 3, 0, 2]:
    sys.exit("changed: loaded bfloat16 is ranked by its numbers")

headers = set()
for name in ("float8_e4m3fn", "float8_e5m2fnuz", "float8_e8m0fnu", "int4", "uint4"):
    np.save(file, np.zeros(3, getattr(ml_dtypes, name)))
    with open(file, "rb") as saved:
        headers.add(saved.read()[10:128])
if len(headers) != 1:
    sys.exit("changed: the headers of types of a byte differ")
print("float8_e4m3fn, float8_e5m2fnuz, float8_e8m0fnu, int4 and uint4 have one header")
PY
