//! Holds `docs/conformance.md` to the tests: every row of the protocol checklist is in the table,
//! and what the table calls proven has a test that says so with `/// Rows: F3, F4` directly above
//! it (in `tests/programs`, a comment with the same words). Ends with one line of sums.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The rows of each part: its letter, and the spans of their numbers.
const PARTS: [(char, &[(u32, u32)]); 7] = [
    ('A', &[(1, 50)]),
    ('B', &[(1, 24)]),
    ('C', &[(1, 22)]),
    ('D', &[(1, 26)]),
    ('E', &[(1, 23)]),
    ('F', &[(1, 25)]),
    ('G', &[(1, 5), (10, 12)]),
];
const LEVELS: [&str; 7] = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY", "INTEROP", "SEC"];
const TABLE: &str = "docs/conformance.md";
const MARKER: &str = "Rows:";

/// What the table says of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Pass,
    Deviation,
    NotApplicable,
    Open,
}

/// A line of the table.
struct Entry {
    status: Status,
    why: String,
}

/// Row id → the files, relative to `tests/`, that prove it.
type Proofs = BTreeMap<String, BTreeSet<String>>;

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut faults = Vec::new();
    let proofs = proofs(&root.join("tests"), &mut faults);
    let table = match fs::read_to_string(root.join(TABLE)) {
        Ok(text) => entries(&text, &mut faults),
        Err(error) => {
            faults.push(format!("{TABLE}: {error}"));
            BTreeMap::new()
        }
    };
    compare(&table, &proofs, &mut faults);
    for fault in &faults {
        println!("{fault}");
    }
    println!("{}", summary(&table, &proofs));
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Every row there is, in order.
fn rows() -> impl Iterator<Item = String> {
    PARTS.into_iter().flat_map(|(part, spans)| {
        spans.iter().flat_map(move |(first, last)| {
            (*first..=*last).map(move |number| format!("{part}{number}"))
        })
    })
}

fn is_row(id: &str) -> bool {
    rows().any(|row| row == id)
}

/// The lines of the table, by row.
fn entries(text: &str, faults: &mut Vec<String>) -> BTreeMap<String, Entry> {
    let mut table = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let at = format!("{TABLE}:{}", number + 1);
        let Some(line) = line.strip_prefix("| ") else { continue };
        let cells: Vec<&str> = line.trim_end_matches('|').split('|').map(str::trim).collect();
        let [id, level, requirement, status, why] = cells.as_slice() else {
            faults.push(format!("{at}: a line needs row, level, requirement, status and where"));
            continue;
        };
        if *id == "row" || id.starts_with("---") {
            continue;
        }
        if !is_row(id) {
            faults.push(format!("{at}: the checklist has no row {id}"));
            continue;
        }
        if !LEVELS.contains(level) || requirement.is_empty() {
            faults.push(format!("{at}: {id} needs a level and a requirement"));
        }
        let status = match *status {
            "pass" => Status::Pass,
            "deviation" => Status::Deviation,
            "not applicable" => Status::NotApplicable,
            "open" => Status::Open,
            other => {
                faults.push(format!("{at}: {id} has the status {other:?}"));
                continue;
            }
        };
        if why.is_empty() && status != Status::Open {
            faults.push(format!("{at}: {id} must say where it is shown, or why not"));
        }
        let entry = Entry { status, why: (*why).to_owned() };
        if table.insert((*id).to_owned(), entry).is_some() {
            faults.push(format!("{at}: {id} is there twice"));
        }
    }
    table
}

/// What the sources under `folder` say they prove.
fn proofs(folder: &Path, faults: &mut Vec<String>) -> Proofs {
    let mut proofs = Proofs::new();
    let mut files = Vec::new();
    collect(folder, &mut files);
    for file in files {
        let name = file.strip_prefix(folder).unwrap_or(&file).display().to_string();
        if name == "conformance.rs" {
            continue;
        }
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) => {
                faults.push(format!("tests/{name}: {error}"));
                continue;
            }
        };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(ids) = marker(line, &name) else { continue };
            let at = format!("tests/{name}:{}", number + 1);
            let rest = lines.get(number + 1..).unwrap_or_default();
            if name.ends_with(".rs") && !stands_above_a_function(rest) {
                faults.push(format!("{at}: the marker stands above no function"));
            }
            for id in ids.split(',').map(str::trim) {
                if is_row(id) {
                    proofs.entry(id.to_owned()).or_default().insert(name.clone());
                } else {
                    faults.push(format!("{at}: the checklist has no row {id:?}"));
                }
            }
        }
    }
    proofs
}

/// The rows that a line names, if it is a marker: a doc comment in Rust, a comment elsewhere.
fn marker<'a>(line: &'a str, file: &str) -> Option<&'a str> {
    let comments: &[&str] = if file.ends_with(".rs") { &["/// "] } else { &["# ", "// ", "* "] };
    comments.iter().find_map(|comment| line.strip_prefix(comment)?.strip_prefix(MARKER))
}

/// Whether only doc comments and attributes come before the next function.
fn stands_above_a_function(rest: &[&str]) -> bool {
    rest.iter()
        .find(|line| !line.starts_with("///") && !line.starts_with("#["))
        .is_some_and(|line| line.starts_with("fn ") || line.contains("async fn "))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "py" || kind == "mjs")
        {
            files.push(path);
        }
    }
}

fn compare(table: &BTreeMap<String, Entry>, proofs: &Proofs, faults: &mut Vec<String>) {
    for id in rows() {
        let Some(entry) = table.get(&id) else {
            faults.push(format!("{TABLE}: {id} is missing"));
            continue;
        };
        match (entry.status, proofs.get(&id)) {
            (Status::Pass, None) => {
                faults.push(format!("{TABLE}: {id} says pass, and no test says that it proves it"));
            }
            (Status::Open | Status::NotApplicable, Some(files)) => {
                let files: Vec<_> = files.iter().map(String::as_str).collect();
                faults.push(format!("{TABLE}: {id} is shown by {}; say so", files.join(", ")));
            }
            (Status::Pass | Status::Deviation, Some(files)) => {
                // `oauth/token.rs` in the last cell is a promise too.
                for named in entry.why.split('`').skip(1).step_by(2) {
                    let is_file = named.contains('/') && named.contains('.');
                    if is_file && !files.iter().any(|file| file.ends_with(named)) {
                        faults.push(format!("{TABLE}: {named} does not say that it proves {id}"));
                    }
                }
            }
            _ => {}
        }
    }
}

/// One line: how many rows tests show, by part, and what became of the others.
fn summary(table: &BTreeMap<String, Entry>, proofs: &Proofs) -> String {
    let has = |id: &String, status| table.get(id).is_some_and(|entry| entry.status == status);
    let count = |status| rows().filter(|id| has(id, status)).count();
    let shown = |id: &String| has(id, Status::Pass) && proofs.contains_key(id);
    let parts: Vec<String> = PARTS
        .iter()
        .map(|(part, _)| {
            let of_part: Vec<String> = rows().filter(|id| id.starts_with(*part)).collect();
            format!("{part} {}/{}", of_part.iter().filter(|id| shown(id)).count(), of_part.len())
        })
        .collect();
    format!(
        "checklist: {} of {} rows shown by tests ({}); {} deviations, {} not applicable, {} open",
        rows().filter(shown).count(),
        rows().count(),
        parts.join(", "),
        count(Status::Deviation),
        count(Status::NotApplicable),
        count(Status::Open),
    )
}
