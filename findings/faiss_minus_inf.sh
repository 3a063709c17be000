#!/usr/bin/env bash
# Packages: faiss-cpu 1.15.1, numpy 2.4.6.
# Expected: the k best of exactly k scores are all of them; -inf is a score like another.
# Seen: a score of -inf is never returned. Its place has id -1 and the score -3.4028234663852886e+38, in
#   `IndexFlatIP` and in the plain row selection `faiss.kmax`; `faiss.kmin` drops +inf. The least finite
#   score is dropped too, so no finite sentinel is safe either.
# Why our users care: -inf is how scores are masked, and id -1 then goes into a gather: in Python it is
#   the last row. Code that replaces a selection by faiss (or the other way round) must treat a short
#   row. `jax.lax.top_k` and ours return the column of the -inf.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" faiss-cpu==1.15.1 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import faiss
import numpy as np

inf = np.float32(np.inf)
least = np.finfo(np.float32).min


def search(values, k):
    index = faiss.IndexFlatIP(1)
    index.add(np.array(values, np.float32)[:, None])
    return index.search(np.ones((1, 1), np.float32), k)


def rows(select):
    return lambda values, k: select(np.array([values], np.float32), k)


cases = [
    ("IndexFlatIP", search, [2, -inf, 1], [0, 2, -1], least),
    ("kmax", rows(faiss.kmax), [2, -inf, 1], [0, 2, -1], least),
    ("kmax", rows(faiss.kmax), [-inf, -inf, -inf], [-1, -1, -1], least),
    ("kmax", rows(faiss.kmax), [2, least, 1], [0, 2, -1], least),
    ("kmin", rows(faiss.kmin), [2, inf, 1], [2, 0, -1], -least),
]
for name, select, values, seen, fill in cases:
    scores, ids = select(values, 3)
    print(f"{name} of {[float(v) for v in values]}: ids {ids[0].tolist()}, scores {scores[0].tolist()}")
    if ids[0].tolist() != seen or scores[0, -1] != fill:
        sys.exit(f"changed: the ids were {seen}, the last score {fill}")
PY
