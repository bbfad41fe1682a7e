//! Who is followed: the listeners elsewhere, which are asked, and the one of this process, which is heard.
//!
//! Not here: what is done with what they say (`follow`).

use super::vital::Vital;
use crate::certificates::Certificates;
use crate::follow::beside::Beside;
use crate::follow::tasks::TaskFollower;
use crate::follow::{Asks, Follower, Source};
use crate::settings::ProxySettings;
use crate::status::Status;
use swarm::Listener;
use tokio::task::JoinSet;

/// What those who follow need.
pub(super) struct Following<'s> {
    pub(super) settings: &'s ProxySettings,
    /// The listener of this process.
    pub(super) beside: Option<&'s Listener>,
    pub(super) status: &'s Status,
    pub(super) certificates: &'s Certificates,
    pub(super) client: &'s reqwest::Client,
}

impl Following<'_> {
    /// Starts all of them.
    pub(super) fn start(self, (tasks, vital): (&mut JoinSet<()>, &mut Vital), asks: Asks) {
        vital.spawn("asks the listeners for services", self.follower(asks).run());
        tasks.spawn(self.status.readiness.clone().tell_late());
        if let Some(listener) = self.beside {
            let beside = Beside {
                announced: listener.announced(),
                id: listener.id(),
                controller: self.status.controller.clone(),
                certificates: self.certificates.clone(),
                readiness: self.status.readiness.clone(),
            };
            vital.spawn("hears the listener of this process", beside.run());
        }
        let of_tasks = TaskFollower {
            listeners: self.settings.listeners.clone(),
            beside: self.beside.map(Listener::task_list),
            client: self.client.clone(),
            resolver: self.status.resolver.clone(),
            board: self.status.board.clone(),
        };
        vital.spawn("asks the listeners for tasks", of_tasks.run());
    }

    fn follower(&self, asks: Asks) -> Follower {
        let elsewhere = self.settings.listeners.iter().cloned().map(Source::Elsewhere);
        Follower {
            listeners: self.beside.cloned().map(Source::Beside).into_iter().chain(elsewhere).collect(),
            interval: self.settings.reconcile_interval,
            controller: self.status.controller.clone(),
            certificates: self.certificates.clone(),
            client: self.client.clone(),
            token: self.settings.api_token.clone(),
            readiness: self.status.readiness.clone(),
            board: self.status.board.clone(),
            asks,
        }
    }
}
