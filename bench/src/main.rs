//! bench: what a request costs through swarmgate, HAProxy and nginx, in turn in one run, as ratios.
//!
//! A program to run by hand and to read, never a test: machines differ, and a shared one differs from itself.

mod api;
mod arena;
mod backend;
mod compare;
mod figures;
mod http;
mod idle;
mod load;
mod measure;
mod peers;
mod reconfigure;
mod relay;
mod table;
mod tls;
mod workload;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::Parser;
use signal_hook::consts::{SIGINT, SIGTERM};

use arena::Arena;
use compare::{Comparison, Setup};
use idle::{IDLES, IdleCost};
use peers::Kind;
use reconfigure::{RECONFIGURES, Timing};
use tls::{Certificate, Key};
use workload::WORKLOADS;

/// What was measured so far.
#[derive(Default)]
struct Measured {
    comparisons: Vec<Comparison>,
    timings: Vec<Timing>,
    idle: Vec<IdleCost>,
}

/// What a request costs through swarmgate, HAProxy and nginx.
#[derive(Parser)]
struct Args {
    /// small, small-json, 16k, 1m, close, tls, tls-close, tls-close-ecdsa, h2, services-1000, services-10000, flat, reconfigure,
    /// reconfigure-10000, idle, idle-tls [default: all]
    workloads: Vec<String>,
    /// Rounds per workload; every proxy runs once in each [default: 9 where a limit is near, else 3]
    #[arg(long)]
    rounds: Option<usize>,
    /// Seconds that each proxy is measured in a round.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// The program to measure.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/release/swarmgate"))]
    swarmgate: PathBuf,
    /// Another build of it, to be measured in turn with it: what a change costs.
    #[arg(long)]
    before: Option<PathBuf>,
    /// Also measure a bare TCP relay: no proxy can cost less.
    #[arg(long)]
    relay: bool,
    /// The core the proxies run on.
    #[arg(long, default_value_t = 0)]
    proxy_core: usize,
    /// The core load and backend run on.
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Be the bare relay.
    #[arg(long, hide = true, num_args = 2, value_names = ["PORT", "BACKEND"])]
    as_relay: Option<Vec<u16>>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    if let Some([port, backend]) = args.as_relay.as_deref() {
        relay::run(*port, *backend)?;
    }
    pin_self(args.load_core)?;
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    run(&args, &mut Arena::new(interrupted)?)
}

fn run(args: &Args, arena: &mut Arena) -> Result<ExitCode> {
    let wanted = wanted(args)?;
    let setup = setup(args)?;
    println!("{}\n", headline(&setup)?);
    let mut measured = Measured::default();
    let ended = measure_all(arena, &setup, &wanted, &mut measured);
    // What was measured before something went wrong is worth reading all the same.
    let Measured { comparisons, timings, idle } = &measured;
    let figures = figures::all(comparisons, timings, idle);
    if !figures.is_empty() {
        println!("{}", figures::table(&figures));
    }
    if comparisons.iter().any(|comparison| comparison.workload.against == Kind::Haproxy) {
        println!("{}", table::ratios(comparisons, &setup.kinds));
    }
    if !comparisons.is_empty() {
        println!("{}", table::details(comparisons));
    }
    if !timings.is_empty() {
        println!("{}", table::timings(timings));
    }
    if !idle.is_empty() {
        println!("{}", table::idle(idle));
    }
    let doubts = table::doubts(comparisons, timings);
    doubts.iter().for_each(|doubt| println!("**NOT TO BE BELIEVED** {doubt}"));
    ended?;
    Ok(if doubts.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure_all(arena: &mut Arena, setup: &Setup, wanted: &[&str], measured: &mut Measured) -> Result<()> {
    let with_swarmgate = setup.kinds.contains(&Kind::Swarmgate);
    for workload in WORKLOADS.iter().filter(|workload| wanted.contains(&workload.name)) {
        eprintln!("{} …", workload.name);
        if !with_swarmgate && (workload.log || workload.against == Kind::Single) {
            continue;
        }
        if workload.log && !compare::writes_log(arena, setup)? {
            println!(
                "**{} is left out**: this swarmgate writes no line about a request with ACCESS_LOG=json\n",
                workload.name
            );
            continue;
        }
        measured.comparisons.push(compare::compare(arena, setup, workload)?);
    }
    for what in RECONFIGURES.iter().filter(|what| with_swarmgate && wanted.contains(&what.name)) {
        eprintln!("{} …", what.name);
        measured.timings.push(reconfigure::time(arena, setup, what)?);
    }
    for idle in IDLES.iter().filter(|idle| wanted.contains(&idle.name)) {
        eprintln!("{} …", idle.name);
        idle::measure(arena, setup, idle, &mut measured.idle)?;
    }
    Ok(())
}

/// The names of the workloads to run; all when none was named.
fn wanted(args: &Args) -> Result<Vec<&str>> {
    let timed = RECONFIGURES.iter().map(|one| one.name);
    let all: Vec<&str> =
        WORKLOADS.iter().map(|one| one.name).chain(timed).chain(IDLES.iter().map(|one| one.name)).collect();
    if let Some(unknown) = args.workloads.iter().find(|name| !all.contains(&name.as_str())) {
        bail!("no workload {unknown}; there are {}", all.join(", "));
    }
    let named = args.workloads.iter().map(String::as_str).collect::<Vec<_>>();
    Ok(if named.is_empty() { all } else { named })
}

fn setup(args: &Args) -> Result<Setup> {
    ensure!(args.rounds != Some(0) && args.seconds > 0.0, "a run needs at least one round of some length");
    ensure!(args.proxy_core != args.load_core, "proxy and load need a core each");
    let mut kinds = vec![Kind::Swarmgate, Kind::Haproxy, Kind::Nginx];
    kinds.extend(args.before.is_some().then_some(Kind::Before));
    if args.relay {
        kinds.push(Kind::Relay);
    }
    let swarmgate = args.swarmgate.canonicalize().unwrap_or_default();
    if !swarmgate.is_file() {
        println!(
            "**swarmgate is left out**: there is no {}; build it first, or name it with --swarmgate\n",
            args.swarmgate.display()
        );
        kinds.remove(0);
    }
    Ok(Setup {
        swarmgate,
        before: args.before.clone(),
        certificates: [Certificate::make(Key::Rsa)?, Certificate::make(Key::Ecdsa)?],
        kinds,
        core: args.proxy_core,
        rounds: args.rounds,
        length: Duration::from_secs_f64(args.seconds),
    })
}

/// Load and backend stay off the proxy's core, with every thread they will ever start.
fn pin_self(core: usize) -> Result<()> {
    let me = std::process::id().to_string();
    let output = Command::new("/usr/bin/taskset").args(["-a", "-p", "-c", &core.to_string(), &me]).output();
    let output = output.context("cannot run taskset (Debian: util-linux)")?;
    ensure!(output.status.success(), "cannot run on core {core}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}

/// What was run on what, in one line.
fn headline(setup: &Setup) -> Result<String> {
    let read = |file| fs::read_to_string(file).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let mut versions = Vec::new();
    for kind in &setup.kinds {
        versions.push(format!("{} {}", kind.name(), peers::version(*kind, &setup.swarmgate)?));
    }
    Ok(format!(
        "{}; kernel {}, {}; median of {} interleaved rounds of {:?} each; \
         proxy pinned to one core, load and backend to another.",
        versions.join(", "),
        read("/proc/sys/kernel/osrelease").trim(),
        cpu.trim_start_matches([' ', '\t', ':']),
        setup.rounds.map_or("3 or 9".to_owned(), |rounds| rounds.to_string()),
        setup.length,
    ))
}
