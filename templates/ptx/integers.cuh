// Integer names with their widths, and the size of a warp.
//
// Scope: none (types only). Shared memory: none. Barriers: none.
#pragma once

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;
using i32 = int;
using i64 = long long;

static_assert(sizeof(u32) == 4 && sizeof(u64) == 8, "the integer names promise their widths");

constexpr u32 WARP_SIZE = 32;
constexpr u32 FULL_MASK = 0xFFFFFFFFu;
