//! The user's tutorial on a real Docker Swarm with our own images, section by section and with the tutorial's own commands.
//!
//! Not a test of details: what a single answer looks like is settled by faster tests elsewhere. Here the listener, the
//! proxy and Docker itself must agree. The Swarm is shared, so the sections run one after another; each begins with only the
//! proxy and its listener running. The numbers in the names are those of the compatibility list.
//!
//! It needs an Engine that answers to the `docker` command, the images of `scripts/image`, and `curl`, `openssl` and `nsenter`;
//! `scripts/test` sees to all of them. A first argument runs only the sections that contain it.

mod command;
mod desk;
mod interrupt;
mod logs;
mod replica;
mod sections;
mod swarm;
mod visit;

use std::{
    io::{Write, stdout},
    process::ExitCode,
    time::Instant,
};

use crate::{interrupt::Interrupt, sections::Section, swarm::Swarm};

fn main() -> ExitCode {
    let filter = std::env::args().nth(1).filter(|first| !first.starts_with('-')).unwrap_or_default();
    let sections: Vec<Section> = sections::all().into_iter().filter(|(name, _)| name.contains(&filter)).collect();
    println!("\nrunning {} tests", sections.len());
    let began = Instant::now();
    let (passed, failed) = run_all(&sections);
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2}s\n",
        began.elapsed().as_secs_f64()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sets the stage, runs the sections and clears everything away. A stage that cannot be set fails every section.
fn run_all(sections: &[Section]) -> (usize, usize) {
    let interrupt = Interrupt::listen();
    let swarm = match Swarm::enter(&interrupt) {
        Ok(swarm) => swarm,
        Err(why) => {
            println!("test the stage ... FAILED\n\n{}", reasons(&why));
            return (0, sections.len());
        }
    };
    let mut passed = 0;
    if run("the stage", &swarm, sections::set_the_stage) {
        passed = sections.iter().filter(|(name, section)| !interrupt.came() && run(name, &swarm, *section)).count();
    }
    if let Err(why) = swarm.leave() {
        println!("could not clear the Swarm away: {}", reasons(&why));
        return (0, sections.len());
    }
    (passed, sections.len() - passed)
}

/// Runs one section and prints its outcome; after a failure also what the Swarm knows about it.
fn run(name: &str, swarm: &Swarm<'_>, section: fn(&Swarm<'_>) -> anyhow::Result<()>) -> bool {
    print!("test {name} ... ");
    // A failure to show progress early is no reason to stop.
    let _ = stdout().flush();
    let began = Instant::now();
    let outcome = swarm.clear().and_then(|()| section(swarm));
    let took = began.elapsed().as_secs_f64();
    match &outcome {
        Ok(()) => println!("ok ({took:.1} s)"),
        Err(why) => println!("FAILED ({took:.1} s)\n\n{}\n\n{}", reasons(why), swarm.report()),
    }
    outcome.is_ok()
}

/// An error and what led to it, a line each and without a backtrace: these tests fail in Docker, not in a stack.
fn reasons(why: &anyhow::Error) -> String {
    why.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n  because ")
}
