//! The program: settings, the one writer, the control API, and the roles that put them together.
//!
//! It wires the proxy, the listener and the model, and never decides where a request goes.

pub mod addresses;
pub mod api;
pub mod app;
pub mod bearer;
pub mod certificates;
pub mod check;
pub mod controller;
pub mod declared;
pub mod demo;
pub mod demo_service;
mod disk;
pub mod findings;
pub mod follow;
pub mod listener_api;
pub mod output;
pub mod peers;
pub mod ping;
pub mod readiness;
pub mod settings;
pub mod sharing;
pub mod silence;
pub mod state;
pub mod statistics;
pub mod status;
