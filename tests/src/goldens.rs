//! The variants whose text is kept in `golden/`: together they use every dtype, every vector
//! width, every number of bins and threads, and every block.

use topkit::{DType, IndexType, KernelKind, NanPolicy, RowShape, Select, Semantics, Variant};

/// Each dtype at each vector width; the other keys go round beside them.
pub fn variants() -> Vec<Variant> {
    let mut variants = Vec::new();
    for dtype in DType::ALL {
        for vec_size in [1, 2, 4, 8] {
            let turn = variants.len();
            let one_of = |values: &[u32]| values[turn % values.len()];
            variants.push(Variant {
                kernel: KernelKind::BlockRadix,
                dtype,
                vec_size,
                bins: one_of(&[2048, 256, 4096, 1024, 512]),
                threads: one_of(&[512, 1024, 256, 1024, 128]),
                semantics: Semantics {
                    select: Select::ALL[turn / 3 % 2],
                    nan: NanPolicy::ALL[turn / 5 % 2],
                    index: IndexType::ALL[turn % 3],
                    rows: RowShape::ALL[turn / 2 % 2],
                    ..Semantics::DEFAULT
                },
            });
        }
    }
    variants
}
