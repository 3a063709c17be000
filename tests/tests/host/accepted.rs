//! What `topk_kernel!` accepts. Each case is what a user would write, compiled as a part of this suite
//! under `deny(warnings)`. A case fails the build, or the test at its end. A public type whose methods
//! nobody calls is unused in a program, though not in a library; `private` may not need the allowance.

#[allow(dead_code)]
#[path = "../../macro/pass/attributes.rs"]
mod attributes;
#[allow(dead_code)]
#[path = "../../macro/pass/example.rs"]
mod example;
#[allow(dead_code)]
#[path = "../../macro/pass/functions.rs"]
mod functions;
#[allow(dead_code)]
#[path = "../../macro/pass/generated.rs"]
mod generated;
#[allow(dead_code)]
#[path = "../../macro/pass/methods.rs"]
mod methods;
#[allow(dead_code)]
#[path = "../../macro/pass/minimal.rs"]
mod minimal;
#[path = "../../macro/pass/private.rs"]
mod private;
#[allow(dead_code)]
#[path = "../../macro/pass/several.rs"]
mod several;

/// Every case of the folder is among them.
#[test]
fn no_case_is_left_out() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/macro/pass");
    let source = include_str!("accepted.rs");
    for case in std::fs::read_dir(folder).unwrap() {
        let name = case.unwrap().file_name().into_string().unwrap();
        assert!(source.contains(&format!("macro/pass/{name}\"]")), "{name} is not compiled");
    }
}
