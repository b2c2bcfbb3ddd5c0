//! The house rules that a compiler does not know (ARCHITECTURE.md, DESIGN §7).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::support::programs;

/// The floors: a module may use its own floor's modules only if it is the same one, and any floor
/// below.
const SURFACES: [&str; 7] = ["console", "oauth", "mcp", "api", "cli", "jobs", "app"];
const BASIC: [&str; 5] = ["config", "error", "clock", "ids", "secrets"];
/// What belongs to no floor: the roof.
const ROOF: [&str; 2] = ["lib", "main"];

/// What a module may use besides itself and the basic ones.
fn may_use(module: &str, used: &str) -> bool {
    let below: &[&str] = match module {
        // The program and the route table bring everything together.
        "app" => &["console", "oauth", "mcp", "api", "web", "service", "store", "db", "domain"],
        "cli" => &["app", "jobs", "web", "service", "store", "db", "domain"],
        "console" | "oauth" | "mcp" | "api" | "jobs" => {
            &["web", "service", "store", "db", "domain"]
        }
        "web" => &["service", "store", "db", "domain"],
        "service" => &["store", "db", "domain"],
        "store" => &["db", "domain"],
        "db" => &[],
        "domain" => return ["clock", "ids", "secrets"].contains(&used),
        "error" => &[],
        "config" => &["db"],
        _ => &[],
    };
    below.contains(&used) || BASIC.contains(&used)
}

/// Every source file with its text.
fn sources(folder: &str, kind: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, kind: &str, found: &mut Vec<(PathBuf, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, kind, found);
            } else if path.extension().is_some_and(|extension| extension == kind) {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    walk(&root, kind, &mut found);
    found
}

/// The top module that a file of `src` belongs to.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = inside.components().next().unwrap().as_os_str().to_str().unwrap();
    first.trim_end_matches(".rs").to_owned()
}

/// The top modules that a text names after `crate::`, also in `use crate::{a, b::c}`; comments and
/// the tests inside the file apart.
fn used(text: &str) -> BTreeSet<String> {
    let code: String = text
        .split("#[cfg(test)]")
        .next()
        .unwrap()
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect();
    let mut modules = BTreeSet::new();
    for part in code.split("crate::").skip(1) {
        let names: Vec<&str> = match part.strip_prefix('{') {
            Some(list) => top_names(list),
            None => vec![part],
        };
        for name in names {
            let name: String =
                name.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            modules.insert(name);
        }
    }
    modules
}

/// The first names of a braced list, whatever is nested behind them.
fn top_names(list: &str) -> Vec<&str> {
    let (mut names, mut depth, mut start) = (Vec::new(), 0, 0);
    for (place, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => {
                names.push(&list[start..place]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names.push(&list[start..place]);
                start = place + 1;
            }
            _ => {}
        }
    }
    names
}

#[test]
fn arrows_point_down_only() {
    let files = sources("src", "rs");
    let modules: BTreeSet<String> = files.iter().map(|(path, _)| module_of(path)).collect();
    let mut wrong = Vec::new();
    for (path, text) in &files {
        let module = module_of(path);
        if ROOF.contains(&module.as_str()) {
            continue;
        }
        for used in used(text) {
            if modules.contains(&used) && used != module && !may_use(&module, &used) {
                wrong.push(format!("{}: {module} must not use {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(SURFACES.iter().filter(|surface| modules.contains(**surface)).count() >= 4);
}

#[test]
fn the_reader_of_arrows_sees_them() {
    let text = "use crate::{app, db::{Conn, x}};\nfn f() { crate::web::g() }\n// crate::cli\nuse crate::store::{self, users};";
    let names: Vec<_> = used(text).into_iter().collect();
    assert_eq!(names, ["app", "db", "store", "web"]);
    assert!(
        !may_use("domain", "store") && !may_use("store", "service") && !may_use("service", "web")
    );
    assert!(!may_use("web", "console") && !may_use("oauth", "mcp") && !may_use("domain", "error"));
}

#[test]
fn files_are_short() {
    for folder in ["src", "tests"] {
        for (path, text) in sources(folder, "rs") {
            // The list of tables grows with every table, and there is nothing in it to cut.
            if path.ends_with("db/schema.rs") {
                continue;
            }
            let lines = text.lines().count();
            assert!(lines <= 500, "{}: {lines} lines", path.display());
        }
    }
}

#[test]
fn nothing_is_allowed_silently_or_left_for_later() {
    // Put together here, or this file would be the first to break its rule.
    let marks = [
        ["allow", "("].concat(),
        ["TO", "DO"].concat(),
        ["FIX", "ME"].concat(),
        ["XX", "X"].concat(),
    ];
    for folder in ["src", "tests"] {
        for (path, text) in sources(folder, "rs") {
            for (number, line) in text.lines().enumerate() {
                for mark in &marks {
                    let is_attribute = line.contains("#[") || line.contains("#![");
                    assert!(
                        !line.contains(mark.as_str()) || mark.starts_with("allow") && !is_attribute,
                        "{}:{}: {line}",
                        path.display(),
                        number + 1
                    );
                }
            }
        }
    }
}

/// SQL of one backend is written in `db` only; the rest is the same for both.
#[test]
fn only_the_database_floor_knows_which_database_it_is() {
    for (path, text) in sources("src", "rs") {
        let module = module_of(&path);
        let code = text.split("#[cfg(test)]").next().unwrap();
        let knows =
            ["Conn::Sqlite", "Conn::Postgres", "sql_query("].iter().any(|mark| code.contains(mark));
        let is_test = path.ends_with("testing.rs") || path.ends_with("tests.rs");
        assert!(!knows || module == "db" || is_test || module == "cli", "{}", path.display());
    }
}

/// Time is injected; nobody asks the system but the clock (and what measures durations).
#[test]
fn only_the_clock_knows_the_time() {
    for (path, text) in sources("src", "rs") {
        let code = text.split("#[cfg(test)]").next().unwrap();
        let asks =
            ["Utc::now", "SystemTime::now", "Local::now"].iter().any(|mark| code.contains(mark));
        let is_log = path.ends_with("cli/log.rs");
        assert!(!asks || module_of(&path) == "clock" || is_log, "{}", path.display());
    }
}

/// Pages carry no code of their own: the content security policy would refuse it.
#[test]
fn templates_hold_no_inline_code() {
    for (path, text) in sources("templates", "html") {
        let lower = text.to_lowercase();
        for mark in [
            "<style",
            "style=\"",
            "javascript:",
            "onclick=",
            "onload=",
            "onerror=",
            "onsubmit=",
            "|safe",
            "http://",
            "https://",
        ] {
            assert!(!lower.contains(mark), "{}: {mark}", path.display());
        }
        for script in lower.split("<script").skip(1) {
            assert!(script.contains(" src="), "{}", path.display());
        }
    }
}

/// One rule for where other programs are looked for; `leftout` tells from the same table.
#[test]
fn every_program_of_the_suite_has_a_place_and_a_way_to_get_it() {
    for program in programs::PROGRAMS {
        assert!(!program.name.is_empty() && !program.install.is_empty());
        let found = (program.find)();
        let is_url = found.as_ref().is_some_and(|path| path.to_string_lossy().contains("://"));
        assert!(found.is_none_or(|path| is_url || path.exists()), "{}", program.name);
    }
    assert_eq!(programs::node().is_some(), programs::node_modules().is_some());
}
