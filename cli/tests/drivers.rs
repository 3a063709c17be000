//! The program on a made-up driver that has only the functions that are probed: a call of any other
//! function would be a panic of the bindings. Needs a C++ compiler, and no NVRTC.
use crate::support::made_up::{driver, nvrtc};
use crate::support::{Place, Ran};
use std::path::Path;

/// The program with this driver and this NVRTC.
fn on(place: &Place, driver: &Path, nvrtc: &str, args: &[&str]) -> Ran {
    let mut command = place.command(args);
    command.env("LD_LIBRARY_PATH", driver).env("TOPKIT_NVRTC", nvrtc);
    Ran::of(command)
}

const RUN: [&str; 5] = ["run", "--generate", "2x700", "-k", "5"];

#[test]
fn what_is_called_is_probed() {
    let place = Place::new();
    let driver = driver(&place, "driver", None);
    let nvrtc = nvrtc(&place, "libnvrtc.so.13", "13.0.88");
    let found = on(&place, &driver, &nvrtc, &["doctor", "--json"]).json();
    assert!(found.to_string().contains("made up, sm_90a"), "{found}");
    let recall = ["recall", "--rows", "3", "--columns", "600", "--heads", "4", "--dim", "16"];
    let many = [&RUN[..2], &["70x200000"], &RUN[3..]].concat();
    for args in [
        &["doctor"][..],
        &RUN,
        &[&RUN[..], &["--device", "0"]].concat(),
        &many,
        &[&recall[..], &["-k", "8"]].concat(),
        &["bench", "--cell", "f32,4,10000,64", "--out", place.path("bench").to_str().unwrap()],
        &["tune", "--cell", "f32,4,10000,64", "--budget", "4"],
        &["warmup", "f32,1..100,100000,512"],
    ] {
        let ran = on(&place, &driver, &nvrtc, args);
        // The answer is wrong, since nothing has run; all that leads to it was called. A tuning may
        // be over before it has an answer.
        let due = match args[0] {
            "warmup" => &[0][..],
            "tune" => &[0, 1],
            _ => &[1],
        };
        assert!(due.contains(&ran.code), "{args:?}: {ran:?}");
        let said = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
        assert!(ran.code == 0 || said.contains("wrong"), "{args:?}: {ran:?}");
    }
}

#[test]
fn an_error_without_words_keeps_its_number() {
    let place = Place::new();
    let nvrtc = nvrtc(&place, "libnvrtc.so.13", "13.0.88");
    for fails in ["cuInit", "cuMemGetInfo_v2", "cuModuleLoadDataEx", "cuDevicePrimaryCtxRetain"] {
        let driver = driver(&place, fails, Some(fails));
        let ran = on(&place, &driver, &nvrtc, &[&RUN[..], &["--engine", "gpu"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{fails}: {ran:?}");
        assert!(ran.stderr.contains("status 999"), "{fails}: {ran:?}");
    }
}

#[test]
fn a_relative_nvrtc_is_an_error_where_there_is_a_gpu() {
    let place = Place::new();
    let driver = driver(&place, "driver", None);
    for args in [&RUN[..], &[&RUN[..], &["--engine", "gpu"]].concat()] {
        let ran = on(&place, &driver, "lib/libnvrtc.so.13", args);
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
        for words in ["TOPKIT_NVRTC, which is to name libnvrtc, cannot be used", "absolute path"] {
            assert!(ran.stderr.contains(words), "no {words:?} in {ran:?}");
        }
    }
}

#[test]
fn a_driver_and_an_nvrtc_of_the_loaders_other_folders_are_found() {
    let place = Place::new();
    let driver = driver(&place, "driver", None);
    nvrtc(&place, "driver/libnvrtc.so.13", "13.0.88");
    std::fs::create_dir(place.path("empty")).unwrap();
    for list in [":@", "@:", "lib:@", "@"] {
        let mut command = place.command(&RUN);
        command.env("LD_LIBRARY_PATH", list.replace('@', driver.to_str().unwrap()));
        command.env_remove("TOPKIT_NVRTC").current_dir(place.path("empty"));
        let ran = Ran::of(command);
        assert_eq!(
            (ran.code, ran.stdout.contains("made up, sm_90a")),
            (1, true),
            "{list}: {ran:?}"
        );
    }
}
