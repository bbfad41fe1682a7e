//! One notification on its way to one receiver, from the first try until it is accepted or refused for good.
//!
//! Dropping the future cancels the delivery; something newer about the same service is then on its way.

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Response, StatusCode, Url};
use tokio::sync::watch;
use tokio::time::sleep;
use tracing::{debug, error, info, warn};

use super::FINAL_REFUSAL;
use super::target::Target;
use crate::announce::{Kind, Notification};
use crate::backoff::{Backoff, jittered};
use crate::figures::Counts;
use crate::reason::{reason, said};

/// The longest wait between two tries of what was given up, unless the retry interval is longer.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// More of a reply's body than this is not read.
const REPLY_LIMIT: usize = 64 * 1024;

/// How requests are made and tried again; the same for all deliveries.
#[derive(Clone)]
pub(crate) struct Sender {
    pub(crate) client: reqwest::Client,
    pub(crate) retry: u32,
    pub(crate) retry_interval: Duration,
    /// Changes with every successful listing: what was given up is then tried once more, because it is still true.
    pub(crate) still_true: watch::Receiver<()>,
    pub(crate) counts: Arc<Counts>,
}

pub(crate) struct Delivery {
    kind: Kind,
    target: Arc<Target>,
    url: Url,
    /// The address as it may be logged.
    shown: String,
    sender: Sender,
    /// Accepted or refused: there is nothing left to cancel.
    is_settled: bool,
}

enum Answer {
    Accepted,
    /// The receiver will never accept it; the reason is its own.
    Refused(String),
    Failed(String),
    /// Nobody was there. The next try needs no wait of its own: [`Reach`](super::reach::Reach) says when it makes sense.
    Unreachable(String),
}

impl Delivery {
    pub(crate) fn new(notification: &Notification, target: Arc<Target>, sender: Sender) -> Self {
        let url = target.url(notification.kind, &notification.params);
        let shown = target.shown_url(notification.kind, &notification.params);
        sender.counts.begins();
        Delivery { kind: notification.kind, target, url, shown, sender, is_settled: false }
    }

    /// Ends when the receiver has accepted or refused, which may be never.
    pub(crate) async fn run(mut self) {
        info!("Sending {} notification to {}", self.kind, self.shown);
        let answer = match self.try_several_times().await {
            Answer::Failed(reason) | Answer::Unreachable(reason) => {
                error!("{} has not accepted a {} notification: {reason}; it will be sent again", self.shown, self.kind);
                self.try_until_settled().await
            }
            answer => answer,
        };
        self.is_settled = true;
        if matches!(answer, Answer::Accepted) {
            self.sender.counts.sent(self.kind);
        }
        if let Answer::Refused(message) = answer {
            warn!("{} refused a {} notification: {message}", self.shown, self.kind);
        }
    }

    /// The first try and the retries.
    async fn try_several_times(&self) -> Answer {
        let mut answer = self.attempt().await;
        // Docker Flow's listener takes an interval of zero for "no retries" too.
        let retries = if self.sender.retry_interval.is_zero() { 0 } else { self.sender.retry };
        let mut told = String::new();
        for count in 1..=retries {
            match &answer {
                Answer::Failed(reason) => {
                    self.tell_why(reason, &mut told);
                    sleep(jittered(self.sender.retry_interval)).await;
                }
                // Whoever found out that nobody is there has told it.
                Answer::Unreachable(reason) => debug!("{}: {reason}", self.shown),
                Answer::Accepted | Answer::Refused(_) => break,
            }
            info!("Retrying {} notification to {} ({count} try)", self.kind, self.shown);
            answer = self.attempt().await;
        }
        answer
    }

    /// The reason of a try, if it is not the one that was told last.
    fn tell_why(&self, reason: &str, told: &mut String) {
        if told != reason {
            reason.clone_into(told);
            warn!("{} does not accept a {} notification: {reason}; it is tried again", self.shown, self.kind);
        }
    }

    /// One try at each listing, less and less often, at least the retry interval apart; while nobody is there, whenever that makes sense.
    async fn try_until_settled(&mut self) -> Answer {
        let interval = self.sender.retry_interval;
        let mut waits = Backoff::between(interval, LONGEST_WAIT.max(interval));
        let mut is_there = !self.target.reach.is_lost();
        loop {
            if is_there {
                sleep(jittered(waits.lengthen())).await;
                self.sender.still_true.mark_unchanged();
                if self.sender.still_true.changed().await.is_err() {
                    return Answer::Failed("the listener has stopped".to_owned());
                }
            }
            let answer = self.attempt().await;
            is_there = !matches!(answer, Answer::Unreachable(_));
            match answer {
                Answer::Failed(reason) | Answer::Unreachable(reason) => debug!("{}: {reason}", self.shown),
                answer => {
                    info!("{} has answered a {} notification after all", self.shown, self.kind);
                    return answer;
                }
            }
        }
    }

    async fn attempt(&self) -> Answer {
        let answer = self.send().await;
        if matches!(answer, Answer::Failed(_) | Answer::Unreachable(_)) {
            self.sender.counts.failed(self.kind.into());
        }
        answer
    }

    async fn send(&self) -> Answer {
        let reach = &self.target.reach;
        let (only, _turn) = loop {
            let only = reach.may_try().await;
            let turn = self.target.turns.acquire().await.expect("the semaphore of a target is never closed");
            // While this one waited for its turn, another may have found that nobody is there.
            if only.is_some() || !reach.is_lost() {
                break (only, turn);
            }
        };
        match self.sender.client.request(self.target.method.clone(), self.url.clone()).send().await {
            Ok(response) => {
                reach.found();
                self.judge(response).await
            }
            Err(error) => {
                // Docker Flow's proxy may take 40 s for a service that it refuses in the end; who is slow has forgotten nothing.
                let is_slow = error.is_timeout() && !error.is_connect();
                // The address may contain passwords.
                let reason = reason(&error.without_url());
                if is_slow {
                    return Answer::Failed(reason);
                }
                match only {
                    Some(_) => reach.still_lost(),
                    None => reach.lost(&reason),
                }
                Answer::Unreachable(reason)
            }
        }
    }

    /// 200 is success. A create may also be refused with 409, which no repetition changes; and a proxy of this project says when none does.
    async fn judge(&self, response: Response) -> Answer {
        let status = response.status();
        let is_final = response.headers().get(FINAL_REFUSAL.0).is_some_and(|value| value == FINAL_REFUSAL.1)
            || status == StatusCode::CONFLICT && self.kind.is_creation();
        match status {
            StatusCode::OK => Answer::Accepted,
            StatusCode::UNAUTHORIZED => Answer::Failed("status 401: it needs another DFP_API_TOKEN".to_owned()),
            _ if is_final => Answer::Refused(message(response).await.unwrap_or_else(|| "no message".to_owned())),
            _ => {
                // Docker Flow's 500 may hold the whole haproxy.cfg, with its passwords.
                let message = if status.is_client_error() { message(response).await } else { None };
                let message = message.map(|message| format!(": {message}")).unwrap_or_default();
                Answer::Failed(format!("status {}{message}", status.as_u16()))
            }
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.sender.counts.ends();
        if !self.is_settled {
            info!("Canceling {} notification to {}", self.kind, self.shown);
        }
    }
}

/// The `Message` of a reply in JSON, and what a proxy of this project says of it in `Warnings`. The rest is not shown: a proxy may repeat
/// passwords in it.
async fn message(mut response: Response) -> Option<String> {
    let is_ours = response.headers().contains_key(FINAL_REFUSAL.0);
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > REPLY_LIMIT {
            break;
        }
    }
    let reply: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let message = reply.get("Message")?.as_str().filter(|message| !message.is_empty())?;
    let warnings = reply.get("Warnings").and_then(serde_json::Value::as_array).filter(|_| is_ours);
    let advice: Vec<_> = warnings.into_iter().flatten().filter_map(serde_json::Value::as_str).collect();
    Some(if advice.is_empty() { said(message) } else { said(&format!("{message} ({})", advice.join("; "))) })
}
