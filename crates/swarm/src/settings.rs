//! What a listener is told before it starts.
//!
//! Not here: the environment. The program reads it and hands the values in.

use crate::docker::TlsFiles;
use reqwest::header::HeaderValue;
use std::time::Duration;

/// Everything a [`crate::Listener`] needs to know. The defaults are those of Docker Flow's listener, without receivers.
#[derive(Clone)]
pub struct Settings {
    /// Where Docker's API answers: `unix:///var/run/docker.sock` or `tcp://host:port`; with `docker_tls` the latter is over TLS.
    pub docker_host: String,
    /// Certificates for TLS with Docker.
    pub docker_tls: Option<TlsFiles>,
    /// The label that makes a service count: a name (any value but `false`), or `name=value` (exactly that value).
    /// Empty is the same as `com.df.notify`.
    pub notify_label: String,
    /// Put before every service's name, with an underscore between them. Empty for none.
    pub service_name_prefix: String,
    /// Who is told of new and changed services. Only `http://`; an address that cannot be used is logged and left out.
    pub create_urls: Vec<String>,
    /// Who is told of services that are gone.
    pub remove_urls: Vec<String>,
    /// Who is told of new and changed nodes, with `GET`.
    pub create_node_urls: Vec<String>,
    /// Who is told of nodes that are gone or down, with `GET`.
    pub remove_node_urls: Vec<String>,
    /// Whether services with the label `com.df.scrapeNetwork` are announced with `nodeInfo`: where their tasks are.
    pub node_info: Option<NodeInfo>,
    /// HTTP methods for `create_urls`, by position; the last one repeats, none at all is `GET`.
    pub create_methods: Vec<String>,
    /// HTTP methods for `remove_urls`, likewise.
    pub remove_methods: Vec<String>,
    /// The field Authorization of every notification; `None`: it has none.
    pub authorization: Option<HeaderValue>,
    /// How often a failed notification is tried again, `retry_interval` apart. After that it is an error in the log,
    /// and is tried once at each later reconciliation.
    pub retry: u32,
    /// The wait between two tries. Zero means that the second try is at the next reconciliation.
    pub retry_interval: Duration,
    /// How often all services are listed when no event asks for it earlier.
    pub reconcile_interval: Duration,
    /// Whether somebody in this process hears what is announced, so that nobody need be told over HTTP.
    pub is_heard_here: bool,
    /// The waits and limits that operators have no need to change.
    pub pace: Pace,
}

/// What `nodeInfo` says of each task beside its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeInfo {
    /// Its address.
    WithAddresses,
    /// An empty text in the place of its address.
    WithoutAddresses,
}

/// How fast a listener goes and how long it waits for others.
#[derive(Clone, Debug)]
pub struct Pace {
    /// The least time between two listings: a storm of events costs one listing in this time.
    pub debounce: Duration,
    /// The least time between two notifications about the same service; what is true at its end is what is said.
    pub announce_interval: Duration,
    /// How long Docker may take to begin an answer.
    pub docker_timeout: Duration,
    /// The wait before a list without services, after one with some, is looked at again and then believed.
    pub second_look: Duration,
    /// How long the event stream may be silent before it is taken for dead and opened again.
    pub events_silence: Duration,
    /// The shortest wait between two looks at the tasks.
    pub tasks_step: Duration,
    /// How long what is known of tasks counts when Docker lists them no more.
    pub tasks_lifetime: Duration,
    /// The shortest wait between two looks through the labels of all services.
    pub inspect_pause: Duration,
    /// The least time between two looks whether a receiver is there to which nothing is to be said.
    pub receiver_pause: Duration,
    /// How long a receiver may take to accept a connection.
    pub connect_timeout: Duration,
    /// How long one try of a notification may take from the connection to the end of the reply.
    pub request_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            docker_host: "unix:///var/run/docker.sock".to_owned(),
            docker_tls: None,
            notify_label: "com.df.notify".to_owned(),
            service_name_prefix: String::new(),
            create_urls: Vec::new(),
            remove_urls: Vec::new(),
            create_node_urls: Vec::new(),
            remove_node_urls: Vec::new(),
            node_info: None,
            create_methods: Vec::new(),
            remove_methods: Vec::new(),
            authorization: None,
            retry: 50,
            retry_interval: Duration::from_secs(5),
            reconcile_interval: Duration::from_secs(10),
            is_heard_here: false,
            pace: Pace::default(),
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        Pace {
            debounce: Duration::from_millis(200),
            announce_interval: Duration::from_secs(1),
            // While a Swarm elects a leader, listings hang without an error. A new try soon after the election needs a
            // short limit; 10,000 services are listed in well under a second.
            docker_timeout: Duration::from_secs(4),
            second_look: Duration::from_secs(1),
            events_silence: Duration::from_secs(60),
            tasks_step: Duration::from_millis(100),
            tasks_lifetime: Duration::from_secs(15),
            inspect_pause: Duration::from_secs(10),
            receiver_pause: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
        }
    }
}
