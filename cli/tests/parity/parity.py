"""Compares `topkit run` with the selection of a library, over files that numpy writes.

usage: parity.py PROGRAM FOLDER numpy|torch

It makes arrays of every type and layout in FOLDER, runs PROGRAM on each, and compares the winners' scores
with the library's as sets: a NaN equals every NaN, and -0 equals +0. It prints the number of comparisons,
and ends with exit code 1 at the first difference.
"""

import itertools
import json
import subprocess
import sys

import ml_dtypes
import numpy as np

PROGRAM, FOLDER, LIBRARY = sys.argv[1:]
ROWS, COLUMNS = 4, 37
# Floats whose bits have each sign, and integers that f32 has.
SPECIAL = [np.nan, -np.nan, 0.0, -0.0, np.inf, -np.inf]
FLOATS = [np.float32, np.float16, np.float64, ml_dtypes.bfloat16]
FP8 = {"f8_e4m3": ml_dtypes.float8_e4m3fn, "f8_e5m2": ml_dtypes.float8_e5m2}
WHOLE = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.bool_]
# Types that are read as they are; the scores of all but f64 are compared as f32.
NATIVE = [np.float32, np.float16, np.float64, ml_dtypes.bfloat16]
compared = 0


def floats(seed, dtype):
    random = np.random.default_rng(seed)
    scores = np.round(random.standard_normal((ROWS, COLUMNS)) * 4) / 4
    for row in range(1, ROWS):
        places = random.choice(COLUMNS, size=2 * row, replace=False)
        scores[row, places] = random.choice(SPECIAL, size=2 * row)
    with np.errstate(all="ignore"):
        return scores.astype(dtype)


def whole(seed, dtype):
    limits = (0, 1) if dtype is np.bool_ else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    random = np.random.default_rng(seed)
    near = random.integers(max(limits[0], -50), min(limits[1], 50), (ROWS, COLUMNS), endpoint=True)
    scores = near.astype(dtype)
    scores[0, :2] = limits
    return scores


def by_numpy(row, k, select, nan):
    if (select, nan) in [("largest", "highest"), ("smallest", "lowest")]:
        return np.argpartition(row if select == "largest" else -row, -k)[-k:]
    return np.argpartition(row if select == "smallest" else -row, k - 1)[:k]


def by_torch(row, k, select, nan):
    import torch

    if nan != "highest":
        return None
    return torch.topk(torch.from_numpy(row.copy()), k, largest=select == "largest").indices.numpy()


BY = {"numpy": by_numpy, "torch": by_torch}[LIBRARY]


def key(scores):
    plain = scores[~np.isnan(scores)] + 0.0
    return sorted(plain.tolist()), int(np.isnan(scores).sum())


def compare(path, scores, arguments, spans=None, ks=(5,)):
    """The scores are those that the file has, as `numbers` gives them, row by row."""
    global compared
    rows = scores.reshape(-1, scores.shape[-1])
    for select, nan, k in itertools.product(["largest", "smallest"], ["highest", "lowest"], ks):
        if BY(rows[0], 1, select, nan) is None:
            continue
        command = [PROGRAM, "run", path, "-k", str(k), "--select", select, "--nan", nan, "--json"]
        command += ["--engine", "host", "--rows-show", str(len(rows)), *arguments]
        ran = subprocess.run(command, capture_output=True, text=True)
        if ran.returncode != 0:
            sys.exit(f"{command} ended with {ran.returncode}: {ran.stderr}")
        answer = json.loads(ran.stdout)["rows"]
        assert len(answer) == len(rows), (command, len(answer))
        for number, (row, winners) in enumerate(zip(rows, answer)):
            if spans is not None:
                start, length = spans[number]
                row = row[start : start + length]
            found = [winner["index"] for winner in winners["winners"]]
            take = min(k, len(row))
            due = BY(row, take, select, nan) if take else []
            message = (LIBRARY, path, arguments, select, nan, k, number, found, list(due))
            assert len(set(found)) == len(found) == take, message
            if take:
                assert key(row[found]) == key(row[due]), message
            compared += 1


def save(name, array):
    path = f"{FOLDER}/{name}.npy"
    np.save(path, array)
    return path


def numbers(array):
    array = np.asarray(array)
    if array.dtype == np.float64:
        return array
    with np.errstate(all="ignore"):
        return array.astype(np.float32)


def convert(dtype):
    return [] if dtype in NATIVE else ["--dtype", "f32"]


# Every type; of the types of a byte but e5m2 the file has no name.
for seed, dtype in enumerate(FLOATS + WHOLE):
    array = (floats if dtype in FLOATS else whole)(seed, dtype)
    path = save(f"type_{seed}", array)
    compare(path, numbers(array), convert(dtype), ks=(1, 5, COLUMNS) if seed == 0 else (5,))
for seed, (name, dtype) in enumerate(FP8.items()):
    array = floats(seed, dtype)
    path = save(name, array)
    compare(path, numbers(array), ["--view", name, "--dtype", "f32"])
# The bits of bf16 as an array of integers.
array = floats(20, ml_dtypes.bfloat16)
compare(save("bits", array.view(np.int16)), numbers(array), ["--view", "bf16"])

# Every layout: big-endian, column by column, slices, more dimensions, archives.
for seed, dtype in enumerate([np.float32, ml_dtypes.bfloat16, np.float64]):
    array, name = floats(30 + seed, dtype), f"layout_{seed}"
    scores, options = numbers(array), convert(dtype)
    compare(save(f"{name}_big", array.astype(array.dtype.newbyteorder(">"))), scores, options)
    compare(save(f"{name}_fortran", np.asfortranarray(array)), scores, options)
    cube = array[:, :36].reshape(2, 2, 36)
    for order in "CF":
        path = save(f"{name}_cube_{order}", np.asarray(cube, order=order))
        compare(path, numbers(cube), options)
    many = array[:, :36].reshape(2, 2, 4, 9)
    compare(save(f"{name}_many", np.asfortranarray(many)), numbers(many), options)
    compare(save(f"{name}_slice", array[:, 3:20]), numbers(array[:, 3:20]), options)
    for write in [np.savez, np.savez_compressed]:
        path = f"{FOLDER}/{name}_{write.__name__}.npz"
        write(path, first=np.zeros(3), scores=array)
        compare(path, scores, [*options, "--tensor", "scores"])

# Ragged rows, by files of each type.
array = floats(40, np.float32)
starts, lengths = np.array([0, 3, 36, 10]), np.array([37, 4, 1, 0])
spans = list(zip(starts, lengths))
for dtype in [np.int32, np.int64, ">i4", np.uint16]:
    files = [save("starts", starts.astype(dtype)), save("lengths", lengths.astype(dtype))]
    arguments = ["--starts", files[0], "--lengths", files[1]]
    compare(save("ragged", array), array, arguments, spans)

print(compared)
