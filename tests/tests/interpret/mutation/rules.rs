//! The mutations of each construct that orders threads. A name that sounds like such a construct and has
//! no rule is an error, so that a new kernel cannot add an untested construct.

use super::sites::Site;

/// One text for another.
#[derive(Debug, Clone)]
pub struct Mutation {
    pub name: &'static str,
    pub text: String,
    /// Lanes continue with values that no lane sent. The schedule decides which fault follows.
    pub loses_values: bool,
}

/// How a site is mutated.
#[derive(Debug, Clone)]
pub enum Rule {
    Mutate(Vec<Mutation>),
    /// The interpreter cannot tell, for this reason.
    NotModelled(&'static str),
}

const INSTRUCTION: &str = "one instruction of newer GPUs; the shuffles beside it run in its place";
const EXCHANGES: &str = "instructions of the GPU; the bodies beside them run in their place";
const COPIES: &str = "an instruction of the GPU; the copy beside it runs in its place";
const GRIDS: &str = "orders whole grids, and the interpreter runs one at a time";

/// The rule of a site; none for one that orders nothing.
pub fn rule(site: &Site) -> Option<Rule> {
    let name = site.name.as_str();
    let operand = |at: usize| site.operands.get(at).map_or("", String::as_str);
    let of = |name, text: &str| Mutation { name, text: text.to_owned(), loses_values: false };
    let removed = || of("removed", "((void)0)");
    let mutations = match name {
        "wait_for_preceding_grid" | "launch_dependents" => return Some(Rule::NotModelled(GRIDS)),
        _ if name.starts_with("__reduce_") => return Some(Rule::NotModelled(INSTRUCTION)),
        "asm" if site.construct.contains("griddepcontrol") => {
            return Some(Rule::NotModelled(GRIDS));
        }
        "asm" if ["mbarrier.", "st.async"].iter().any(|what| site.construct.contains(what)) => {
            return Some(Rule::NotModelled(EXCHANGES));
        }
        "asm" if site.construct.contains("cp.async") => return Some(Rule::NotModelled(COPIES)),
        "copy_async" | "copy_async_commit" => vec![removed()],
        "copy_async_wait_but_last" => {
            let one_less = format!("copy_async_wait_but_last({} + 1)", operand(0));
            vec![removed(), of("one less", &one_less)]
        }
        "__syncthreads" | "grid_barrier" | "named_barrier_sync" | "named_barrier_arrive" => {
            vec![removed()]
        }
        "sync_team" => vec![removed()],
        "cluster_arrive" | "cluster_arrive_relaxed" | "cluster_wait" => vec![removed()],
        "__cluster_barrier_wait" | "__cluster_barrier_arrive_relaxed" => vec![removed()],
        "__cluster_barrier_arrive" => {
            vec![removed(), of("relaxed", "__cluster_barrier_arrive_relaxed()")]
        }
        "mbarrier_init"
        | "fence_mbarrier_init"
        | "mbarrier_arrive"
        | "mbarrier_expect_tx"
        | "mbarrier_wait_parity"
        | "mbarrier_arrive_expect_tx"
        | "store_async" => vec![removed()],
        // Of an exchange: the object before the name needs a field, and `mbarrier` is one.
        "wait" | "announce" | "send" => vec![of("removed", "mbarrier")],
        "mbarrier_test_wait_parity" => vec![of("removed", "true")],
        "__syncthreads_or" | "__syncthreads_and" | "__syncthreads_count" => {
            vec![of("removed", &format!("({})", operand(0)))]
        }
        "__threadfence_block" | "__threadfence_system" => vec![removed()],
        "__threadfence" => vec![removed(), of("of the block only", "__threadfence_block()")],
        "__syncwarp" if site.operands.is_empty() => vec![removed()],
        "__syncwarp" => vec![removed(), weakly(site)],
        "load_acquire" => vec![of("not atomic", &format!("*({})", operand(0)))],
        "store_release" => {
            vec![of("not atomic", &format!("*({}) = {}", operand(0), operand(1)))]
        }
        "add_release" => vec![not_atomic("old + value", site)],
        _ if name.starts_with("atomicCAS") => vec![not_atomic("old == value ? next : old", site)],
        _ if name.starts_with("atomic") => vec![not_atomic(after(name), site)],
        _ if name.ends_with("_MASK") => vec![weaker_mask(weaker(operand(0)))],
        _ if name.ends_with("_sync") => vec![weakly(site), not_exchanged(site)],
        _ => {
            assert!(!sounds_like_order(site), "{} has no rule of mutation", site.place());
            return None;
        }
    };
    Some(Rule::Mutate(mutations))
}

fn sounds_like_order(site: &Site) -> bool {
    const SOUNDS: &str = "sync fence atomic barrier acquire release activemask arrive wait";
    if site.name == "asm" {
        // Without either it only computes a value.
        return site.construct.contains("volatile") || site.construct.contains("memory");
    }
    SOUNDS.split(' ').any(|sound| site.name.contains(sound))
}

/// The mask without one lane, which is the mutant that is hardest to detect. What a lane does without the
/// others is `not_exchanged`.
fn weaker(mask: &str) -> String {
    format!("({mask} & 0x7FFFFFFFu)")
}

fn weaker_mask(text: String) -> Mutation {
    Mutation { name: "mask without lane 31", text, loses_values: false }
}

/// A call with the weaker mask.
fn weakly(site: &Site) -> Mutation {
    let mask = weaker(&site.operands[0]);
    let rest = site.operands[1..].iter().map(String::as_str);
    let operands: Vec<&str> = [mask.as_str()].into_iter().chain(rest).collect();
    weaker_mask(format!("{}({})", site.name, operands.join(", ")))
}

/// The value of a lane without the other lanes.
fn not_exchanged(site: &Site) -> Mutation {
    let value = &site.operands[1];
    let text = match site.name.as_str() {
        "__ballot_sync" => format!("(unsigned(({value}) != 0) << threadIdx.x % 32)"),
        "__match_any_sync" | "__match_all_sync" => "(1u << threadIdx.x % 32)".to_owned(),
        _ => format!("({value})"),
    };
    Mutation { name: "no exchange", text, loses_values: true }
}

/// The new value of each atomic operation, of `old` and `value`.
fn after(name: &str) -> &'static str {
    match name.trim_end_matches("_block").trim_end_matches("_system") {
        "atomicAdd" => "old + value",
        "atomicSub" => "old - value",
        "atomicMin" => "old < value ? old : value",
        "atomicMax" => "old < value ? value : old",
        "atomicAnd" => "old & value",
        "atomicOr" => "old | value",
        "atomicXor" => "old ^ value",
        "atomicExch" => "value",
        "atomicInc" => "old >= value ? 0 : old + 1",
        "atomicDec" => "old == 0 || old > value ? value : old - 1",
        _ => panic!("{name} has no rule of mutation"),
    }
}

/// A read and a write in place of both at once.
fn not_atomic(after: &str, site: &Site) -> Mutation {
    let Site { operands, .. } = site;
    let text = format!(
        "([](auto* at, auto value, auto next) {{ const auto old = *at; *at = {after}; return old; }}({}, {}, {}))",
        operands[0],
        operands[1],
        operands.get(2).map_or("0", String::as_str)
    );
    Mutation { name: "not atomic", text, loses_values: false }
}
