#!/usr/bin/env bash
# Packages: faiss-cpu 1.15.1, ml_dtypes 0.6.0, numpy 2.4.6.
# Expected: a bf16 index stores NaN as NaN, and rounds halfway cases to even as torch, jax, ml_dtypes and
#   the GPU's own conversion do.
# Seen: QT_bf16 adds 0x8000 to the bits and cuts. The NaN 0x7fffffff carries into the sign and becomes
#   -0, 0xffffffff becomes +0, 0x7f800001 becomes +inf; NumPy's 0x7fc00000 stays NaN, so a test on the
#   host sees nothing. Halfway cases round away from zero: about half of them differ from ml_dtypes.
# Why our users care: 0x7fffffff is the NaN that NVIDIA GPUs compute. No search of a flat index returns a
#   vector that a GPU filled with NaN. In the bf16 index its inner product is 0 with every query, and it
#   wins over all negative scores. Scores also differ in the last bit from a bf16 selection elsewhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" faiss-cpu==1.15.1 ml_dtypes==0.6.0 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import faiss
import ml_dtypes
import numpy as np

BF16 = faiss.ScalarQuantizer.QT_bf16


def encode(bits):
    x = np.array(bits, np.uint32).view(np.float32)[None]
    codes = faiss.ScalarQuantizer(x.size, BF16).compute_codes(x).view(np.uint16)[0]
    with np.errstate(invalid="ignore"):
        return codes, x.astype(ml_dtypes.bfloat16).view(np.uint16)[0]


for bits, seen in [
    (0x7FFFFFFF, 0x8000),
    (0xFFFFFFFF, 0x0000),
    (0x7F800001, 0x7F80),
    (0x7FC00000, 0x7FC0),
    (0x3F808000, 0x3F81),
]:
    codes, right = encode([bits])
    print(f"{bits:#010x} is stored as {codes[0]:#06x}; ml_dtypes makes {right[0]:#06x} of it")
    if codes[0] != seen:
        sys.exit(f"changed: it was {seen:#06x}")

halfway = [high << 16 | 0x8000 for high in range(0x0080, 0x7F7F)]
codes, right = encode(halfway)
differ = int((codes != right).sum())
print(f"of {len(halfway)} halfway cases {differ} differ from round to even")
if not 0.45 < differ / len(halfway) < 0.55:
    sys.exit("changed: about half of them differed")

vectors = np.full((4, 8), -1, np.float32)
vectors[2] = np.array([0x7FFFFFFF], np.uint32).view(np.float32)[0]
query = np.ones((1, 8), np.float32)
for name, index, seen in [
    ("flat", faiss.IndexFlatIP(8), -8.0),
    ("bf16", faiss.IndexScalarQuantizer(8, BF16, faiss.METRIC_INNER_PRODUCT), 0.0),
]:
    index.add(vectors)
    scores, ids = index.search(query, 1)
    print(f"{name}: vector {ids[0, 0]} wins with {scores[0, 0]}")
    if float(scores[0, 0]) != seen or (int(ids[0, 0]) == 2) != (name == "bf16"):
        sys.exit(f"changed: the NaN vector wins in the bf16 index alone; the score was {seen}")
PY
