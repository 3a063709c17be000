//! `topkit cache`: the compiled kernels on disk.

use crate::ui::exit::{Exit, Failure};
use crate::ui::report::{Report, bytes, count, table};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use topkit::Config;
use topkit::cache::{DiskCache, Entry, Unneeded, parse_size};

/// What to do with the kernels on disk.
#[derive(Debug, Clone, Copy, clap::Subcommand)]
pub enum Action {
    /// List them.
    Ls,
    /// Check every byte of every one. Exits with 1 when one is damaged.
    Verify,
    /// Remove damaged kernels, kernels of other versions' formats, and the least recently used beyond a
    /// size.
    Prune {
        /// The most to keep, like 500MB. [default: TOPKIT_CACHE_LIMIT, or 1GB]
        #[arg(long, value_name = "SIZE", value_parser = parse_size)]
        limit: Option<u64>,
        /// Remove nothing; only list the kernels that would be removed.
        #[arg(long)]
        dry_run: bool,
    },
    /// Remove all of them. They are compiled again when they are next needed.
    Clear,
}

/// Carries the action out.
pub fn cache(action: Action) -> Result<Report, Failure> {
    let config = Config::from_env();
    let disk = open(&config)?;
    match action {
        Action::Ls => list(&disk),
        Action::Verify => verify(&disk),
        Action::Prune { limit, dry_run } => prune(&disk, limit.or(config.cache_limit), dry_run),
        Action::Clear => clear(&disk),
    }
}

fn open(config: &Config) -> Result<DiskCache, Failure> {
    let root = config.cache_dir.as_ref().ok_or_else(|| {
        Failure::environment(
            "no kernel is kept on disk here: TOPKIT_CACHE is off, or this user has no cache \
             folder; set TOPKIT_CACHE=on and TOPKIT_CACHE_DIR to a folder",
        )
    })?;
    Ok(DiskCache::open(root)?)
}

fn list(disk: &DiskCache) -> Result<Report, Failure> {
    let entries = disk.entries()?;
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| {
            vec![
                entry.symbol.clone(),
                arch(entry).to_owned(),
                bytes(entry.bytes),
                format!("written {}", ago(entry.created)),
                format!("used {}", ago(entry.used)),
            ]
        })
        .collect();
    let total: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let text = table("llrrr", &rows)
        + &format!(
            "{}, {} in {}\n",
            count(entries.len(), "kernel"),
            bytes(total),
            disk.root().display()
        );
    let entries: Vec<_> = entries.iter().map(document).collect();
    Ok(Report::done(text, json!({ "folder": folder(disk), "bytes": total, "entries": entries })))
}

fn verify(disk: &DiskCache) -> Result<Report, Failure> {
    let checked = disk.verify()?;
    let bad: Vec<_> =
        checked.iter().filter_map(|c| Some((&c.entry, c.fault.as_deref()?))).collect();
    let mut text = String::new();
    for (entry, fault) in &bad {
        text += &format!("damaged: {}: {fault}\n", entry.path.display());
    }
    text += &format!("{} checked, {} damaged\n", count(checked.len(), "kernel"), bad.len());
    if !bad.is_empty() {
        text += "A damaged kernel is never used; it is compiled again when it is next needed.\n";
    }
    let entries: Vec<_> = checked
        .iter()
        .map(|checked| {
            let mut json = document(&checked.entry);
            json["fault"] = json!(checked.fault);
            json
        })
        .collect();
    Ok(Report {
        text,
        json: json!({ "folder": folder(disk), "damaged": bad.len(), "entries": entries }),
        exit: if bad.is_empty() { Exit::Done } else { Exit::CheckFailed },
    })
}

fn prune(disk: &DiskCache, limit: Option<u64>, dry_run: bool) -> Result<Report, Failure> {
    let pruned = disk.prune(limit, dry_run)?;
    let mut text = String::new();
    let mut removed = Vec::new();
    for (entry, why) in &pruned.removed {
        let why = match why {
            Unneeded::Damaged(reason) => format!("damaged: {reason}"),
            Unneeded::Foreign => "of another version's format".to_owned(),
            Unneeded::Unused => format!("least recently used, {}", ago(entry.used)),
            _ => "of no use".to_owned(),
        };
        text += &format!("{}: {why}\n", entry.path.display());
        let mut json = document(entry);
        json["why"] = json!(why);
        removed.push(json);
    }
    let freed: u64 = pruned.removed.iter().map(|(entry, _)| entry.bytes).sum();
    text += &format!(
        "{} {}, {} freed; {} of {} stay in {}\n",
        count(removed.len(), "kernel"),
        if dry_run { "would be removed" } else { "removed" },
        bytes(freed),
        count(pruned.kept, "kernel"),
        bytes(pruned.kept_bytes),
        disk.root().display()
    );
    let json = json!({
        "folder": folder(disk), "dry_run": dry_run, "limit": limit, "removed": removed,
        "bytes": freed, "kept": pruned.kept, "kept_bytes": pruned.kept_bytes,
    });
    Ok(Report::done(text, json))
}

fn clear(disk: &DiskCache) -> Result<Report, Failure> {
    let cleared = disk.clear()?;
    let text = format!(
        "{} removed, {} freed in {}\n",
        count(cleared.entries, "kernel"),
        bytes(cleared.bytes),
        disk.root().display()
    );
    let json = json!({
        "folder": folder(disk), "removed": cleared.entries, "bytes": cleared.bytes,
    });
    Ok(Report::done(text, json))
}

fn folder(disk: &DiskCache) -> String {
    disk.root().display().to_string()
}

fn arch(entry: &Entry) -> &str {
    entry.arch.as_deref().unwrap_or("?")
}

/// How long ago that was, in its largest unit.
fn ago(time: Option<SystemTime>) -> String {
    let Some(age) = time.and_then(|time| SystemTime::now().duration_since(time).ok()) else {
        return "?".to_owned();
    };
    let seconds = age.as_secs();
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

fn document(entry: &Entry) -> Value {
    let unix = |time: Option<SystemTime>| {
        let since = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        since.map(|since| since.as_secs())
    };
    json!({
        "path": entry.path.display().to_string(),
        "symbol": entry.symbol,
        "arch": entry.arch,
        "bytes": entry.bytes,
        "created_unix": unix(entry.created),
        "used_unix": unix(entry.used),
    })
}
