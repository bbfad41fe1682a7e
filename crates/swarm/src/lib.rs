//! Who exists: Docker Swarm in, notifications out.
//!
//! The listener asks a Docker Engine which services carry the notify label and which nodes there are, remembers what it last
//! said about each of them, and tells every receiver what changed, over HTTP, until it is accepted or no longer true. Who asks is told which of
//! their tasks may get requests.
//!
//! Not here: what a parameter means, routes, certificates, the listener's own HTTP API, and the environment. A service is
//! a name and a flat map of [`model::Params`]; whoever receives the map reads meaning out of it.

mod backoff;
mod docker;
mod escape;
mod figures;
mod labels;
mod node;
mod node_info;
mod observation;
mod reason;
mod service;
mod settings;
mod task_list;

mod announce;
mod listener;
mod notify;

pub use docker::{DockerError, TlsFiles};
pub use figures::{Figures, Operation};
pub use listener::{Announced, Listener, News, StartError};
pub use notify::FINAL_REFUSAL;
pub use settings::{NodeInfo, Pace, Settings};
pub use task_list::{Address, Network, Remark, ServiceTasks, Task, TaskList};
