//! Tests of tables that were measured before there was a kernel.

use super::*;

/// A table without `cluster_radix` is not asked where rules name it; one with it is.
#[test]
fn times_from_before_a_kernel_do_not_keep_it_out() {
    const CLUSTER: &str = "cluster_radix v4_b2048_t512_c16";
    let planner = by(table());
    let explained = explain(&planner, 1, 1 << 20, 4096);
    assert_eq!(explained.plan.variant.kernel, KernelKind::ClusterRadix);
    let Basis::Rules { why: Some(why) } = explained.basis else { panic!("{:?}", explained.basis) };
    assert!(why.contains("so many winners") && why.contains("NVIDIA Sample"), "{why}");
    // Clusters hold the first of these rows, filters serve the second, and for the last there are too many rows.
    for (rows, columns, k) in [(1, 65536, 4096), (1, 1 << 20, 2048), (133, 1 << 20, 4096)] {
        let measured = measured(explain(&planner, rows, columns, k));
        assert_ne!(measured.expected[0].variant.kernel, KernelKind::ClusterRadix, "{rows} {k}");
    }
    // A pack without the kernel leaves it out, and so does a compiler that refuses it.
    let radix = Variant::from_short_name(DType::F32, RADIX).unwrap();
    let packed = by(table()).among(vec![radix]);
    assert_eq!(named(&packed, 1, 1 << 20, 4096), RADIX);
    let refused = Variant::from_short_name(DType::F32, CLUSTER).unwrap();
    planner.refuse(&refused, Refusal::Unusable);
    assert_eq!(named(&planner, 1, 1 << 20, 4096), RADIX);
    let times: &[(&str, f64)] = &[(RADIX, 20.0), (CLUSTER, 40.0)];
    let slow = by(table_of(&[(1, 1 << 20, 4096, times)]));
    assert_eq!(named(&slow, 1, 1 << 20, 4096), RADIX);
}
