//! The promises about change, failure and scarcity, kept by the real program: a process of its own, with real servers and real signals.
//!
//! Without an argument each promise is held for seconds; `--long` takes minutes and the figures of the promise, and `--soak=<seconds>` says how
//! long the soak is. Other arguments name the promises to run by a part of their names: `cargo test --test endurance -- --long r4 r6`.
//! The promises run one after another, because they measure. Each request is accounted for: answered whole with its own body, or lost.
//! Not here: what a single message becomes (`tests/it`).

mod harness;

#[allow(dead_code, reason = "these tests need a part of it")]
#[path = "../../../proxy/src/resolve/tests/dns.rs"]
mod dns;

/// The fake Docker Engine of the crate `swarm`, and the HTTP that it speaks.
#[allow(dead_code, reason = "the tests of that crate need more of it")]
#[path = "../../../swarm/tests/it/docker.rs"]
mod docker;
#[path = "../../../swarm/tests/it/http.rs"]
mod http;

mod promises;

use harness::{Run, Tally, raise_descriptors};
use std::future::Future;
use std::io::{Write as _, stdout};
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a promise says how far it is.
const PROGRESS: Duration = Duration::from_secs(5);

/// A promise being held; its figures, or what broke it.
pub(crate) type Holding = Pin<Box<dyn Future<Output = anyhow::Result<String>>>>;

/// A promise.
pub(crate) struct Promise {
    pub(crate) name: &'static str,
    pub(crate) hold: fn(Run) -> Holding,
}

/// What the command line says.
struct Asked {
    long: bool,
    soak: Duration,
    /// Parts of the names of promises; none: all.
    names: Vec<String>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    if let [serve, address] = arguments.as_slice()
        && serve == harness::SERVE
    {
        return match runtime().block_on(harness::serve_alone(address)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{address}: {error:#}");
                ExitCode::FAILURE
            }
        };
    }
    let asked = Asked::of(&arguments);
    let descriptors = raise_descriptors().expect("the limit of descriptors can be raised");
    let promises: Vec<_> = promises::all().into_iter().filter(|promise| asked.wants(promise)).collect();
    println!("\nrunning {} tests", promises.len());
    let began = Instant::now();
    let (mut passed, mut failed) = (0, 0);
    for promise in &promises {
        match runtime().block_on(run(promise, &asked, descriptors)) {
            true => passed += 1,
            false => failed += 1,
        }
    }
    let (verdict, took) = (if failed == 0 { "ok" } else { "FAILED" }, began.elapsed().as_secs_f64());
    println!(
        "\ntest result: {verdict}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out; finished in {took:.2}s\n"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Holds one promise and prints its figures.
async fn run(promise: &Promise, asked: &Asked, descriptors: usize) -> bool {
    let tally = Arc::new(Tally::default());
    let run = Run { long: asked.long, soak: asked.soak, descriptors, tally: Arc::clone(&tally) };
    let began = Instant::now();
    let mut holding = (promise.hold)(run);
    let mut progress = tokio::time::interval_at((began + PROGRESS).into(), PROGRESS);
    let outcome = loop {
        tokio::select! {
            outcome = &mut holding => break outcome,
            _ = progress.tick() => println!("  ... {}, {:.0} s: {tally}", promise.name, began.elapsed().as_secs_f64()),
        }
    };
    let took = began.elapsed().as_secs_f64();
    match &outcome {
        Ok(figures) => println!("test {} ... ok ({took:.1} s): {figures}", promise.name),
        Err(why) => println!("test {} ... FAILED ({took:.1} s): {why:#}", promise.name),
    }
    // A failure to show progress early is no reason to stop.
    let _ = stdout().flush();
    outcome.is_ok()
}

/// What happens soon, as the fake Docker Engine waits for it.
async fn soon<T>(what: &str, event: impl Future<Output = T>) -> T {
    harness::soon(what, event).await.expect("it happens")
}

impl Asked {
    fn of(arguments: &[String]) -> Asked {
        let soak = arguments.iter().find_map(|argument| argument.strip_prefix("--soak=")?.parse().ok());
        Asked {
            long: arguments.iter().any(|argument| argument == "--long"),
            soak: Duration::from_secs(soak.unwrap_or(300)),
            names: arguments.iter().filter(|argument| !argument.starts_with('-')).cloned().collect(),
        }
    }

    fn wants(&self, promise: &Promise) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| promise.name.contains(name.as_str()))
    }
}
