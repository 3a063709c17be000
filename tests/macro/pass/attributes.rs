//! Attributes above `kernel` are the type's, and what the macro expands to gives no warning of its
//! own for them.
#![deny(warnings)]

mod declared {
    topkit::topk_kernel! {
        /// Replaced by `Newer`.
        #[deprecated(note = "use Newer")]
        #[must_use]
        pub kernel Older { dtype: f32 }

        #[cfg_attr(all(), deprecated)]
        pub kernel Oldest { dtype: [bf16, f16], rows: ragged }

        #[allow(non_camel_case_types)]
        pub kernel lower_case { dtype: f32 }
    }
}

#[test]
#[allow(deprecated)]
fn is_accepted() {
    println!("{:?}", (declared::Older::SPEC, declared::Oldest::SPEC, declared::lower_case::SPEC));
}
