//! A small program for tests: an output that writes the name of each winner from a table, moved by a number,
//! and the key of each winner beside it.

use topkit::program::{FieldType, Program, Scalar};

const TEXT: &str = "
// Writes the name of each winner's column, plus `shift`, and its key.
struct Named {
    static constexpr bool NEEDS_KEY = true;
    static constexpr bool SORTS = false;
    static constexpr bool READS_IDS = false;
    static constexpr bool READS_VALUES = false;
    using Staged = Named;

    const LaunchArgs& args;
    u32 row;

    __device__ __forceinline__ Named(const LaunchArgs& args, u32 row) : args(args), row(row) {}

    template <class Key>
    __device__ __forceinline__ void write(u32 slot, Key key, u32 column) const {
        const Args& all = all_args(args);
        put(slot, all.names[column] + all.shift);
        all.keys[u64(row) * u32(args.k) + slot] = key;
    }

    __device__ __forceinline__ void fill(u32 slot) const { put(slot, -1); }

    template <class Team>
    __device__ __forceinline__ void finish(const Team&) const {}

   private:
    __device__ __forceinline__ void put(u32 slot, i32 value) const {
        static_cast<i32*>(args.indices)[i64(row) * args.index_stride + slot] = value;
    }
};
";

/// The program; a different one for each `mark`.
pub fn named(mark: u32) -> Program {
    let program = Program::builder(format!("{TEXT}// {mark}\n")).output("Named");
    let program = program.field("shift", FieldType::Scalar(Scalar::I32));
    let program = program.field("names", FieldType::Slice(Scalar::I32));
    program.field("keys", FieldType::SliceMut(Scalar::U32)).build().expect("a sound program")
}
