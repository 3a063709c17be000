//! Shows that the mutation test can fail: on an unneeded barrier, on an exemption that does not hold, and
//! on a construct without a rule.

use super::*;

const CLEAR: &str = "shared.histogram.template clear<THREADS>();\n                __syncthreads();";

/// The kernel that the proofs change.
fn radix() -> Subject {
    let of_kernel = |(_, variant): &(_, Variant)| variant.kernel == KernelKind::BlockRadix;
    let (name, variant) = variants().into_iter().find(of_kernel).unwrap();
    subject(name, &variant)
}

fn checked(source: RenderedSource, at: usize) -> Result<Row, String> {
    let subject = Subject { source, ..radix() };
    let sites = scan(&subject.source.text);
    let site = sites.into_iter().find(|site| site.range.start == at).unwrap();
    let Some(Rule::Mutate(mutations)) = rule(&site) else { panic!("{}", site.place()) };
    let job = Job { subject: &subject, site: &site, mutation: mutations[0].clone(), number: None };
    job.check(&interpreter().steps(STEPS), None)
}

#[test]
fn an_unneeded_barrier_is_named() {
    let mut source = radix().source;
    let at = source.text.find(CLEAR).unwrap() + CLEAR.len();
    source.text.insert_str(at, " __syncthreads();");
    let wrong = checked(source, at + 1).unwrap_err();
    assert!(wrong.starts_with("templates/kernels/block_radix.cuh:"), "{wrong}");
    assert!(wrong.ends_with("it is undetected"), "{wrong}");
}

#[test]
fn a_barrier_that_no_input_reaches_is_named() {
    let mut source = radix().source;
    let at = source.text.find(CLEAR).unwrap() + CLEAR.len();
    let dead = " if (k == 12345) { __syncthreads(); }";
    source.text.insert_str(at, dead);
    let wrong = checked(source, at + dead.find("__sync").unwrap()).unwrap_err();
    assert!(wrong.ends_with("no input reaches it"), "{wrong}");
}

#[test]
fn an_exemption_must_hold() {
    let stale = stale_exemptions(&[radix()]);
    let missing = UNREACHED.iter().chain(EQUIVALENT).filter(|one| one.kernel != "block_radix");
    assert_eq!(stale.len(), missing.count(), "{stale:?}");
    assert_eq!(stale_exemptions(&[]).len(), UNREACHED.len() + EQUIVALENT.len());
    assert!(!UNREACHED.is_empty(), "nothing was shown");
}

#[test]
#[should_panic(expected = "templates/kernels/new.cuh:3 (__sync_somehow()) has no rule")]
fn a_construct_without_a_rule_is_an_error() {
    let text =
        "#line 2 \"templates/kernels/new.cuh\"\n__device__ void f() {\n    __sync_somehow();\n";
    scan(text).iter().for_each(|site| drop(rule(site)));
}

#[test]
fn sites_are_found_at_their_lines() {
    let text = "__device__ void f(int a) {  // __syncthreads() in a comment\n\
                \x20   g(a); __syncthreads(); __syncthreads();\n\
                \x20   atomicAdd(&x[h(a, 1)],\n        2u);\n}\n";
    let sites = scan(&format!("#line 7 \"templates/a.cuh\"\n{text}"));
    let found: Vec<_> = sites
        .iter()
        .filter(|site| rule(site).is_some())
        .map(|site| (site.function.as_str(), site.line, site.construct.as_str()))
        .collect();
    let expected = [
        ("f", 8, "__syncthreads()"),
        ("f", 8, "__syncthreads(), number 2"),
        ("f", 9, "atomicAdd(&x[h(a, 1)], 2u)"),
    ];
    assert_eq!(found, expected);
    let atomic = sites.iter().find(|site| site.name == "atomicAdd").unwrap();
    assert_eq!(atomic.operands, ["&x[h(a, 1)]", "2u"]);
}
