#!/usr/bin/env bash
# Packages: nvidia-cuda-nvrtc 13.2.86 (x86-64 Linux).
# Expected: `sm_90a` differs from `sm_90` in the instructions that it adds; static shared memory ends at
#   48 KB on both, and more is taken as dynamic shared memory at the launch, as the CUDA guide says.
# Seen: with the suffix `a` static shared memory may be as large as the SM allows a block: 227 KB for
#   sm_90a and sm_100a, 99 KB for sm_120a. Without it, and for the family suffix `f` (sm_100f), ptxas
#   refuses 49 KB.
# Why our users care: a kernel with `__shared__ float tile[16384]` that was written and tested for sm_90a
#   does not compile for sm_90, for sm_100f or for any GPU before, and the message names a size that the
#   author's own build did accept. Who makes packs for several architectures sees it on the customer's.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
    --target "$folder/lib" nvidia-cuda-nvrtc==13.2.86 ||
    { echo 'not run: the packages cannot be installed' >&2; exit 2; }
python3 -s - "$folder/lib" <<'PY'
import ctypes
import glob
import sys


def library(name):
    return glob.glob(f"{sys.argv[1]}/nvidia/**/lib/{name}", recursive=True)[0]


ctypes.CDLL(library("libnvrtc-builtins.so*"), mode=ctypes.RTLD_GLOBAL)
nvrtc = ctypes.CDLL(library("libnvrtc.so.*"))


def compiles(arch, kilobytes):
    source = """extern "C" __global__ void turn(int *values) {
        __shared__ int tile[%d];
        tile[threadIdx.x] = values[threadIdx.x];
        __syncthreads();
        values[threadIdx.x] = tile[threadIdx.x ^ 1];
    }""" % (kilobytes * 256)
    program, options = ctypes.c_void_p(), (ctypes.c_char_p * 1)(f"-arch={arch}".encode())
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), source.encode(), None, 0, None, None)
    status = nvrtc.nvrtcCompileProgram(program, 1, options)
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
    return status == 0


for arch, seen in [
    ("sm_80", 48),
    ("sm_90", 48),
    ("sm_90a", 227),
    ("sm_100f", 48),
    ("sm_100a", 227),
    ("sm_120", 48),
    ("sm_120a", 99),
]:
    print(f"{arch}: {seen} KB compile, {seen + 1} KB do not")
    if not compiles(arch, seen):
        sys.exit(f"changed: {seen} KB do not compile now")
    if compiles(arch, seen + 1):
        sys.exit(f"changed: {seen + 1} KB compile now")
PY
