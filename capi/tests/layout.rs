//! Structs and codes are the same in the header and in the library: sizes, offsets and numbers.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[allow(dead_code, reason = "its layout is what is looked at")]
#[path = "../src/abi.rs"]
mod abi;
mod support;

use abi::{CURRENT_DEVICE, Launch, Plan, Problem, SelectorConfig, Status};
use std::mem::offset_of;
use support::{Language, Library, in_package, succeed};

macro_rules! layout {
    ($($c:literal $rust:ident { $($field:ident)* })*) => {
        [$(
            vec![($c.to_owned(), size_of::<$rust>() as i64)],
            vec![$((format!("{}.{}", $c, stringify!($field)), offset_of!($rust, $field) as i64)),*],
        )*].concat()
    };
}

fn in_rust() -> Vec<(String, i64)> {
    let structs = layout! {
        "topkit_selector_config" SelectorConfig {
            size dtype select nan rows index k_first k_last reserved order values count fill
            ties batch_invariant ids raw_columns mask k_per_row reserved_end
        }
        "topkit_problem" Problem { size rows columns row_stride alignment k reserved }
        "topkit_plan" Plan { size workspace_bytes kernel }
        "topkit_launch" Launch {
            size rows columns scores row_stride row_starts row_lengths indices index_stride
            workspace workspace_bytes k reserved values value_stride counts index_fill value_fill
            ids id_stride id_scale id_offset row_offsets pages page_stride page_shift reserved_end
            raw_columns raw_column_stride mask mask_stride row_ks shards shard_stride shard_counts
            shard_count_stride shard_id_stride
        }
    };
    let codes = [
        ("TOPKIT_OK", Status::Ok as i64),
        ("TOPKIT_ERROR_ARGUMENT", Status::Argument as i64),
        ("TOPKIT_ERROR_UNSUPPORTED", Status::Unsupported as i64),
        ("TOPKIT_ERROR_DRIVER", Status::Driver as i64),
        ("TOPKIT_ERROR_DEVICE", Status::Device as i64),
        ("TOPKIT_ERROR_COMPILER", Status::Compiler as i64),
        ("TOPKIT_ERROR_COMPILE", Status::Compile as i64),
        ("TOPKIT_ERROR_CUDA", Status::Cuda as i64),
        ("TOPKIT_ERROR_WORKSPACE", Status::Workspace as i64),
        ("TOPKIT_ERROR_CAPTURE", Status::Capture as i64),
        ("TOPKIT_ERROR_INTERNAL", Status::Internal as i64),
        ("TOPKIT_CURRENT_DEVICE", i64::from(CURRENT_DEVICE)),
    ];
    let status = [("topkit_status".to_owned(), size_of::<Status>() as i64)];
    let codes = codes.map(|(name, code)| (name.to_owned(), code));
    status.into_iter().chain(structs).chain(codes).collect()
}

#[test]
fn the_header_and_the_library_agree() {
    let library = Library::build("");
    for language in Language::ALL {
        let printed = succeed(&mut library.program(language, &["tests/c/layout.c"], &[]));
        let in_c: Vec<_> = printed
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .map(|(name, number)| (name.to_owned(), number.parse::<i64>().unwrap()))
            .collect();
        assert_eq!(in_c, in_rust(), "{language:?}");
    }
}

#[test]
fn the_header_has_the_version_of_the_package() {
    let header = std::fs::read_to_string(in_package("include/topkit.h")).unwrap();
    let line = concat!("#define TOPKIT_VERSION \"", env!("CARGO_PKG_VERSION"), "\"\n");
    assert!(header.contains(line), "the header lacks {line}");
}
