//! Takes away, one at a time, everything that orders threads in the templates, and shows that the
//! interpreter or the judge of answers finds each out. The table is a golden, `golden-mutants.md`.
//!
//! What the filters share with each other or with a kernel before them is mutated once, in the first
//! whose text has it and where every mutant can be found out; the row names that kernel. The kernels
//! that are no filters are each mutated whole.
//!
//! Sites are found in the rendered text, so that a new kernel joins by itself; a mutant is that text
//! with one site replaced, and nearly all mutants of a kernel are compiled as one text (`switch`). What
//! nobody finds out fails the test with its place, unless it stands in
//! `exempt`, and so does an exemption that no longer holds.

mod battery;
mod exempt;
mod filtered;
mod proof;
mod rules;
mod sites;
mod switch;
mod table;

use crate::case::interpreter;
use battery::{Battery, smallest};
use exempt::{ANY, EQUIVALENT, Exempt, UNREACHED, reason};
use expect_test::expect_file;
use rules::{Mutation, Rule, rule};
use sites::{Site, scan};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;
use table::{Row, table};
use topkit::interpret::{Interpreter, Kernel};
use topkit::{
    inspect::{RenderedSource, render},
    spec::KernelKind,
};
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
    /// Of the mutant in the subject's compiled text; none if it has to be compiled alone.
    number: Option<u32>,
}

#[test]
fn every_mutant_is_found_out() {
    let subjects = subjects();
    let folder = tempfile::tempdir().unwrap();
    let interpreter = interpreter().folder(folder.path()).steps(STEPS);
    std::thread::scope(|scope| {
        for Subject { source, battery, .. } in &subjects {
            let interpreter = &interpreter;
            scope.spawn(move || {
                let found = battery.finds_out(&interpreter.load(source).unwrap(), false);
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
                    let verdict = "not modelled".to_owned();
                    rows.push(Row::new(site, ANY, subject.kernel, verdict, why));
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
        let mut judged = Vec::new();
        while let Some(job) = { queue.lock().unwrap().next() } {
            let place = subjects.iter().position(|subject| std::ptr::eq(subject, job.subject));
            judged.push(job.judge(&interpreter, Some(&switched[place.unwrap()])));
        }
        judged
    };
    let judged: Vec<_> = std::thread::scope(|scope| {
        let workers = [(); WORKERS].map(|()| scope.spawn(work));
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    for judged in judged {
        match judged {
            Ok(row) => rows.push(row),
            Err(why) => wrong.push(why),
        }
    }
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {} mutants:\n{}", wrong.len(), jobs.len(), wrong.join("\n"));
    expect_file![tests_folder().join("golden-mutants.md")].assert_eq(&table(rows));
}

/// No block has a site that is in no kernel's text.
#[test]
fn every_site_of_the_templates_is_in_a_kernel() {
    let places = |text: &str| -> BTreeSet<(String, String)> {
        let sites = scan(text).into_iter().filter(|site| rule(site).is_some());
        sites.map(|site| (site.file, site.construct)).collect()
    };
    let rendered: BTreeSet<_> = KernelKind::ALL
        .iter()
        .flat_map(|&kernel| places(&render(&smallest(kernel)).unwrap().text))
        .collect();
    for (block, text) in blocks_of_templates() {
        for place in places(&format!("#line 1 \"templates/{block}\"\n{text}")) {
            assert!(rendered.contains(&place), "no kernel has {place:?}");
        }
    }
    assert!(rendered.len() > 20, "{rendered:?}");
}

fn tests_folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every kernel with the sites to mutate in it. A filter leaves out a shared block's sites that a
/// kernel before it shows in full.
fn subjects() -> Vec<Subject> {
    let mut before = BTreeSet::new();
    let all = KernelKind::ALL.iter().map(|&kernel| {
        let mut subject = subject(kernel);
        if kernel.filters() {
            subject.sites.retain(|(site, _)| {
                site.file.starts_with("templates/kernels/") || !before.contains(&site.key())
            });
        }
        let proven =
            subject.sites.iter().filter(|(site, rule)| !exempted(subject.kernel, site, rule));
        before.extend(proven.map(|(site, _)| site.key()));
        subject
    });
    all.collect()
}

/// Whether this kernel shows less of a site than all.
fn exempted(kernel: &str, site: &Site, rule: &Rule) -> bool {
    let Rule::Mutate(mutations) = rule else { return false };
    reason(UNREACHED, kernel, site, ANY).is_some()
        || mutations.iter().any(|one| reason(EQUIVALENT, kernel, site, one.name).is_some())
}

fn subject(kernel: KernelKind) -> Subject {
    let variant = smallest(kernel);
    let source = render(&variant).unwrap();
    let sites = scan(&source.text);
    let sites = sites.into_iter().filter_map(|site| rule(&site).map(|rule| (site, rule))).collect();
    Subject { kernel: kernel.name(), source, battery: Battery::of(&variant), sites }
}

/// The text that is every numbered mutant of a kernel.
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
    /// The row of the table, or what is wrong.
    /// A mutant with a number is judged by the text of all of them.
    fn judge(&self, interpreter: &Interpreter, switched: Option<&Kernel>) -> Result<Row, String> {
        switch::as_mutant(self.number.unwrap_or(0), || {
            self.judge_meant(interpreter, switched.filter(|_| self.number.is_some()))
        })
    }

    fn judge_meant(
        &self,
        interpreter: &Interpreter,
        switched: Option<&Kernel>,
    ) -> Result<Row, String> {
        let Job { subject: Subject { kernel, source, battery, .. }, site, mutation, .. } = self;
        let row =
            |verdict: String, reason| Ok(Row::new(site, mutation.name, kernel, verdict, reason));
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
                _ => wrong("it stands among the unreached and is reached".to_owned()),
            };
        }
        let found = battery.finds_out(&loaded, mutation.loses_values);
        match (found, reason(EQUIVALENT, kernel, site, mutation.name)) {
            (Some(_), None) if mutation.loses_values => row("wrong values".to_owned(), ""),
            (Some(verdict), None) => row(verdict.to_string(), ""),
            (None, Some(why)) => row("equivalent".to_owned(), why),
            // A constant has no place to trap in.
            (None, None) => match load(&trap(source, site)) {
                Ok(trapped) if !battery.traps(&trapped) => wrong("no input comes there".to_owned()),
                _ => wrong("nobody finds it out".to_owned()),
            },
            (Some(verdict), Some(_)) => {
                wrong(format!("it stands among the equivalent and is found out: {verdict}"))
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
