#!/usr/bin/env bash
# Packages: usearch 2.26.6, numpy 2.4.6.
# Expected: `search(..., exact=True)` is exact for the vectors that are numbers, wherever a NaN vector
#   stands; NaN comes first or last.
# Seen: one NaN vector among six takes a place of the answer and drives winners out. With the NaN in row
#   1 the top 2 by inner product are row 0, the worst, and the NaN; rows 5 and 4 are the best. Where the
#   NaN stands last the answer is right.
# Why our users care: ground truth for recall is made with `exact=True`. One broken embedding in a shard
#   changes the truth for every query, and only for some orders of the shard. Drop rows with NaN first.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" usearch==2.26.6 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import numpy as np
from usearch.index import MetricKind, search

nan = np.nan
for first, seen in [
    ([0, 1, 2, 3, 4, 5], [5, 4]),
    ([0, nan, 2, 3, 4, 5], [0, 1]),
    ([0, nan, 5, 4, 3, 2], [0, 1]),
    ([0, 2, 3, 4, 5, nan], [4, 3]),
]:
    vectors = np.array([[value, 0] for value in first], np.float32)
    query = np.array([1, 0], np.float32)
    matches = search(vectors, query, 2, MetricKind.IP, exact=True, threads=1)
    print(f"inner products {first}: rows {matches.keys.tolist()} win")
    if matches.keys.tolist() != seen:
        sys.exit(f"changed: the rows were {seen}")
PY
