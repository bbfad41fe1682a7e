//! The page of statistics among the requests of clients: which requests are for it, and who may see it.
//!
//! Not here: what stands on it. Whoever starts the proxy renders it, from what is observed.

use crate::answer::Answer;
use crate::http1::request::Request;
use model::Fields;
use model::auth::Credentials;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Mutex;

/// Where the page is, who may see it, and who renders it.
#[derive(Clone)]
pub struct Statistics {
    /// Targets that begin so are for the page, as in HAProxy's `stats uri`: the path and the query are one text here.
    pub uri: String,
    /// The one port that it is on, where there is nothing else; `None`: every port of HTTP.
    pub port: Option<u16>,
    /// What must be shown; `None`: everybody may see it.
    pub credentials: Option<Credentials>,
    /// Renders it. May take long: it is called on a thread that serves nobody.
    pub render: Render,
}

/// Renders the statistics in one form.
pub type Render = Arc<dyn Fn(StatisticsForm) -> String + Send + Sync>;

/// A form of the statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatisticsForm {
    /// HTML, for a person.
    Page,
    /// HAProxy's table of figures, for a program: `;csv` behind the URI.
    Csv,
}

/// One at a time is rendered, whoever asks: a page costs time with the number of backends, and nobody may be made to pay for many.
static RENDERING: Mutex<()> = Mutex::const_new(());

/// HAProxy's realm.
const REALM: &str = "Strictly Private";

impl Statistics {
    /// The answer to a request that came to `port`; `None` if it is for somebody else. On a port of its own everything is for it.
    pub(crate) fn answer(&self, request: &Request<'_, '_>, port: u16) -> Option<Answer> {
        if self.port.is_some_and(|own| own != port) {
            return None;
        }
        let elsewhere = self.port.map(|_| Answer::Status(503));
        let Some(rest) = request.target.strip_prefix(self.uri.as_bytes()) else { return elsewhere };
        if !matches!(request.method, "GET" | "HEAD") {
            return elsewhere;
        }
        let admits = |credentials: &Credentials| credentials.admits(request.first("authorization"));
        if !self.credentials.as_ref().is_none_or(admits) {
            return Some(Answer::Unauthorized(REALM.to_owned()));
        }
        let is_csv = memchr::memmem::find(rest, b";csv").is_some();
        Some(Answer::Statistics(if is_csv { StatisticsForm::Csv } else { StatisticsForm::Page }))
    }

    /// Renders without making any other client of this thread wait.
    pub(crate) async fn rendered(&self, form: StatisticsForm) -> String {
        let _alone = RENDERING.lock().await;
        let render = Arc::clone(&self.render);
        // A bug in the page is a page with nothing on it.
        tokio::task::spawn_blocking(move || render(form)).await.unwrap_or_default()
    }
}

impl StatisticsForm {
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            StatisticsForm::Page => "text/html; charset=utf-8",
            StatisticsForm::Csv => "text/plain; charset=utf-8",
        }
    }
}

impl fmt::Debug for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Statistics { uri, port, credentials, render: _ } = self;
        f.debug_struct("Statistics")
            .field("uri", uri)
            .field("port", port)
            .field("credentials", credentials)
            .finish_non_exhaustive()
    }
}
