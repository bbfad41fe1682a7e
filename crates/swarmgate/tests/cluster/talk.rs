//! What the tests and their guests in the nodes' namespaces say to each other: a line of JSON each.

use serde::{Deserialize, Serialize};
use std::{
    fmt,
    net::IpAddr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A moment, in milliseconds since 1970. All processes of these tests read the same clock, and so do the Engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Moment(pub(crate) u64);

/// What a guest is told.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    /// What the answers carry.
    pub(crate) id: u64,
    pub(crate) what: What,
}

/// What a guest may be told to do.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum What {
    /// Asks `service` for its hello each `pause`, from now on. Where its tasks are told, a request is counted apart if none of
    /// them could be reached past the proxy either.
    Load { service: String, pause: Duration, tasks: Vec<IpAddr> },
    /// Asks for it no more.
    Unload { service: String },
    /// Answers with everything since the last time, once every request that was sent until now has ended.
    Tally,
    /// Answers when `service` says hello, for at most as long.
    First { service: String, limit: Duration },
    /// Answers when a bare connection to a task is taken, past the proxy, for at most as long.
    Reach { task: IpAddr, limit: Duration },
    /// Answers with the reply to a GET.
    Get { port: u16, path: String },
}

/// What a guest answers.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Report {
    /// The order that is answered.
    pub(crate) id: u64,
    pub(crate) said: Said,
}

/// What a guest may answer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Said {
    Tally(Vec<Tally>),
    /// It said hello, or took the connection.
    At(Moment),
    Got {
        status: u16,
        body: String,
    },
    /// It did not come to pass.
    Failed(String),
}

/// What became of the requests for one service.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) service: String,
    pub(crate) whole: u64,
    /// Milliseconds of the slowest whole one.
    pub(crate) slowest: u64,
    pub(crate) lost: Vec<Lost>,
    /// Requests that nobody could have answered: the network between the nodes knew no way to any task.
    pub(crate) nowhere: u64,
}

/// A request that was not answered as it should be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Lost {
    pub(crate) began: Moment,
    pub(crate) why: String,
    /// The replica that was asked, once the guest's visitor has said so.
    #[serde(skip)]
    pub(crate) replica: Option<Replica>,
}

/// A replica of the proxy: its node and its container.
pub(crate) type Replica = (usize, String);

impl Moment {
    pub(crate) fn now() -> Moment {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970");
        Moment(u64::try_from(since.as_millis()).expect("it is earlier than the year 584 million"))
    }

    pub(crate) fn before(self, time: Duration) -> Moment {
        Moment(self.0.saturating_sub(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Since `earlier`; nothing if that is later.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl Lost {
    /// Says which replica was asked.
    pub(crate) fn by(self, (node, container): &Replica) -> Lost {
        let why = format!("node-{node}: {}", self.why);
        Lost { why, replica: Some((*node, container.clone())), ..self }
    }
}

impl fmt::Display for Moment {
    /// The time of day in UTC, as in the logs of Docker.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1000, self.0 % 1000);
        let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
        write!(f, "{hour:02}:{minute:02}:{second:02}.{millis:03}")
    }
}
