//! Libraries and programs that are missing, broken, too old, of several versions or in the wrong
//! place: made-up ones, built here. Needs a C++ compiler, and no NVRTC and no driver.
use crate::support::made_up::{NVRTC, journal, nvrtc, nvrtc_with};
use crate::support::{Place, Ran, library};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

fn check(json: &Value, name: &str) -> Value {
    let checks = json["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).cloned().unwrap_or_default()
}

/// The program where these folders come first for the system's loader.
fn beside(place: &Place, args: &[&str], folder: &Path) -> Ran {
    let mut command = place.command(args);
    command.env("LD_LIBRARY_PATH", folder);
    Ran::of(command)
}

/// One kernel.
const ONE: [&str; 4] = ["compile", "--arch", "sm_90a", "--json"];

fn compile(place: &Place, library: &str) -> Ran {
    let mut command = place.command(&ONE);
    command.env("TOPKIT_NVRTC", library);
    Ran::of(command)
}

#[test]
fn a_driver_that_lacks_functions_is_told_and_never_a_panic() {
    let place = Place::new();
    let file = "old/libcuda.so.1";
    fs::create_dir(place.path("old")).unwrap();
    let some = "int cuInit(unsigned) { return 0; } \
                int cuDriverGetVersion(int* version) { *version = 11000; return 0; } \
                int cuDeviceGetCount(int* count) { *count = 1; return 0; }";
    library(&place, file, some, &["-Wl,-soname,libcuda.so.1"]);
    fs::copy(place.path(file), place.path("old/libcuda.so")).unwrap();
    let folder = place.path("old");
    let words = [
        "old/libcuda.so: it has no function cuCtxDestroy_v2",
        "others",
        "driver for CUDA 12.0 or later",
    ];

    let ran = beside(&place, &["doctor", "--json"], &folder);
    let found = check(&ran.json(), "driver");
    assert_eq!((ran.code, &found["state"]), (1, &"broken".into()), "{ran:?}");
    let said = found["text"].to_string() + &found["remedy"].to_string();
    assert!(words.iter().all(|word| said.contains(word)), "{said}");

    let run = ["run", "--generate", "2x700", "-k", "5"];
    for more in [&[][..], &["--engine", "gpu"], &["--device", "0"]] {
        let ran = beside(&place, &[&run[..], more].concat(), &folder);
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{more:?}: {ran:?}");
        assert!(words.iter().all(|word| ran.stderr.contains(word)), "{more:?}: {ran:?}");
    }
    beside(&place, &[&run[..], &["--engine", "host"]].concat(), &folder).done();
}

#[test]
fn a_library_that_does_not_load_is_told_with_the_loaders_reason() {
    let place = Place::new();
    let lost = library(&place, "libdep.so", "int dep() { return 0; }", &["-Wl,-soname,libdep.so"]);
    for folder in ["cuda", "nvrtc"] {
        fs::create_dir(place.path(folder)).unwrap();
    }
    let needy = |file: &str| {
        library(&place, file, "int needy() { return 0; }", &["-Wl,--no-as-needed", &lost])
    };
    // Both names by which it is looked for, so that a driver of the machine is not found instead.
    for name in ["libcuda.so", "libcuda.so.1"] {
        needy(&format!("cuda/{name}"));
    }
    let chosen = needy("nvrtc/libnvrtc.so.13");
    fs::remove_file(&lost).unwrap();
    let reason = "libdep.so: cannot open shared object file";

    // Named by the environment, and found by the system's loader.
    let mut command = place.command(&["doctor", "--json"]);
    command.env("TOPKIT_NVRTC", &chosen).env("LD_LIBRARY_PATH", place.path("cuda"));
    let named = Ran::of(command).json();
    let mut command = place.command(&["doctor", "--json"]);
    command.env_remove("TOPKIT_NVRTC").env("LD_LIBRARY_PATH", place.path("nvrtc"));
    let found_by_loader = Ran::of(command).json();
    let nvrtc = check(&named, "nvrtc");
    assert_eq!(nvrtc["state"], "broken", "{nvrtc}");
    assert!(nvrtc["text"].as_str().unwrap().contains(reason), "{nvrtc}");
    // In a container the search goes on to the driver's own folder.
    let folders = ["/usr/local/nvidia/lib64", "/usr/lib/wsl/lib"].map(Path::new);
    if !folders.iter().any(|folder| folder.join("libcuda.so.1").exists()) {
        let driver = check(&named, "driver");
        assert_eq!(driver["state"], "broken", "{driver}");
        assert_eq!(driver["text"].as_str().unwrap().matches(reason).count(), 2, "{driver}");
    }
    // The loader goes on to another NVRTC where the machine has one.
    let nvrtc = check(&found_by_loader, "nvrtc");
    assert!(nvrtc["state"] == "ok" || nvrtc["text"].as_str().unwrap().contains(reason), "{nvrtc}");
}

#[test]
fn releases_of_one_version_share_no_kernel_and_a_warm_start_asks_for_none() {
    let place = Place::new();
    let origin = |ran: Ran| {
        assert_eq!(ran.code, 0, "{ran:?}");
        ran.json()["kernels"][0]["origin"].as_str().unwrap().to_owned()
    };
    let one = nvrtc(&place, "one/libnvrtc.so.13", "13.2.78");
    let other = nvrtc(&place, "other/libnvrtc.so.13", "13.2.86");
    assert_eq!(origin(compile(&place, &one)), "compiled");
    assert_eq!(journal(&place), ["loaded", "probed", "compiled"]);
    assert_eq!(origin(compile(&place, &one)), "disk");
    assert_eq!(journal(&place)[3..], ["loaded"], "a warm start compiles nothing");
    assert_eq!(origin(compile(&place, &other)), "compiled");
    assert_eq!(origin(compile(&place, &other)), "disk");
    assert_eq!(origin(compile(&place, &one)), "disk");
    // A library that was replaced in its place is another.
    fs::copy(&other, &one).unwrap();
    fs::File::options().append(true).open(&one).unwrap().set_len(1 << 20).unwrap();
    assert_eq!(origin(compile(&place, &one)), "disk", "that of the other release");
    assert_eq!(journal(&place).iter().filter(|line| *line == "probed").count(), 3);
    assert_eq!(
        place.run(&["cache", "verify"]).done().lines().next().unwrap(),
        "2 kernels checked, 0 damaged"
    );
}

#[test]
fn a_warmup_compiles_the_replacement_of_a_kernel_that_the_compiler_refuses() {
    let place = Place::new();
    let warmup = |library: &str, more: &[&str]| {
        let problem = ["warmup", "f32,1,1000000,64", "--arch", "sm_90a", "--json"];
        let mut command = place.command(&[&problem, more].concat());
        command.env("TOPKIT_NVRTC", library);
        Ran::of(command)
    };
    let all = nvrtc(&place, "all/libnvrtc.so.13", "13.2.78");
    let listed = warmup(&all, &["--list"]).json();
    let key = |kernel: &Value| kernel["key"].as_str().unwrap().to_owned();
    let [planned] = &listed["kernels"].as_array().unwrap()[..] else { panic!("{listed}") };
    let symbol = key(planned).split('-').next().unwrap().to_owned();
    let refused = format!("-DREFUSED=\"{symbol}\"");
    let refuses = nvrtc_with(&place, "some/libnvrtc.so.13", "13.2.78", &[&refused]);

    // Where sources may be edited, nothing hides that one does not compile.
    let edits = place.path("edits");
    fs::create_dir(&edits).unwrap();
    let mut command = place.command(&["warmup", "f32,1,1000000,64", "--arch", "sm_90a", "--json"]);
    command.env("TOPKIT_NVRTC", &refuses).env("TOPKIT_OVERRIDE", &edits);
    let edited = Ran::of(command).json();
    assert_eq!(edited["kernels"].as_array().unwrap().len(), 1, "{edited}");

    let ran = warmup(&refuses, &[]);
    let told = ran.json();
    assert_eq!((ran.code, &told["failed"]), (3, &1.into()), "{told}");
    let kernels = told["kernels"].as_array().unwrap();
    let compiled = |kernel: &&Value| kernel["origin"] == "compiled" && kernel["kept"] == true;
    assert_eq!(kernels.iter().filter(compiled).count(), kernels.len() - 1, "{told}");
    assert_eq!(kernels.len(), 2, "one takes its place: {told}");
    let failed = kernels.iter().find(|kernel| key(kernel) == key(planned)).unwrap();
    assert!(failed["error"].as_str().unwrap().contains("made up"), "{told}");
}

#[test]
fn a_pack_has_the_release_of_the_compiler() {
    let place = Place::new();
    let library = nvrtc(&place, "libnvrtc.so.13", "13.2.78");
    let selector = "[[selector]]\nname = \"F\"\ndtype = \"f32\"\n\
                  [[selector.problem]]\nrows = 1\ncolumns = 100000\nk = 64\n";
    let (spec, pack) = (place.file("spec.toml", selector), place.path("f.pack"));
    let pack = pack.to_str().unwrap();
    let mut command = place.command(&["pack", "--arch", "sm_90a", &spec, "-o", pack]);
    command.env("TOPKIT_NVRTC", &library);
    assert_eq!(Ran::of(command).code, 0);
    let told = place.run(&["pack", "ls", pack, "--json"]).json();
    assert_eq!(told["compiler"], "nvrtc 13.2.78", "{told}");
}

#[test]
fn the_builtins_are_those_of_the_librarys_version() {
    let place = Place::new();
    let library = nvrtc(&place, "nvrtc/libnvrtc.so.13", "13.0.88");
    for version in ["12.9", "13.0", "13.1"] {
        let file = format!("nvrtc/libnvrtc-builtins.so.{version}");
        let line = format!("-DLINE=\"builtins {version}\"");
        let journal = format!("-DJOURNAL=\"{}\"", place.path("journal").display());
        let loads = r#"
            #include <cstdio>
            __attribute__((constructor)) static void load() {
                if (FILE* file = fopen(JOURNAL, "a")) { fprintf(file, LINE "\n"); fclose(file); }
            }"#;
        crate::support::library(&place, &file, loads, &[&line, &journal]);
    }
    assert_eq!(compile(&place, &library).code, 0);
    let loaded: Vec<_> =
        journal(&place).into_iter().filter(|line| line.starts_with("builtins")).collect();
    assert_eq!(loaded, ["builtins 13.0"]);
}

#[test]
fn a_compiler_that_is_too_old_for_an_architecture_is_told() {
    let place = Place::new();
    let old = nvrtc(&place, "libnvrtc.so.12", "12.0.140");
    let mut command = place.command(&["doctor", "--json"]);
    command.env("TOPKIT_NVRTC", &old);
    let found = check(&Ran::of(command).json(), "nvrtc");
    let text = found["text"].as_str().unwrap();
    for words in ["12.0.140", "sm_90", "12.1 "] {
        assert!(text.contains(words), "no {words:?} in {text}");
    }
    if found["state"] == "ok" {
        assert_eq!(found["facts"]["archs"], serde_json::json!(["sm_80"]));
    }
    fs::remove_file(place.path("journal")).unwrap(); // what the doctor compiled
    let ran = compile(&place, &old);
    assert_eq!((ran.code, journal(&place).contains(&"compiled".into())), (3, false), "{ran:?}");
    for words in ["nvrtc 12.0 does not compile every kernel for sm_90a", "12.1 or later"] {
        assert!(ran.stderr.contains(words), "no {words:?} in {ran:?}");
    }
    let mut command = place.command(&["compile", "--arch", "sm_80a"]);
    command.env("TOPKIT_NVRTC", &old);
    let ran = Ran::of(command);
    assert!(ran.code == 2 && ran.stderr.contains("begins with sm_90a"), "{ran:?}");
}

#[test]
fn a_compiler_that_lists_no_architecture_is_told() {
    let place = Place::new();
    let none = nvrtc_with(&place, "libnvrtc.so.13", "13.0.88", &["-DCOUNT=0"]);
    let mut command = place.command(&["doctor", "--json"]);
    command.env("TOPKIT_NVRTC", &none);
    let found = check(&Ran::of(command).json(), "nvrtc");
    assert_eq!(found["state"], "broken", "{found}");
    let ran = compile(&place, &none);
    assert_eq!(ran.code, 3, "{ran:?}");
    for words in ["lists no architecture", "pip install nvidia-cuda-nvrtc"] {
        assert!(ran.stderr.contains(words), "no {words:?} in {ran:?}");
        assert!(found.to_string().contains(words), "no {words:?} in {found}");
    }
}

#[test]
fn nothing_of_the_working_directory_is_loaded_or_run() {
    let place = Place::new();
    for file in ["lib64/libnvrtc.so", "lib/libnvrtc.so.13", "libnvrtc.so.13"] {
        nvrtc(&place, file, "13.0.88");
    }
    let wheel = "lib/python3.12/site-packages/nvidia/cu13/lib/libnvrtc.so.13";
    nvrtc(&place, wheel, "13.0.88");
    fs::create_dir_all(place.path("compat")).unwrap();
    let loads = NVRTC.split("static const char OUTPUT").next().unwrap();
    let written = format!("-DJOURNAL=\"{}\"", place.path("journal").display());
    library(&place, "compat/libcuda.so.1", loads, &[&written]);
    fs::create_dir_all(place.path("bin")).unwrap();
    let python = "lib/python3.12/site-packages/nvidia/cu13/bin";
    fs::create_dir_all(place.path(python)).unwrap();
    let script = format!("#!/bin/sh\necho ran >>{}\n", place.path("journal").display());
    for folder in ["", "bin/", &format!("{python}/")] {
        for name in ["nvdisasm", "cuobjdump", "c++", "g++", "clang++", "python3"] {
            let file = place.file(&format!("{folder}{name}"), &script);
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    fs::create_dir(place.path("home")).unwrap();
    let here = |args: &[&str], value: &str| -> Command {
        let mut command = place.command(args);
        command.current_dir(place.path("")).env_remove("TOPKIT_NVRTC");
        command.env("HOME", place.path("home")).env_remove("LD_LIBRARY_PATH");
        for name in ["CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONUSERBASE"] {
            command.env(name, value);
        }
        for name in ["TOPKIT_NVRTC", "TOPKIT_DISASM", "TOPKIT_CXX"] {
            command.env(name, "");
        }
        command
    };
    let interpret = ["run", "--generate", "2x700", "-k", "5", "--engine", "interpret"];
    for value in ["", ".", "./"] {
        for path in ["", ":", ".", ".:bin", "bin:./bin:"] {
            for args in [&["doctor"][..], &interpret] {
                let ran = Ran::of({
                    let mut command = here(args, value);
                    command.env("PATH", path);
                    command
                });
                // The loader may find the machine's own library, in its standard folders.
                assert!([0, 1, 3].contains(&ran.code), "{value:?} {path:?}: {ran:?}");
            }
        }
    }
    // An item of the loader's path that is empty or relative means the working directory too.
    for file in ["libnvrtc.so", "libnvrtc.so.12", "lib/libnvrtc.so"] {
        nvrtc(&place, file, "13.0.88");
    }
    let run = ["run", "--generate", "2x700", "-k", "5"];
    let items = [":", "/no/such:", ":/no/such", ".", "lib", "/no/such::./lib", ";"];
    for with_driver in [false, true] {
        for args in [&["doctor", "--json"][..], &run] {
            for list in items {
                let mut command = here(args, "");
                command.env("LD_LIBRARY_PATH", list);
                let ran = Ran::of(command);
                assert!([0, 1, 3].contains(&ran.code), "{list:?}: {ran:?}");
                let said = format!("{}{}", ran.stdout, ran.stderr);
                if args[0] == "doctor" || with_driver {
                    assert!(said.contains("LD_LIBRARY_PATH has an empty or relative"), "{said}");
                }
            }
        }
        for file in ["libcuda.so", "libcuda.so.1", "lib/libcuda.so"] {
            library(&place, file, loads, &[&written]);
        }
    }
    assert_eq!(journal(&place), [""; 0]);
    // A relative path in another program's variable is reported, and not searched.
    let ran = Ran::of(here(&["doctor", "--json"], "."));
    let found = check(&ran.json(), "environment");
    for name in ["CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONUSERBASE"] {
        let text = found["text"].as_str().unwrap();
        assert!(text.contains(&format!("{name}: .: ")), "{name} is not in {found}");
    }
    assert!(found["text"].to_string().contains("give an absolute path"), "{found}");
    // A relative path in a variable of topkit is refused, with a remedy.
    for (variable, value, args) in [
        ("TOPKIT_NVRTC", "libnvrtc.so.13", &["doctor"][..]),
        ("TOPKIT_NVRTC", "lib", &["doctor"]),
        ("TOPKIT_DISASM", "nvdisasm", &["doctor"]),
        ("TOPKIT_DISASM", "./bin", &["doctor"]),
        ("TOPKIT_CXX", "./c++", &interpret),
        ("TOPKIT_CACHE_DIR", "cache", &["doctor"]),
        ("TOPKIT_CACHE_DIR", "cache", &["cache", "ls"]),
        ("TOPKIT_PACKS", "a.pack", &["doctor"]),
        ("TOPKIT_OVERRIDE", "edited", &["emit"]),
    ] {
        let mut command = here(args, "");
        command.env(variable, value);
        let ran = Ran::of(command);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert!([0, 1, 3].contains(&ran.code), "{variable}={value}: {ran:?}");
        assert!(said.contains(value) && said.contains("absolute path"), "{variable}: {said}");
    }
    assert_eq!(journal(&place), [""; 0]);
}
