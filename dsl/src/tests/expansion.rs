//! The expansion of valid and faulty declarations.

use super::declared;
use quote::{ToTokens, quote};
use syn::{File, ImplItem, Item};

const EXAMPLE: &str = "
    /// The K best KV positions of one query row.
    #[cfg(all())]
    pub(crate) kernel IndexerTopK {
        dtype:    [f32, bf16, f16],
        k:        1..=2048,
        rows:     ragged,
        tuning { vec_size: [1, 2, 4, 8], bins: [256, 1024], threads: 256 }
    }";

fn expanded(source: &str) -> File {
    syn::parse2(declared(source).0).expect("the expansion is Rust items")
}

/// The expression of `SPEC` of the first type.
fn spec(file: &File) -> String {
    let Some(Item::Impl(methods)) = file.items.get(1) else { panic!("no impl") };
    let Some(ImplItem::Const(spec)) = methods.items.first() else { panic!("no SPEC") };
    spec.expr.to_token_stream().to_string()
}

fn docs(file: &File) -> String {
    let Some(Item::Struct(declared)) = file.items.first() else { panic!("no struct") };
    let docs = declared.attrs.iter().filter_map(|attr| match &attr.meta {
        syn::Meta::NameValue(doc) if doc.path.is_ident("doc") => Some(&doc.value),
        _ => None,
    });
    docs.map(|doc| match doc {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(line), .. }) => {
            format!("{}\n", line.value().trim_start())
        }
        other => panic!("{}", other.to_token_stream()),
    })
    .collect()
}

#[test]
fn the_spec_is_what_was_declared() {
    let expected = quote! {
        ::topkit::SelectorSpec {
            name: ::std::borrow::Cow::Borrowed("IndexerTopK"),
            dtype: ::std::borrow::Cow::Borrowed(
                &[::topkit::DType::F32, ::topkit::DType::Bf16, ::topkit::DType::F16]
            ),
            k: ::topkit::spec::KSet::Range { first: 1u32, last: 2048u32 },
            vec_size: ::std::borrow::Cow::Borrowed(&[1u32, 2u32, 4u32, 8u32]),
            bins: ::std::borrow::Cow::Borrowed(&[256u32, 1024u32]),
            threads: ::std::borrow::Cow::Borrowed(&[256u32]),
            semantics: ::topkit::spec::Semantics {
                select: ::topkit::spec::Select::Largest,
                nan: ::topkit::spec::NanPolicy::Highest,
                ties: ::topkit::spec::Ties::Any,
                order: ::topkit::spec::Order::Unsorted,
                index: ::topkit::spec::IndexType::I32,
                ids: ::topkit::spec::Ids::Columns,
                raw_columns: false,
                values: false,
                count: false,
                fill: ::topkit::spec::Fill::Standard,
                rows: ::topkit::spec::RowShape::Ragged,
                mask: ::topkit::spec::Mask::None,
                k_per_row: false,
                batch_invariant: false,
            },
            program: ::std::option::Option::None,
        }
    };
    assert_eq!(spec(&expanded(EXAMPLE)), expected.to_string());
}

#[test]
fn attributes_and_visibility_go_to_the_type_and_cfg_to_the_methods() {
    let file = expanded(EXAMPLE);
    let [Item::Struct(declared), Item::Impl(methods)] = &file.items[..] else { panic!() };
    assert_eq!(declared.vis.to_token_stream().to_string(), "pub (crate)");
    assert!(declared.attrs.iter().any(|attr| attr.path().is_ident("cfg")));
    assert!(methods.attrs.iter().any(|attr| attr.path().is_ident("cfg")));
}

#[test]
fn the_documentation_lists_every_key() {
    expect_test::expect![[r#"
        The K best KV positions of one query row.

        # Declared keys

        | key | value |
        |---|---|
        | `dtype` | `[f32, bf16, f16]` |
        | `k` | `1..=2048` |
        | `select` | `largest` (default) |
        | `nan` | `highest` (default) |
        | `ties` | `any` (default) |
        | `order` | `unsorted` (default) |
        | `index` | `i32` (default) |
        | `ids` | `columns` (default) |
        | `raw_columns` | `false` (default) |
        | `values` | `false` (default) |
        | `count` | `false` (default) |
        | `fill` | `standard` (default) |
        | `rows` | `ragged` |
        | `mask` | `none` (default) |
        | `k_per_row` | `false` (default) |
        | `batch_invariant` | `false` (default) |
        | `vec_size` | `[1, 2, 4, 8]` |
        | `bins` | `[256, 1024]` |
        | `threads` | `256` |
    "#]]
    .assert_eq(&docs(&expanded(EXAMPLE)));
}

#[test]
fn every_public_item_is_documented() {
    let file = expanded(EXAMPLE);
    let Some(Item::Impl(methods)) = file.items.get(1) else { panic!("no impl") };
    let mut names = Vec::new();
    for item in &methods.items {
        let (name, attrs) = match item {
            ImplItem::Const(item) => (&item.ident, &item.attrs),
            ImplItem::Fn(item) => (&item.sig.ident, &item.attrs),
            other => panic!("{}", other.to_token_stream()),
        };
        assert!(attrs.iter().any(|attr| attr.path().is_ident("doc")), "{name}");
        names.push(name.to_string());
    }
    let expected = [
        "SPEC",
        "new",
        "variants",
        "plan",
        "launch",
        "prepare",
        "warmup",
        "workspace",
        "launch_with",
        "source",
        "explain",
        "selector",
    ];
    assert_eq!(names, expected);
}

#[test]
fn the_same_tokens_expand_to_the_same_text() {
    assert_eq!(declared(EXAMPLE).0.to_string(), declared(EXAMPLE).0.to_string());
}

#[test]
fn a_faulty_key_stands_at_its_default_and_the_others_as_declared() {
    let faulty = "kernel Top { dtype: [bf16, f31], k: 0, tuning { vec_size: 3, bins: 4096, threads: [] },
        select: smallest, ties: lowest_index, order: best, values: maybe, index: [u32], rows: ragged }";
    let sound =
        "kernel Top { dtype: bf16, tuning { bins: 4096 }, select: smallest, ties: lowest_index,
        rows: ragged }";
    assert_eq!(declared(faulty).1.lines().count(), 7);
    assert_eq!(spec(&expanded(faulty)), spec(&expanded(sound)));
}

#[test]
fn without_any_sound_key_there_is_still_a_type() {
    for source in ["kernel Top {}", "kernel Top", "struct Top { a: u8 }", "Top { dtype: \"f32\" }"]
    {
        assert_ne!(declared(source).1, "", "{source}");
        assert_eq!(
            spec(&expanded(source)),
            spec(&expanded("kernel Top { dtype: f32 }")),
            "{source}"
        );
    }
}

#[test]
fn raw_names_lose_their_prefix_in_the_spec_only() {
    let file = expanded("kernel r#Top { dtype: f32 }");
    assert!(spec(&file).contains("(\"Top\")"), "{}", spec(&file));
}
