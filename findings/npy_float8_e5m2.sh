#!/usr/bin/env bash
# Packages: ml_dtypes 0.6.0, numpy 2.4.6.
# Expected: what `numpy.save` writes, `numpy.load` reads; and if one fp8 type works, its sibling does.
# Seen: float8_e4m3fn is saved as '<V1' and read back as opaque bytes that a view restores.
#   float8_e5m2 is saved as '<f1', and `numpy.load` refuses the header ("descr is not a valid dtype
#   descriptor: '<f1'") after the array is gone from memory. `allow_pickle` and `mmap_mode` do not help.
# Why our users care: e5m2 scores and keys that were saved overnight look lost. The data is whole: a
#   reader that takes the last rows * columns bytes as e5m2 has it. Save `x.view(numpy.uint8)`.
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

x = np.arange(12, dtype=np.float32).reshape(3, 4)
e4m3, e5m2 = f"{sys.argv[1]}/e4m3.npy", f"{sys.argv[1]}/e5m2.npy"

np.save(e4m3, x.astype(ml_dtypes.float8_e4m3fn))
back = np.load(e4m3).view(ml_dtypes.float8_e4m3fn)
if not np.array_equal(back.astype(np.float32), x):
    sys.exit("changed: float8_e4m3fn does not survive save, load and view")

np.save(e5m2, x.astype(ml_dtypes.float8_e5m2))
for how in ({}, {"allow_pickle": True}, {"mmap_mode": "r"}):
    try:
        sys.exit(f"changed: numpy.load({how}) reads float8_e5m2 as {np.load(e5m2, **how).dtype}")
    except ValueError as error:
        if "<f1" not in str(error):
            sys.exit(f"changed: numpy.load({how}) says {error}")
with open(e5m2, "rb") as file:
    data = np.frombuffer(file.read()[-x.size :], ml_dtypes.float8_e5m2).reshape(x.shape)
if not np.array_equal(data, x.astype(ml_dtypes.float8_e5m2)):
    sys.exit("changed: the data of the e5m2 file is not whole")
print("float8_e4m3fn is read back; numpy.load refuses the header '<f1' that it wrote for float8_e5m2")
PY
