//! Says in one line which parts of the suite could not run here and how to get what they need.
//! With `PORTCULLIS_TEST_REQUIRE=all` anything missing is a failure: continuous integration runs
//! everything or is red.

use std::process::ExitCode;

#[expect(dead_code, reason = "the suite uses the rest")]
#[path = "suite/support/programs.rs"]
mod programs;

fn main() -> ExitCode {
    let missing: Vec<String> = programs::PROGRAMS
        .iter()
        .filter(|program| (program.find)().is_none())
        .map(|program| format!("{} ({})", program.name, program.install))
        .collect();
    if missing.is_empty() {
        println!("nothing left out");
        return ExitCode::SUCCESS;
    }
    println!("left out: {}", missing.join(", "));
    if std::env::var("PORTCULLIS_TEST_REQUIRE").is_ok_and(|required| required == "all") {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
