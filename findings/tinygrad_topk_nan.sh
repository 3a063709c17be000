#!/usr/bin/env bash
# Packages: tinygrad 0.14.0 (on its device PYTHON, which needs no compiler).
# Expected: `topk` gives k different columns, and a NaN costs at most its own place.
# Seen: a NaN in column 0 of 8 fills the answer: values [nan, nan, nan], columns [0, 0, 0]. `sort` of
#   [1, nan, 5, 3] is [1, 1, 3, 5] with columns [0, 0, 3, 2]: the NaN is gone and the 1 is there twice.
#   In row [1, nan, 5, 3, 7] the top 3 are right. `max` of [1, nan, 5] is 5.
# Why our users care: a top-k whose columns repeat sends two threads of a scatter to one place, and a
#   sampler counts the same token three times. Nothing is raised.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" tinygrad==0.14.0 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
DEV=PYTHON PYTHONPATH="$folder/lib" XDG_CACHE_HOME="$folder" python3 -s - <<'PY'
import sys

from tinygrad import Tensor

nan = float("nan")


def text(name, row, result):
    values, columns = (tensor.tolist() for tensor in result)
    print(f"{name} of {row}: values {values}, columns {columns}")
    return columns


for row, seen in [
    ([4.0, 1.0, 5.0, 3.0, 7.0, 2.0, 9.0, 0.0], [6, 4, 2]),
    ([1.0, nan, 5.0, 3.0, 7.0], [4, 2, 3]),
    ([nan, 1.0, 5.0, 3.0, 7.0, 2.0, 9.0, 4.0], [0, 0, 0]),
]:
    if text("topk(3)", row, Tensor(row).topk(3)) != seen:
        sys.exit(f"changed: the columns were {seen}")
if Tensor([1.0, nan, 5.0]).max().item() != 5.0:
    sys.exit("changed: max of [1, nan, 5] was 5")
row = [1.0, nan, 5.0, 3.0]
if text("sort", row, Tensor(row).sort()) != [0, 0, 3, 2]:
    sys.exit("changed: the columns were [0, 0, 3, 2]")
PY
