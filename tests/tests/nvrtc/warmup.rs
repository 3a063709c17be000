//! Compiling ahead without a GPU: what is foreseen is compiled, and is all that launches ask for.

use crate::engine::offline;
use std::sync::Mutex;
use std::thread;
use topkit::cache::Origin;
use topkit::inspect::PlanError;
use topkit::{Config, DType, Error, Problem, Selector, SelectorSpec, Workload};

/// Variants that are compiled quickly, of which a range needs few.
fn selector(config: Config) -> Selector {
    let spec = SelectorSpec::builder("Warm").dtype([DType::F32]).vec_size([2]);
    let spec = spec.bins([2048, 4096]).threads([256, 1024]).build().unwrap();
    offline(config).selector(spec).unwrap()
}

fn workload() -> Workload {
    Workload::new(DType::F32, 1..=256, 16_384..=262_144, 64..=64)
}

#[test]
fn after_a_warmup_nothing_in_its_range_is_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let cache_dir = Some(folder.path().join("cache"));
    let config = Config::default().cache_dir(cache_dir).deny_jit(true);
    let warm = selector(config.clone());
    let keys = warm.enumerate([workload()]).unwrap();
    assert!(keys.len() > 1, "{keys:?}");
    assert_eq!(warm.toolchain().cache().stats().compiles, 0);

    let told = Mutex::new(Vec::new());
    let done = warm
        .warmup_with([workload()], 2, |warmed, done, total| {
            told.lock().unwrap().push((warmed.key.clone(), done, total));
        })
        .unwrap();
    assert_eq!(done.failures().count(), 0, "{done}");
    assert_eq!(done.count(Origin::Compiled), keys.len(), "{done}");
    assert!(done.kernels.iter().map(|warmed| &warmed.key).eq(&keys), "in the same order");
    let told = told.into_inner().unwrap();
    assert!(told.iter().all(|(key, _, total)| keys.contains(key) && *total == keys.len()));
    let mut counts: Vec<_> = told.iter().map(|(_, done, _)| *done).collect();
    counts.sort();
    assert!(counts.into_iter().eq(1..=keys.len()));

    // In this process it comes from memory, in the next one from disk.
    for (selector, compiles) in [(warm, keys.len() as u64), (selector(config), 0)] {
        for rows in [1, 3, 32, 200, 256] {
            for columns in [16_384, 20_000, 200_000, 262_144] {
                let plan = selector.plan(&Problem::new(DType::F32, rows, columns, 64)).unwrap();
                selector.artifact(&plan.variant).unwrap();
            }
        }
        let stats = selector.toolchain().cache().stats();
        assert_eq!(stats.compiles, compiles);
        assert_eq!(stats.memory_hits + stats.disk_hits, 20);

        let other = selector.plan(&Problem::new(DType::F32, 1000, 65_536, 64)).unwrap().variant;
        let error = selector.artifact(&other).unwrap_err();
        assert!(matches!(error, Error::Denied(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains(&other.symbol()) && text.contains("topkit warmup"), "{text}");
    }
}

#[test]
fn warmups_at_once_compile_each_kernel_once() {
    let selector = selector(Config::default());
    let reports = thread::scope(|scope| {
        let threads = [(); 3].map(|()| scope.spawn(|| selector.warmup([workload()]).unwrap()));
        threads.map(|thread| thread.join().unwrap())
    });
    let kernels = reports[0].kernels.len();
    assert_eq!(selector.toolchain().cache().stats().compiles, kernels as u64);
    assert!(reports.iter().all(|report| report.count(Origin::Compiled) == kernels));
}

#[test]
fn every_failure_is_named_and_none_holds_up_another() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let dump_dir = Some(file.path().to_owned());
    let selector = selector(Config::default().dump_dir(dump_dir));
    let report = selector.warmup([workload()]).unwrap();
    let kernels = report.kernels.len();
    assert_eq!((report.failures().count(), kernels > 1), (kernels, true), "{report}");
    assert_eq!(selector.toolchain().cache().stats().compiles, kernels as u64);
    let text = report.to_string();
    for (key, error) in report.failures() {
        assert!(matches!(error, Error::Write { .. }), "{error}");
        assert!(text.contains(&key.variant.symbol()), "{text}");
    }

    let error = selector.warmup([Problem::new(DType::Bf16, 1, 8, 64)]).unwrap_err();
    assert!(matches!(error, Error::Plan(PlanError::DType { .. })), "{error}");
    let nothing: [Workload; 0] = [];
    assert_eq!(selector.warmup(nothing).unwrap().kernels.len(), 0);
}

/// The kernels are there all the same, for this engine; the report names what the next lacks.
#[test]
fn what_the_disk_does_not_keep_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = |cache_limit| {
        Config::default().cache_dir(folder.path().join("cache")).cache_limit(cache_limit)
    };
    let small = selector(config(Some(1000)));
    let report = small.warmup([workload()]).unwrap();
    let (kernels, text) = (report.kernels.len(), report.to_string());
    assert_eq!((report.failures().count(), report.count(Origin::Compiled)), (0, kernels), "{text}");
    assert!(text.contains(&format!(", {} not kept on disk", kernels - 1)), "{text}");
    assert_eq!(report.not_kept.len(), kernels - 1, "{text}");
    for (key, _) in &report.not_kept {
        assert!(text.contains(&key.variant.symbol()), "{text}");
        small.artifact(&key.variant).unwrap();
    }
    assert_eq!(small.toolchain().cache().stats().compiles, kernels as u64);
    let roomy = selector(config(None)).warmup([workload()]).unwrap();
    assert_eq!((roomy.not_kept.len(), roomy.count(Origin::Disk)), (0, 1), "{roomy}");
}

/// One selector on a folder that others may write to.
#[cfg(unix)]
#[test]
fn a_hostile_folder_is_not_used_and_costs_no_kernel() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    let config = Config::default().cache_dir(folder.path().to_owned());
    let selector = selector(config);
    let problem = Problem::new(DType::F32, 1, 65_536, 64);
    assert_eq!(selector.warmup([problem]).unwrap().count(Origin::Compiled), 1);
    assert_eq!(selector.toolchain().records(), None, "nor are records read from there");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
