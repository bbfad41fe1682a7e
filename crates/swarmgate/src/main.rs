//! The command line: which role to play.
//!
//! Not here: what a role does (`app`).

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use swarmgate::settings::{self, Variables};
use swarmgate::{app, check, demo, demo_service, output, ping};

/// The edge proxy that configures itself from a Docker Swarm.
#[derive(Parser)]
#[command(version, about, after_help = "All settings are variables of the environment: docs/settings.md.")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    #[command(flatten)]
    Play(Role),
    /// Say what labels mean to the proxy, and what is refused and why. The exit code is 0, 1 with warnings, or 2.
    Check(check::Arguments),
}

#[derive(Subcommand)]
enum Role {
    /// Serve the services that were announced.
    #[command(alias = "server")]
    Proxy,
    /// Follow a Swarm and announce its services.
    Listener,
    /// Both in one process, for a Swarm with a single manager.
    All,
    /// Serve a demo service on port 8000 and say what to try.
    Demo,
    /// Ask the program on this machine whether it is ready; for HEALTHCHECK.
    Ping,
    /// Be the demo service itself.
    DemoService {
        /// The port to listen on.
        #[arg(long, default_value_t = 8080)]
        port: u16,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let variables = Variables::of_process();
    let role = match Arguments::parse().task {
        Task::Check(arguments) => return check::run(&arguments, variables),
        Task::Play(role) => role,
    };
    match start(role, &variables).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("swarmgate: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn start(role: Role, variables: &Variables) -> anyhow::Result<()> {
    let log = output::start_log(variables.log())?;
    let end = play(role, variables).await;
    log.flush();
    end
}

async fn play(role: Role, variables: &Variables) -> anyhow::Result<()> {
    match role {
        Role::Proxy => app::run_proxy(settings::proxy(variables)?).await,
        Role::Listener => app::run_listener(settings::listener(variables)?).await,
        Role::All => app::run_all(settings::all(variables)?).await,
        Role::Demo => demo::run().await,
        Role::Ping => ping::run(&settings::ping(variables)?).await,
        Role::DemoService { port } => demo_service::run(port).await,
    }
}
