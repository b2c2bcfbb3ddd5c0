//! Every command in the manual: ours are run, or at least parsed by the program itself; those of
//! others are listed here with why they are not run.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use super::blocks::{Block, all};
use crate::support::fixture::stores_csv;
use crate::support::process::command;

/// Commands of other programs, and why no test runs them.
const OF_OTHERS: [(&str, &str); 17] = [
    ("cargo", "builds the program that runs here"),
    ("install", "writes to folders of the system"),
    ("useradd", "needs root"),
    ("systemctl", "needs systemd as init; the unit is checked below where systemd is installed"),
    ("journalctl", "needs systemd as init"),
    ("pg_dump", "needs the operator's database"),
    ("pg_restore", "needs the operator's database"),
    ("curl", "asks a running server; tests/suite/api makes the same requests"),
    ("openssl", "makes a secret inside another command"),
    (
        "claude",
        "a client's own program; the console's tab has the same words, and tests of its own",
    ),
    ("codex", "likewise"),
    ("gemini", "likewise"),
    ("code", "likewise"),
    ("npx", "likewise"),
    ("gzip", "is run inside a command of ours"),
    ("cp", "is run"),
    ("rm", "is run"),
];
/// Languages that are no commands; what of them can be checked is checked below.
const NO_COMMANDS: [&str; 7] = ["json", "toml", "ini", "nginx", "caddy", "yaml", "text"];

/// The command lines of a block: continued lines joined, comments dropped.
fn lines(block: &Block) -> Vec<String> {
    let joined = block.text.replace("\\\n", " ");
    let lines = joined.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned).collect()
}

/// The words of each command in a line as the shell takes it apart: at pipes and redirections,
/// with quotes removed and variables set before a command dropped.
fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut all, mut words) = (Vec::new(), Vec::new());
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (Some(_), _) => word.get_or_insert_default().push(letter),
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '|') => {
                words.extend(word.take());
                all.push(std::mem::take(&mut words));
            }
            (None, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    all.push(words);
    for words in &mut all {
        let redirected =
            words.iter().position(|word| word.starts_with('>') || word.starts_with('<'));
        words.truncate(redirected.unwrap_or(words.len()));
        while words.first().is_some_and(|word| word.contains('=') && !word.starts_with('-')) {
            words.remove(0);
        }
    }
    all
}

#[test]
fn the_reader_of_commands_takes_them_apart_as_a_shell_does() {
    let read = commands("A=\"x y\" portcullis user create --name \"Ann Lee\" | gzip -9 > file");
    assert_eq!(
        read,
        [vec!["portcullis", "user", "create", "--name", "Ann Lee"], vec!["gzip", "-9"]]
    );
}

#[test]
fn every_block_says_what_it_is() {
    for block in all() {
        let language = block.language();
        let is_known = language == "sh" || NO_COMMANDS.contains(&language);
        assert!(is_known, "{}: a block of “{}”", block.at, block.kind);
        assert!(
            !block.kind.contains("run") || block.kind == "sh run",
            "{}: {}",
            block.at,
            block.kind
        );
    }
}

#[test]
fn every_command_of_ours_is_one_that_the_program_takes() {
    let mut seen = BTreeSet::new();
    for block in all().iter().filter(|block| block.language() == "sh") {
        for words in lines(block).iter().flat_map(|line| commands(line)) {
            let program = words.first().unwrap().as_str();
            if program == "portcullis" {
                let parsed = portcullis::cli::command_line().try_get_matches_from(&words);
                assert!(parsed.is_ok(), "{}: {words:?}: {}", block.at, parsed.unwrap_err());
                seen.insert(words.get(1).cloned().unwrap_or_default());
            } else {
                let is_listed =
                    OF_OTHERS.iter().any(|(name, _)| *name == program) || program == "echo";
                assert!(
                    is_listed,
                    "{}: {program} is not listed above with why it is not run",
                    block.at
                );
            }
        }
    }
    let there: Vec<_> = portcullis::cli::command_line()
        .get_subcommands()
        .map(|one| one.get_name().to_owned())
        .collect();
    let silent: Vec<_> =
        there.iter().filter(|name| !seen.contains(*name) && *name != "help").collect();
    assert!(silent.is_empty(), "the manual has no example of {silent:?}");
}

#[test]
fn what_is_listed_as_not_run_is_in_the_manual() {
    let text: String = all().iter().map(|block| block.text.clone()).collect();
    for (program, _) in OF_OTHERS {
        assert!(text.contains(program), "{program} is listed for nothing");
    }
}

/// The blocks marked `sh run`, page by page, in their order, in one folder for each page.
#[actix_web::test]
async fn what_is_marked_is_run() {
    let blocks = all();
    let pages: BTreeSet<&str> = blocks.iter().map(|block| block.page).collect();
    let mut ran = 0;
    for page in pages {
        let marked = blocks.iter().filter(|block| block.page == page && block.kind == "sh run");
        let marked: Vec<_> = marked.map(|block| (block.at.clone(), block.text.clone())).collect();
        if marked.is_empty() {
            continue;
        }
        ran += marked.len();
        actix_web::rt::task::spawn_blocking(move || run_page(page, &marked)).await.unwrap();
    }
    assert!(ran >= 8, "{ran}");
}

fn run_page(page: &str, blocks: &[(String, String)]) {
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    // The page about running the server makes its own first person.
    if page != "operate" {
        let ann = "echo 'correct horse battery staple' | portcullis user create ann@example.com --name Ann --password-stdin";
        assert!(shell(folder.path(), ann).output().unwrap().status.success());
    }
    for (at, text) in blocks {
        let output = shell(folder.path(), text).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{at}: {text}\n{told}");
    }
}

/// What the commands are about: somebody, and files to import.
fn prepare(folder: &Path) {
    let lines = stores_csv();
    std::fs::write(folder.join("stores.csv"), &lines).unwrap();
    let store = r#"{"domain":"one.example.com","country":"DE"}"#;
    std::fs::write(folder.join("stores.jsonl"), format!("{store}\n")).unwrap();
    let contact = "external_id,store_domain,email\nc1,one.example.com,ann@one.example.com\n";
    std::fs::write(folder.join("contacts.csv"), contact).unwrap();
}

/// A shell in the folder that stops at the first failure, also in a pipe, and finds our program.
fn shell(folder: &Path, text: &str) -> Command {
    let ours = command(folder);
    let mut shell = Command::new("bash");
    shell.args(["-euo", "pipefail", "-c", text]).current_dir(folder);
    for (name, value) in ours.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let program = Path::new(env!("CARGO_BIN_EXE_portcullis")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    shell.env("PATH", format!("{}:{path}", program.display()));
    shell
}

#[test]
fn what_is_meant_as_json_or_toml_is_that() {
    for block in all() {
        match block.language() {
            "json" => {
                let read = serde_json::from_str::<serde_json::Value>(&block.text);
                assert!(read.is_ok(), "{}: {read:?}", block.at);
            }
            "toml" => assert!(block.text.parse::<toml::Table>().is_ok(), "{}", block.at),
            _ => {}
        }
    }
}

/// The example of a configuration file has keys and values that the program takes.
#[test]
fn the_configuration_file_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let block =
        all().into_iter().find(|block| block.page == "operate" && block.language() == "toml");
    let file = folder.path().join("portcullis.toml");
    // Nothing may be written outside the folder.
    let text = block.unwrap().text.replace("/var/lib/portcullis", folder.path().to_str().unwrap());
    std::fs::write(&file, text).unwrap();
    let loaded = portcullis::config::load(Some(&file), std::iter::empty()).unwrap();
    assert_eq!(loaded.config.public_url, "https://gate.example.com");
}

/// Configurations of other programs are checked by these programs where they are installed.
#[test]
fn configurations_of_others_pass_their_own_check() {
    for block in all() {
        let folder = tempfile::tempdir().unwrap();
        let check = |program: &str, name: &str, text: &str, arguments: &[&str]| {
            let file = folder.path().join(name);
            std::fs::write(&file, text).unwrap();
            let Ok(output) = Command::new(program).args(arguments).arg(&file).output() else {
                return;
            };
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{}: {told}", block.at);
        };
        match block.language() {
            "caddy" => check(
                "caddy",
                "Caddyfile",
                &block.text,
                &["validate", "--adapter", "caddyfile", "--config"],
            ),
            "nginx" => {
                // Certificates are the operator's; without them the rest is checked all the same.
                let server: String = block
                    .text
                    .lines()
                    .filter(|line| !line.contains("ssl"))
                    .map(|line| format!("{line}\n"))
                    .collect();
                check(
                    "nginx",
                    "nginx.conf",
                    &format!("events {{}}\nhttp {{\n{server}}}\n"),
                    &["-t", "-q", "-c"],
                );
            }
            "ini" => {
                let ours = env!("CARGO_BIN_EXE_portcullis");
                let unit = block
                    .text
                    .replace("/usr/local/bin/portcullis", ours)
                    .replace("User=portcullis", "User=nobody");
                check("systemd-analyze", "portcullis.service", &unit, &["verify", "--man=no"]);
            }
            _ => {}
        }
    }
}
