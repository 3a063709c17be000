#!/usr/bin/env bash
# Packages: awkward 2.14.0, numpy 2.4.6.
# Expected: for ragged rows, argmax and argsort treat NaN as numpy does: argmax gives the NaN's column,
#   argsort puts NaN last; or at least `argmax` names the place of what `max` returns.
# Seen: `ak.max` skips NaN. `ak.argmax` skips it too, unless it stands first in the row: of
#   [nan, 5, 2] max is 5 and argmax is 0. `ak.argsort` puts NaN first, ascending and descending alike.
#   A row of NaN alone has the maximum -inf.
# Why our users care: awkward is where ragged score rows are looked at in Python. `argsort(ascending=
#   False)[:, :k]` as the reference of a ragged selection puts NaN first, and so does the ascending sort
#   for the k smallest. No library with one rank for NaN gives both: ours needs `nan: highest` for the
#   one and `nan: lowest` for the other.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" awkward==2.14.0 numpy==2.4.6 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
PYTHONPATH="$folder/lib" python3 -s - <<'PY'
import sys

import awkward
import numpy as np

nan = np.nan
rows = awkward.Array([[1, nan, 5, 3], [nan, 5, 2], [nan], [2, 1]])
for name, now, seen in [
    ("max", awkward.max(rows, axis=1), [5.0, 5.0, -np.inf, 2.0]),
    ("argmax", awkward.argmax(rows, axis=1), [2, 0, 0, 0]),
    ("argsort", awkward.argsort(rows), [[1, 0, 3, 2], [0, 2, 1], [0], [1, 0]]),
    (
        "argsort, descending",
        awkward.argsort(rows, ascending=False),
        [[1, 2, 3, 0], [0, 1, 2], [0], [0, 1]],
    ),
]:
    print(f"{name} of {rows.tolist()}: {now.tolist()}")
    if now.tolist() != seen:
        sys.exit(f"changed: it was {seen}")
PY
