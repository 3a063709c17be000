//! An engine without a GPU: generate, compile, cache, inspect, dump.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use topkit::cache::Origin;
use topkit::{Config, DType, Error, Problem, Toolchain, Variant, inspect::SassError, topk_kernel};

topk_kernel! {
    /// The K best KV positions of one query row.
    pub kernel IndexerTopK {
        dtype:    [f32, bf16, f16],
        k:        1..=2048,
        select:   largest,
        nan:      highest,
        ties:     any,
        order:    unsorted,
        index:    i32,
        values:   false,
        rows:     ragged,
        tuning { vec_size: [1, 2, 4, 8], bins: [256, 1024, 2048, 4096], threads: [256, 512, 1024] }
    }
}

pub fn offline(config: Config) -> Toolchain {
    let plain = Toolchain::new("sm_90a".parse().unwrap()).unwrap_or_else(|error| panic!("{error}"));
    plain.with_config(config).unwrap()
}

#[test]
fn a_declared_selector_goes_the_whole_way() {
    let topk = IndexerTopK::new(&offline(Config::default())).unwrap();
    let streaming = 3 * 4 * 4 * 3;
    // 4 values of items with 256 and 512 threads, 3 with 1024, at one vector width a dtype.
    let resident = 3 * 4 * (4 + 4 + 3);
    // 4 bins for clusters of 256 threads, 3 for those of 512, at 4 values of items and 6 sizes.
    let shared = 3 * (4 + 3) * 4 * 6;
    // 5 values of items with 256 threads, at one vector width and one number of bins.
    let by_warps = 3 * 5;
    // As the resident ones, for bf16 alone.
    let codes = 4 * (4 + 4 + 3);
    // 4 sizes of clusters of 512 and 1024 threads, at one vector width and one number of bins.
    let long = 3 * 4 * 2;
    // Filters at one vector width a dtype: 2 values of items, and 6 sizes of clusters.
    let filters = IndexerTopK::variants().iter().filter(|v| v.kernel.filters()).count();
    assert_eq!(filters % (3 * 2), 0);
    assert_eq!(
        IndexerTopK::variants().len(),
        streaming + resident + shared + by_warps + filters + codes + long
    );
    let problem = Problem::new(DType::Bf16, 32, 131_072, 512);
    let plan = topk.plan(&problem).unwrap();
    assert_eq!((plan.variant.vec_size, plan.workspace_bytes), (8, 0));
    let of_bf16 = IndexerTopK::variants().iter().filter(|v| v.dtype == DType::Bf16).count();
    let members = format!("1 of {of_bf16} variants");
    assert!(topk.explain(&problem).unwrap().to_string().contains(&members));
    let source = topk.source(&plan.variant).unwrap();
    assert!(source.text.contains(&source.entry));

    let selector = topk.selector();
    assert!(selector.ptx(&plan.variant).unwrap().contains(".target sm_90a"));
    assert!(selector.cubin(&plan.variant).unwrap().starts_with(b"\x7fELF"));
    assert!(selector.build_log(&plan.variant).unwrap().contains("registers"));
    assert_eq!(selector.build_warnings(&plan.variant).unwrap(), Vec::<String>::new());
    assert!(selector.resources(&plan.variant).unwrap().unwrap().shared_bytes > 0);
    // The kernel, and before it the PTX.
    assert_eq!(selector.toolchain().cache().stats().compiles, 2);
}

#[test]
fn a_second_engine_finds_the_kernel_on_disk() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::default().cache_dir(folder.path().join("cache"));
    let origin = || {
        let topk = IndexerTopK::new(&offline(config.clone())).unwrap();
        topk.selector().artifact(&IndexerTopK::variants()[0]).unwrap().origin
    };
    assert_eq!(origin(), Origin::Compiled);
    assert_eq!(origin(), Origin::Disk);
}

#[test]
fn a_dump_holds_what_was_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::default().dump_dir(folder.path().to_owned());
    let topk = IndexerTopK::new(&offline(config)).unwrap();
    let variant = IndexerTopK::variants()[5];
    let cubin = topk.selector().cubin(&variant).unwrap();
    let written = folder.path().join(format!("{}-sm_90a", variant.symbol()));
    let read = |name: &str| std::fs::read(written.join(name)).unwrap();
    assert_eq!(read("kernel.cubin"), cubin);
    assert_eq!(read("kernel.cu"), topk.source(&variant).unwrap().text.as_bytes());
    assert!(String::from_utf8(read("kernel.ptx")).unwrap().contains(".entry"));
    assert!(String::from_utf8(read("build.log")).unwrap().contains("registers"));
}

#[test]
fn a_dump_that_cannot_be_written_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let config = Config::default().dump_dir(file.path().to_owned());
    let topk = IndexerTopK::new(&offline(config)).unwrap();
    let error = topk.selector().cubin(&IndexerTopK::variants()[0]).unwrap_err();
    assert!(matches!(error, Error::Write { .. }), "{error}");
}

#[test]
fn an_edited_dump_is_the_source_and_is_compiled_under_a_key_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let cache_dir = Some(folder.path().join("cache"));
    let dumps = folder.path().join("dumps");
    let variant = IndexerTopK::variants()[0];
    let dumping = Config::default().cache_dir(cache_dir.clone()).dump_dir(dumps.clone());
    let plain = IndexerTopK::new(&offline(dumping)).unwrap();
    let generated = plain.selector().artifact(&variant).unwrap();
    let file = dumps.join(format!("{}-sm_90a/kernel.cu", variant.symbol()));
    let edited = format!("// edited\n{}", std::fs::read_to_string(&file).unwrap());
    std::fs::write(&file, &edited).unwrap();

    let overriding = Config::default().cache_dir(cache_dir).override_dir(dumps);
    let topk = IndexerTopK::new(&offline(overriding)).unwrap();
    let source = topk.source(&variant).unwrap();
    assert_eq!(source.text, edited);
    assert_ne!(source.digest, plain.source(&variant).unwrap().digest);
    let artifact = topk.selector().artifact(&variant).unwrap();
    assert_eq!(artifact.origin, Origin::Compiled);
    assert_ne!(artifact.key, generated.key);
    assert_eq!(
        topk.selector().artifact(&IndexerTopK::variants()[1]).unwrap().entry,
        IndexerTopK::variants()[1].symbol()
    );

    std::fs::write(&file, "int x;").unwrap();
    for error in [topk.source(&variant).map(drop), topk.selector().cubin(&variant).map(drop)] {
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Override { .. }), "{error}");
    }
    let nowhere = Config::default().override_dir(folder.path().join("none"));
    let error = topk.selector().toolchain().with_config(nowhere).unwrap_err();
    assert!(matches!(error, Error::Override { .. }), "{error}");
}

const DISASSEMBLES: &str = "TOPKIT_TESTS_DISASSEMBLE";

/// By a child process whose environment names a made-up disassembler, and one that names none.
#[test]
fn machine_code_is_shown_or_it_is_said_what_is_missing() {
    if std::env::var_os(DISASSEMBLES).is_some() {
        let topk = IndexerTopK::new(&offline(Config::default())).unwrap();
        match topk.selector().sass(&IndexerTopK::variants()[0]) {
            Ok(sass) => println!("shown: {sass}"),
            Err(Error::Sass(SassError::Missing(missing))) => println!("missing: {missing}"),
            Err(error) => println!("{error}"),
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tool = folder.path().join("nvdisasm");
    std::fs::write(&tool, include_str!("../../../runtime/tests/tools/nvdisasm")).unwrap();
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = |program: &Path| {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["engine::machine_code_is_shown_or_it_is_said_what_is_missing", "--exact"])
            .arg("--nocapture")
            .env(DISASSEMBLES, "1")
            .env("TOPKIT_DISASM", program)
            .output()
            .unwrap();
        String::from_utf8(child.stdout).unwrap()
    };
    let shown = said(&tool);
    assert!(shown.contains("shown: arguments: --print-code "), "{shown}");
    assert!(shown.contains("kernel.cubin") && shown.contains(" bytes of ELF"), "{shown}");
    let missing = said(Path::new("/nonexistent/nvdisasm"));
    for words in ["missing: ", "/nonexistent/nvdisasm", "no such file", "pip install"] {
        assert!(missing.contains(words), "{missing}");
    }
}

#[test]
fn an_architecture_that_is_not_known_is_refused_with_those_that_are() {
    let error = Toolchain::new("sm_70".parse().unwrap()).unwrap_err().to_string();
    assert!(error.contains("sm_70") && error.contains("sm_90"), "{error}");
}

#[test]
fn a_stranger_is_no_member() {
    let topk = IndexerTopK::new(&offline(Config::default())).unwrap();
    let stranger = Variant { bins: 512, ..IndexerTopK::variants()[0] };
    let error = topk.source(&stranger).unwrap_err().to_string();
    assert!(error.contains("IndexerTopK has no variant"), "{error}");
}
