//! The variants whose text is kept in `golden/`: together they use every dtype, every vector
//! width, every number of bins and threads, and every block.

use topkit::{
    DType, Variant,
    spec::{
        Fill, Ids, IndexType, KernelKind, Mask, NanPolicy, Order, RowShape, Select, Semantics, Ties,
    },
};

/// The dtypes with a golden at each vector width.
pub const AT_EACH_WIDTH: [DType; 3] = [DType::F32, DType::Bf16, DType::F16];

/// Dtypes at each vector width, the other keys going round beside them, the same dtypes held in registers, each
/// filter, a row held by a cluster and one read by a cluster, and each of the other dtypes once.
pub fn variants() -> Vec<Variant> {
    let mut variants = Vec::new();
    for dtype in AT_EACH_WIDTH {
        for vec_size in [1, 2, 4, 8] {
            let turn = variants.len();
            let one_of = |values: &[u32]| values[turn % values.len()];
            variants.push(Variant {
                kernel: KernelKind::BlockRadix,
                dtype,
                vec_size,
                bins: one_of(&[2048, 256, 4096, 1024, 512]),
                threads: one_of(&[512, 1024, 256, 1024, 128]),
                items: 0,
                cluster: 1,
                stages: Variant::STAGES,
                semantics: semantics(turn),
                program: None,
            });
        }
    }
    for (turn, dtype) in AT_EACH_WIDTH.into_iter().enumerate() {
        variants.push(Variant {
            kernel: KernelKind::BlockResident,
            dtype,
            vec_size: dtype.widest_load(),
            bins: [4096, 2048, 4096][turn % 3],
            threads: [512, 256, 1024][turn % 3],
            items: [16, 64, 8][turn % 3],
            cluster: 1,
            stages: Variant::STAGES,
            semantics: semantics(turn + 1),
            program: None,
        });
    }
    let filters = [KernelKind::BlockFilter, KernelKind::ClusterFilter, KernelKind::GridFilter];
    for (turn, kernel) in filters.into_iter().enumerate() {
        let dtype = AT_EACH_WIDTH[turn];
        variants.push(Variant {
            kernel,
            dtype,
            vec_size: dtype.widest_load(),
            bins: 2048,
            threads: 512,
            items: [32, 16, 32][turn],
            cluster: [1, 8, 1][turn],
            stages: Variant::STAGES,
            semantics: semantics(turn * 2),
            program: None,
        });
    }
    variants.push(Variant {
        kernel: KernelKind::ClusterResident,
        dtype: DType::Bf16,
        vec_size: 8,
        bins: 4096,
        threads: 512,
        items: 16,
        cluster: 8,
        stages: Variant::STAGES,
        semantics: semantics(2),
        program: None,
    });
    variants.push(Variant {
        kernel: KernelKind::ClusterRadix,
        dtype: DType::F32,
        vec_size: 4,
        bins: 2048,
        threads: 1024,
        items: 0,
        cluster: 16,
        stages: Variant::STAGES,
        semantics: semantics(0),
        program: None,
    });
    variants.push(Variant {
        kernel: KernelKind::BlockCodes,
        dtype: DType::Bf16,
        vec_size: 8,
        bins: 4096,
        threads: 512,
        items: 16,
        cluster: 1,
        stages: Variant::STAGES,
        semantics: semantics(0),
        program: None,
    });
    // Each rule for ties, in a filter and in registers.
    for (kernel, ties) in
        [(KernelKind::BlockFilter, Ties::LowestIndex), (KernelKind::BlockCodes, Ties::HighestIndex)]
    {
        let plain = variants.iter().find(|variant| variant.kernel == kernel).copied();
        variants.extend(plain.map(|plain| {
            let semantics = Semantics { ties, ..plain.semantics };
            Variant { semantics, ..plain }
        }));
    }
    // All outputs: one kernel that sorts in place of its own variables, and one that writes as it selects. Two with
    // inputs of the launch, and one that merges shards.
    let outputs = Semantics { values: true, count: true, ..Semantics::DEFAULT };
    let paged = Semantics { ids: Ids::Pages, raw_columns: true, ..Semantics::DEFAULT };
    let merged = Semantics {
        rows: RowShape::Shards,
        ids: Ids::Given,
        ties: Ties::LowestIndex,
        order: Order::ByValue,
        ..Semantics::DEFAULT
    };
    let masked = Semantics { mask: Mask::Bits, k_per_row: true, ..Semantics::DEFAULT };
    for (kernel, semantics) in [
        (KernelKind::BlockResident, paged),
        (KernelKind::BlockFilter, masked),
        (KernelKind::BlockRadix, Semantics { order: Order::ByValue, ..outputs }),
        (KernelKind::BlockRadix, merged),
        (KernelKind::BlockCodes, Semantics { fill: Fill::Given, ..outputs }),
    ] {
        let plain = variants.iter().find(|variant| variant.kernel == kernel);
        variants.extend(plain.map(|plain| Variant {
            dtype: DType::Bf16,
            vec_size: 8,
            semantics,
            ..*plain
        }));
    }
    let others = DType::ALL.into_iter().filter(|dtype| !AT_EACH_WIDTH.contains(dtype));
    for (turn, dtype) in others.enumerate() {
        variants.push(Variant {
            kernel: KernelKind::BlockRadix,
            dtype,
            vec_size: dtype.widest_load(),
            bins: 2048,
            threads: 512,
            items: 0,
            cluster: 1,
            stages: Variant::STAGES,
            semantics: semantics(turn),
            program: None,
        });
    }
    // A rule for ties of scores whose keys have no room for the column.
    let wide = variants.iter().find(|variant| variant.dtype == DType::F64).copied();
    variants.extend(wide.map(|wide| {
        let semantics = Semantics { ties: Ties::HighestIndex, ..wide.semantics };
        Variant { semantics, ..wide }
    }));
    // A kernel without an entry has the first of the sizes that a tuning measures.
    for &kernel in KernelKind::ALL {
        let measured = kernel.measured().first();
        if let Some(sizes) = measured.filter(|_| variants.iter().all(|v| v.kernel != kernel)) {
            variants.push(Variant {
                kernel,
                dtype: DType::F32,
                vec_size: DType::F32.widest_load(),
                bins: sizes.bins[0],
                threads: sizes.threads[0],
                items: sizes.items[0],
                cluster: sizes.clusters[0],
                stages: sizes.stages[0],
                semantics: Semantics::DEFAULT,
                program: None,
            });
        }
    }
    // Not every kernel serves every dtype.
    variants.retain(|variant| variant.validate().is_empty());
    variants
}

fn semantics(turn: usize) -> Semantics {
    Semantics {
        select: Select::ALL[turn / 3 % 2],
        nan: NanPolicy::ALL[turn / 5 % 2],
        index: IndexType::ALL[turn % 3],
        rows: RowShape::ALL[turn / 2 % 2],
        ..Semantics::DEFAULT
    }
}
