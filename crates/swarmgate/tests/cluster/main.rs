//! What becomes of routes and requests when a Swarm of four nodes changes, fails and heals: real Engines, our own images.
//!
//! `scripts/cluster run` brings the nodes up and names their folder in `CLUSTER`; `scripts/test` sees to it. The scenes are
//! played one after another on the same Swarm, and visitors ask for its services all the while, from beside each replica of
//! the proxy. Each request is judged, and counted with the scene that it was sent in. An argument plays only the scenes whose
//! names contain it; `--long` adds those that take minutes.
//! Not here: faults of Docker's API that a real Engine does not show on demand (`crates/swarm/tests/it`).

mod clients;
mod figures;
mod guest;
mod node;
mod scenes;
mod stage;
mod talk;
mod visitor;
mod ways;

use crate::{scenes::Scene, stage::Stage};
use std::{process::ExitCode, time::Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == guest::GUEST) {
        return guest::run();
    }
    let long = arguments.iter().any(|argument| argument == "--long");
    let asked: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let wanted = |scene: &Scene| asked.is_empty() || asked.iter().any(|part| scene.name.contains(part.as_str()));
    let scenes: Vec<Scene> = scenes::all().into_iter().filter(|scene| (long || !scene.long) && wanted(scene)).collect();
    println!("\nrunning {} tests", scenes.len());
    let began = Instant::now();
    let passed = play_all(&scenes);
    let failed = scenes.len() - passed;
    println!(
        "\ntest result: {}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in {:.2}s\n",
        if failed == 0 { "ok" } else { "FAILED" },
        began.elapsed().as_secs_f64()
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Sets the stage and plays the scenes; how many passed. A stage that cannot be set fails every scene.
fn play_all(scenes: &[Scene]) -> usize {
    let began = Instant::now();
    let mut stage = match Stage::set() {
        Ok(stage) => stage,
        Err(why) => {
            println!("test the stage ... FAILED\n\n{}\n\n{}", reasons(&why), stage::report());
            return 0;
        }
    };
    println!("the stage is set in {:.1} s", began.elapsed().as_secs_f64());
    scenes.iter().filter(|scene| play(scene, &mut stage)).count()
}

/// Plays one scene and prints its figures; after a failure also what the Swarm knows about it.
fn play(scene: &Scene, stage: &mut Stage) -> bool {
    println!("scene {} ...", scene.name);
    let began = Instant::now();
    let played = stage.ready().and_then(|()| (scene.play)(stage));
    // Whatever became of it, the next one begins with everything that is still there.
    let asked = stage.close();
    let settled = stage.settles();
    let took = began.elapsed().as_secs_f64();
    match played.and(asked).and_then(|asked| settled.map(|()| asked)) {
        Ok(asked) => println!("test {} ... ok ({took:.1} s): {asked}", scene.name),
        Err(why) => {
            println!("test {} ... FAILED ({took:.1} s)\n\n{}\n\n{}", scene.name, reasons(&why), stage::report());
            return false;
        }
    }
    true
}

/// An error and what led to it, a line each and without a backtrace: these tests fail in Docker, not in a stack.
fn reasons(why: &anyhow::Error) -> String {
    why.chain().map(ToString::to_string).collect::<Vec<_>>().join("\n  because ")
}
