//! Removes or weakens every construct that orders threads in the templates, one at a time, and shows that
//! the interpreter or the check of the answer detects each mutant. The table is a golden,
//! `golden-mutants.md`.
//!
//! A filter does not mutate the sites that an earlier kernel shares and where every mutant of that kernel
//! is detected; the row names the earlier kernel. The other kernels are each mutated whole.
//!
//! Sites are found in the rendered text, so a new kernel needs no entry. A mutant is that text with one
//! site replaced, and nearly all mutants of a kernel are compiled as one text (`switch`). An undetected
//! mutant fails the test with its place unless `exempt` lists it, and so does an exemption that no longer
//! holds.

mod battery;
mod exempt;
mod filtered;
mod proof;
mod rules;
mod seams;
mod sites;
mod switch;
mod table;

use crate::case::interpreter;
use battery::{Battery, gathering, masked, merging, smallest, sorted, staged, with_rule};
use exempt::{ANY, EQUIVALENT, Exempt, RANKED_TIES, UNREACHED, reason};
use expect_test::expect_file;
use rules::{Mutation, Rule, rule};
use sites::{Site, scan};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use table::{Row, table};
use topkit::interpret::{Interpreter, Kernel};
use topkit::{
    DType, Variant,
    inspect::RenderedSource,
    spec::{KernelKind, Ties},
};
use topkit_tests::rendered;
use topkit_tests::templates::blocks_of_templates;

const WORKERS: usize = 2;
/// Far more than any input takes; a mutant may spin.
const STEPS: u64 = 5_000_000;

struct Subject {
    kernel: &'static str,
    source: RenderedSource,
    battery: Battery,
    sites: Vec<(Site, Rule)>,
}

struct Job<'a> {
    subject: &'a Subject,
    site: &'a Site,
    mutation: Mutation,
    /// The mutant's number in the subject's compiled text; `None` if it has to be compiled alone.
    number: Option<u32>,
}

#[test]
fn every_mutant_is_detected() {
    let subjects = subjects();
    let folder = tempfile::tempdir().unwrap();
    let interpreter = interpreter().folder(folder.path()).steps(STEPS);
    std::thread::scope(|scope| {
        for Subject { source, battery, .. } in &subjects {
            let interpreter = &interpreter;
            scope.spawn(move || {
                let found = battery.detects(&interpreter.load(source).unwrap(), false);
                assert_eq!(found, None, "{} as it is", source.entry);
            });
        }
    });

    let mut jobs = Vec::new();
    let mut rows = Vec::new();
    for subject in &subjects {
        for (site, rule) in &subject.sites {
            let job = |mutation| Job { subject, site, mutation, number: None };
            match rule {
                Rule::NotModelled(why) => {
                    let detection = "not modelled".to_owned();
                    rows.push(Row::new(site, ANY, subject.kernel, detection, why));
                }
                Rule::Mutate(_) if reason(UNREACHED, subject.kernel, site, ANY).is_some() => {
                    jobs.push(job(trap(&subject.source, site)));
                }
                Rule::Mutate(mutations) => jobs.extend(mutations.iter().cloned().map(job)),
            }
        }
    }
    for (job, number) in jobs.iter_mut().filter(|job| switch::asks(job.site)).zip(1..) {
        job.number = Some(number);
    }
    let switched: Vec<Kernel> = std::thread::scope(|scope| {
        let interpreter = &interpreter;
        let texts: Vec<_> = subjects.iter().map(|subject| all_mutants(subject, &jobs)).collect();
        let load = |text| scope.spawn(move || interpreter.load(&text).unwrap());
        let loading: Vec<_> = texts.into_iter().map(load).collect();
        loading.into_iter().map(|loaded| loaded.join().unwrap()).collect()
    });
    let mut wrong = stale_exemptions(&subjects);
    let queue = Mutex::new(jobs.iter());
    let work = || {
        let mut checked = Vec::new();
        while let Some(job) = { queue.lock().unwrap().next() } {
            let place = subjects.iter().position(|subject| std::ptr::eq(subject, job.subject));
            checked.push(job.check(&interpreter, Some(&switched[place.unwrap()])));
        }
        checked
    };
    let checked: Vec<_> = std::thread::scope(|scope| {
        let workers = [(); WORKERS].map(|()| scope.spawn(work));
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    for checked in checked.into_iter().chain(seams::rows(&interpreter)) {
        match checked {
            Ok(row) => rows.push(row),
            Err(why) => wrong.push(why),
        }
    }
    wrong.sort();
    let mutants = rows.len() + wrong.len();
    assert!(wrong.is_empty(), "{} of {mutants} mutants:\n{}", wrong.len(), wrong.join("\n"));
    expect_file![tests_folder().join("golden-mutants.md")].assert_eq(&table(rows));
}

/// Every site of every block is in some kernel's text.
#[test]
fn every_site_of_the_templates_is_in_a_kernel() {
    let places = |text: &str| -> BTreeSet<(String, String)> {
        let sites = scan(text).into_iter().filter(|site| rule(site).is_some());
        sites.map(|site| (site.file, site.construct)).collect()
    };
    let sites: BTreeSet<_> = [variants(), sorted_variants(), masked_variants()]
        .concat()
        .iter()
        .flat_map(|(_, variant)| places(&rendered(variant).text))
        .collect();
    for (block, text) in blocks_of_templates() {
        for place in places(&format!("#line 1 \"templates/{block}\"\n{text}")) {
            assert!(sites.contains(&place), "no kernel has {place:?}");
        }
    }
    assert!(sites.len() > 20, "{sites:?}");
}

fn tests_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The smallest variant of every kernel, one with more stages, and four with a rule for ties, each with its name
/// in the table.
fn variants() -> Vec<(&'static str, Variant)> {
    let mut all: Vec<_> =
        KernelKind::ALL.iter().map(|&kernel| (kernel.name(), smallest(kernel))).collect();
    all.push(("cluster_filter, 3 stages", staged()));
    all.push(("block_filter, ties", with_rule(KernelKind::BlockFilter, Ties::LowestIndex)));
    all.push(("block_codes, ties", with_rule(KernelKind::BlockCodes, Ties::HighestIndex)));
    let wide = with_rule(KernelKind::BlockRadix, Ties::LowestIndex);
    let wide = Variant { dtype: DType::F64, vec_size: DType::F64.widest_load(), ..wide };
    all.push(("block_radix, ties of f64", wide));
    all.push(("block_radix, ties of shards", merging()));
    all.push(("cluster_resident, values", gathering()));
    all
}

/// The smallest variants whose winners are sorted by a CTA, by a warp, and, of two kernels, after a barrier of a cluster.
fn sorted_variants() -> Vec<(&'static str, Variant)> {
    [
        ("block_radix, by value", KernelKind::BlockRadix),
        ("warp_resident, by value", KernelKind::WarpResident),
        ("cluster_resident, by value", KernelKind::ClusterResident),
        ("cluster_radix, by value", KernelKind::ClusterRadix),
    ]
    .map(|(name, kernel)| (name, sorted(kernel)))
    .to_vec()
}

/// The smallest variants with a mask: winners of a row are moved by a CTA, and by a warp, where some are dropped.
fn masked_variants() -> Vec<(&'static str, Variant)> {
    [
        ("block_radix, masked", KernelKind::BlockRadix),
        ("warp_resident, masked", KernelKind::WarpResident),
    ]
    .map(|(name, kernel)| (name, masked(kernel)))
    .to_vec()
}

/// Whether only a kernel with a mask reaches a site, and which of the two kernels does.
fn is_of_masks(kernel: KernelKind, site: &Site) -> bool {
    site.function == "any_of_team"
        && (site.construct.starts_with("__any_sync") == (kernel == KernelKind::WarpResident))
}

/// Whether a site is of the sort alone, in this sorted kernel: a warp is mutated where a CTA does not go.
fn is_of_the_sort(kernel: KernelKind, site: &Site) -> bool {
    let of_a_warp = site.function == "from_lane" || site.construct == "__syncwarp()";
    let sorts = ["bitonic", "buckets", "outputs", "sorted"];
    let in_the_sink = sorts.iter().any(|stem| site.file == format!("templates/sink/{stem}.cuh"));
    match kernel {
        KernelKind::ClusterResident | KernelKind::ClusterRadix => is_after_a_cluster(site),
        KernelKind::WarpResident => in_the_sink && (of_a_warp || site.function == "write_in_order"),
        _ => in_the_sink && !of_a_warp && site.function != "write_in_order",
    }
}

/// The barrier before gathered winners are written, which only values and ids have.
fn is_of_gathering(site: &Site) -> bool {
    site.file == "templates/kernels/cluster_resident.cuh"
        && site.function == "select"
        && site.construct == "__syncthreads(), number 3"
}

/// The barrier after which the leader CTA sorts; without an order nothing of it is compiled.
fn is_after_a_cluster(site: &Site) -> bool {
    const FILES: [&str; 2] =
        ["templates/kernels/cluster_resident.cuh", "templates/kernels/cluster_radix.cuh"];
    FILES.contains(&&*site.file) && site.function == "finish"
}

/// Every kernel with the sites to mutate in it. A filter leaves out the sites of a shared block whose
/// mutants were all detected in an earlier kernel, and a kernel with a rule for ties all others than its own.
fn subjects() -> Vec<Subject> {
    let mut before = BTreeSet::new();
    let plain = variants().into_iter().map(|(name, variant)| {
        let mut subject = subject(name, &variant);
        subject.sites.retain(|(site, _)| !is_after_a_cluster(site));
        subject.sites.retain(|(site, _)| is_of_gathering(site) == variant.semantics.values);
        // Long rows search all bins: this function is not compiled for them.
        let long = variant.kernel == KernelKind::ClusterRadix;
        subject.sites.retain(|(site, _)| !long || site.function != "find_of_few");
        if variant.semantics.ties != Ties::Any {
            subject.sites.retain(|(site, _)| is_of_ties(site));
        } else if variant.kernel.filters() {
            let own = format!("templates/kernels/{name}.cuh");
            let is_new = |site: &Site| site.file == own || !before.contains(&site.key());
            subject.sites.retain(|(site, _)| {
                is_new(site) && (variant.stages > Variant::STAGES || !is_of_more_stages(site))
            });
        }
        let proven =
            subject.sites.iter().filter(|(site, rule)| !exempted(subject.kernel, site, rule));
        before.extend(proven.map(|(site, _)| site.key()));
        subject
    });
    let sorted = sorted_variants().into_iter().map(|(name, variant)| {
        let mut subject = subject(name, &variant);
        let sorts =
            |site: &Site| is_of_the_sort(variant.kernel, site) && site.function != "any_of_team";
        subject.sites.retain(|(site, _)| sorts(site));
        subject
    });
    let masked = masked_variants().into_iter().map(|(name, variant)| {
        let mut subject = subject(name, &variant);
        subject.sites.retain(|(site, _)| is_of_masks(variant.kernel, site));
        subject
    });
    plain.chain(sorted).chain(masked).collect()
}

/// Whether filters with two stages never reach a site: the one with more stages is mutated there.
fn is_of_more_stages(site: &Site) -> bool {
    matches!(site.function.as_str(), "filter_batches" | "push_positions")
        || (site.function == "guess" && site.construct == "copy_async_commit()")
}

/// Whether only a kernel with a rule for ties reaches a site.
fn is_of_ties(site: &Site) -> bool {
    const FILES: [&str; 3] = [
        "templates/filter/ties.cuh",
        "templates/score/ties_in_order.cuh",
        "templates/select/ties_by_id.cuh",
    ];
    FILES.contains(&&*site.file)
        || (site.file == "templates/kernels/block_codes.cuh" && site.construct == RANKED_TIES)
}

/// Whether a mutant of the site is exempt in this kernel.
fn exempted(kernel: &str, site: &Site, rule: &Rule) -> bool {
    let Rule::Mutate(mutations) = rule else { return false };
    reason(UNREACHED, kernel, site, ANY).is_some()
        || mutations.iter().any(|one| reason(EQUIVALENT, kernel, site, one.name).is_some())
}

fn subject(kernel: &'static str, variant: &Variant) -> Subject {
    let source = rendered(variant);
    let sites = scan(&source.text);
    let sites = sites.into_iter().filter_map(|site| rule(&site).map(|rule| (site, rule))).collect();
    Subject { kernel, source, battery: Battery::of(variant), sites }
}

/// One text with all numbered mutants of a kernel.
fn all_mutants(subject: &Subject, jobs: &[Job<'_>]) -> RenderedSource {
    let mine = |job: &&Job<'_>| std::ptr::eq(job.subject, subject) && job.number.is_some();
    let mut sites: Vec<(&Site, Vec<(u32, &Mutation)>)> = Vec::new();
    for job in jobs.iter().filter(mine) {
        let mutant = (job.number.unwrap(), &job.mutation);
        match sites.last_mut().filter(|(site, _)| std::ptr::eq(*site, job.site)) {
            Some((_, mutants)) => mutants.push(mutant),
            None => sites.push((job.site, vec![mutant])),
        }
    }
    let mut source = subject.source.clone();
    source.text = switch::switched(&source.text, &sites);
    source
}

/// The site, and before it a trap.
fn trap(source: &RenderedSource, site: &Site) -> Mutation {
    let text = format!("(__trap(), {})", &source.text[site.range.clone()]);
    Mutation { name: ANY, text, loses_values: false }
}

impl Job<'_> {
    /// The row of the table, or an error.
    /// A mutant with a number runs in the text of all numbered mutants.
    fn check(&self, interpreter: &Interpreter, switched: Option<&Kernel>) -> Result<Row, String> {
        switch::as_mutant(self.number.unwrap_or(0), || {
            self.check_meant(interpreter, switched.filter(|_| self.number.is_some()))
        })
    }

    fn check_meant(
        &self,
        interpreter: &Interpreter,
        switched: Option<&Kernel>,
    ) -> Result<Row, String> {
        let Job { subject: Subject { kernel, source, battery, .. }, site, mutation, .. } = self;
        let row = |detection: String, reason| {
            Ok(Row::new(site, mutation.name, kernel, detection, reason))
        };
        let wrong = |what| Err(format!("{}: {}, {kernel}: {what}", site.place(), mutation.name));
        let load = |mutation: &Mutation| {
            let mut mutant = source.clone();
            mutant.text.replace_range(site.range.clone(), &mutation.text);
            interpreter.load(&mutant)
        };
        let loaded = match switched.cloned().map_or_else(|| load(mutation), Ok) {
            Ok(loaded) => loaded,
            Err(error) => return wrong(error.to_string()),
        };
        if mutation.name == ANY {
            return match reason(UNREACHED, kernel, site, ANY) {
                Some(why) if !battery.traps(&loaded) => row("not reached".to_owned(), why),
                _ => wrong("it is listed as unreached and is reached".to_owned()),
            };
        }
        let found = battery.detects(&loaded, mutation.loses_values);
        match (found, reason(EQUIVALENT, kernel, site, mutation.name)) {
            (Some(_), None) if mutation.loses_values => row("wrong values".to_owned(), ""),
            (Some(detection), None) => row(detection.to_string(), ""),
            (None, Some(why)) => row("equivalent".to_owned(), why),
            // A trap cannot replace a constant.
            (None, None) => match load(&trap(source, site)) {
                Ok(trapped) if !battery.traps(&trapped) => wrong("no input reaches it".to_owned()),
                _ => wrong("it is undetected".to_owned()),
            },
            (Some(detection), Some(_)) => {
                wrong(format!("it is listed as equivalent and is detected: {detection}"))
            }
        }
    }
}

/// Exemptions whose site or mutation is gone.
fn stale_exemptions(subjects: &[Subject]) -> Vec<String> {
    let holds = |exempt: &Exempt| {
        subjects.iter().any(|subject| {
            subject.sites.iter().any(|(site, rule)| {
                let Rule::Mutate(mutations) = rule else { return false };
                let names = mutations.iter().map(|mutation| mutation.name);
                names.chain([ANY]).any(|name| exempt.is(subject.kernel, site, name))
            })
        })
    };
    let stale = UNREACHED.iter().chain(EQUIVALENT).filter(|exempt| !holds(exempt));
    stale
        .map(|Exempt { file, construct, .. }| {
            format!("{file} ({construct}): the exemption names nothing that is there")
        })
        .collect()
}
