#!/usr/bin/env bash
# Packages: nvidia-cuda-nvrtc 13.2.78 and 13.2.86 (x86-64 Linux).
# Expected: `nvrtcVersion` tells compilers apart whose machine code differs, so that it can be part of
#   the key of a cache of compiled kernels.
# Seen: both releases say 13.2 and make the same PTX, but other instructions (section .text) for sm_100a
#   and sm_120a from a loop of fmaxf and shuffles. For sm_90a the instructions are equal and only notes
#   and attributes differ. No function of NVRTC tells the release: it stands in the output alone, in a
#   comment of the PTX ("V13.2.78").
# Why our users care: a cache that is keyed by (source, options, nvrtcVersion) mixes kernels of two
#   compilers. A slow or miscompiled kernel of the one stays after the update to the other. Key by the
#   release in the PTX of an empty program, or by the file of the library.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
for version in 13.2.78 13.2.86; do
    python3 -m pip --disable-pip-version-check install -qq --only-binary :all: \
        --target "$folder/$version" "nvidia-cuda-nvrtc==$version" ||
        { echo 'not run: the packages cannot be installed' >&2; exit 2; }
    python3 -s - "$folder/$version" "$version" >"$folder/$version.txt" <<'PY'
import ctypes
import glob
import hashlib
import struct
import sys

SOURCE = b"""
extern "C" __global__ void greatest(const float *scores, float *out, int columns) {
    float best = -__int_as_float(0x7f800000);
    for (int column = threadIdx.x; column < columns; column += blockDim.x)
        best = fmaxf(best, scores[column]);
    for (int lane = 16; lane > 0; lane >>= 1)
        best = fmaxf(best, __shfl_xor_sync(0xffffffffu, best, lane));
    if (threadIdx.x % 32 == 0) out[threadIdx.x / 32] = best;
}
"""


def library(name):
    return glob.glob(f"{sys.argv[1]}/nvidia/**/lib/{name}", recursive=True)[0]


ctypes.CDLL(library("libnvrtc-builtins.so*"), mode=ctypes.RTLD_GLOBAL)
nvrtc = ctypes.CDLL(library("libnvrtc.so.*"))


def output(program, kind):
    size = ctypes.c_size_t()
    getattr(nvrtc, f"nvrtcGet{kind}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(nvrtc, f"nvrtcGet{kind}")(program, text)
    return text.raw


def sections(elf):
    """Name and bytes of each section of a 64-bit ELF file."""
    table = struct.unpack_from("<Q", elf, 40)[0]
    size, count, names = struct.unpack_from("<HHH", elf, 58)
    heads = [struct.unpack_from("<IIQQQQ", elf, table + i * size) for i in range(count)]
    for name, _, _, _, start, length in heads:
        yield elf[heads[names][4] + name :].split(b"\0")[0].decode(), elf[start : start + length]


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


major, minor = ctypes.c_int(), ctypes.c_int()
nvrtc.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
print("nvrtcVersion", f"{major.value}.{minor.value}")
for arch in ("sm_90a", "sm_100a", "sm_120a"):
    program, options = ctypes.c_void_p(), (ctypes.c_char_p * 1)(b"-arch=" + arch.encode())
    nvrtc.nvrtcCreateProgram(ctypes.byref(program), SOURCE, b"greatest.cu", 0, None, None)
    if nvrtc.nvrtcCompileProgram(program, 1, options):
        sys.exit(f"changed: the kernel does not compile for {arch}")
    ptx = output(program, "PTX").split(b"\n")
    if f"V{sys.argv[2]}".encode() not in b"".join(line for line in ptx if line.startswith(b"//")):
        sys.exit("changed: the comments of the PTX do not tell the release")
    print("ptx", arch, digest(b"\n".join(line for line in ptx if not line.startswith(b"//"))))
    code = [data for name, data in sections(output(program, "CUBIN")) if name.startswith(".text")]
    print("code", arch, digest(b"".join(code)))
    nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
PY
done
seen='code sm_100a
code sm_120a'
now=$(diff "$folder/13.2.78.txt" "$folder/13.2.86.txt" | sed -n 's/^< \([^ ]* [^ ]*\) .*/\1/p' || true)
sed 's/^/13.2.78: /' "$folder/13.2.78.txt"
sed 's/^/13.2.86: /' "$folder/13.2.86.txt"
if [ "$now" != "$seen" ]; then
    echo "changed: the two releases differ in [${now//$'\n'/, }]; it was [${seen//$'\n'/, }]" >&2
    exit 1
fi
