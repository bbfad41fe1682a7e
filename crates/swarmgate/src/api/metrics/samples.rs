//! Samples as text: a piece of one metric at a time.
//!
//! Not here: which metrics there are (`table`).

use super::Scrape;
use super::table::{Kind, METRICS, Metric, Of};
use std::fmt::{Display, Write as _};
use std::ops::Range;
use std::time::{Duration, SystemTime};

/// So many backends, or servers, make a piece.
const PIECE: usize = 256;

/// A part of the samples of one metric.
pub(super) struct Piece {
    metric: &'static Metric,
    of: Range<usize>,
}

/// Appends the samples of one metric.
pub(super) struct Samples<'t> {
    name: &'static str,
    /// `a="b",c="d"`
    labels: String,
    text: &'t mut String,
}

impl Piece {
    /// All pieces, in order. A metric without a sample has one too, which says what it is.
    pub(super) fn all(scrape: &Scrape) -> Vec<Piece> {
        let pieces = |metric: &'static Metric| {
            let count = metric.of.count(scrape);
            let starts = (0..count.max(1)).step_by(PIECE);
            starts.map(move |start| Piece { metric, of: start..count.min(start + PIECE) })
        };
        METRICS.iter().flat_map(pieces).collect()
    }

    pub(super) fn render(&self, scrape: &Scrape) -> String {
        let Metric { name, kind, doc, of } = self.metric;
        let mut text = String::new();
        if self.of.start == 0 {
            let _ = writeln!(text, "# HELP {name} {doc}\n# TYPE {name} {}", kind.word());
        }
        let mut samples = Samples { name, labels: String::new(), text: &mut text };
        let (figures, names, places) = (&scrape.figures, of.labels(), self.of.clone());
        match of {
            Of::Process(read) => read(&scrape.process, &mut samples),
            Of::Frontend(read) => {
                figures.frontends[places].iter().for_each(|of| read(of, samples.labels(names, &[&of.port])));
            }
            Of::Certificate(read) => {
                scrape.certificates[places]
                    .iter()
                    .for_each(|of| read(of, samples.labels(names, &[&file_name(of.path())])));
            }
            Of::Row(kind, read) => {
                for row in scrape.rows(*kind).skip(places.start).take(places.len()) {
                    read(row, samples.labels(names, &[&row.section, &row.name]));
                }
            }
            Of::Answer(read) => {
                figures.answers[places]
                    .iter()
                    .for_each(|of| read(of, samples.labels(names, &[&of.status, &of.reason])));
            }
            Of::Backend(read) => {
                figures.backends[places]
                    .iter()
                    .for_each(|of| read(of, samples.labels(names, &[&of.backend, &of.service])));
            }
            Of::Server(read) => {
                figures.servers[places]
                    .iter()
                    .for_each(|of| read(of, samples.labels(names, &[&of.backend, &of.service, &of.address])));
            }
        }
        text
    }
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

impl Samples<'_> {
    /// The same with these labels. Names of services and backends hold nothing that must be escaped, but who knows what comes.
    fn labels(&mut self, names: &[&str], values: &[&dyn Display]) -> &mut Self {
        self.labels.clear();
        for (name, value) in names.iter().zip(values) {
            let comma = if self.labels.is_empty() { "" } else { "," };
            let _ = write!(self.labels, "{comma}{name}=\"{}\"", escaped(&value.to_string()));
        }
        self
    }

    /// One number.
    pub(super) fn value(&mut self, value: u64) {
        self.sample("", "", value);
    }

    /// One number, with one more label.
    pub(super) fn labelled(&mut self, name: &str, label: &str, value: u64) {
        self.sample("", &format!("{name}=\"{}\"", escaped(label)), value);
    }

    /// A time.
    pub(super) fn seconds(&mut self, value: Duration) {
        self.sample("", "", value.as_secs_f64());
    }

    /// A moment, in seconds since 1970.
    pub(super) fn moment(&mut self, value: SystemTime) {
        self.value(value.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs());
    }

    /// Numbers with a word for each.
    pub(super) fn each(&mut self, name: &str, words: &[&str], values: &[u64]) {
        words.iter().zip(values).for_each(|(word, value)| self.labelled(name, word, *value));
    }

    /// Responses by the first digit of their status.
    pub(super) fn classes(&mut self, responses: &[u64; 5]) {
        for (class, count) in (1..).zip(responses) {
            self.sample("", &format!("code_class=\"{class}xx\""), count);
        }
    }

    /// The same with the label of HAProxy's exporter, and only where there are any.
    pub(super) fn codes(&mut self, responses: Option<[u64; 5]>) {
        for (class, count) in (1..).zip(responses.iter().flatten()) {
            self.sample("", &format!("code=\"{class}xx\""), count);
        }
    }

    /// A number, where there is one.
    pub(super) fn maybe(&mut self, value: Option<u64>) {
        if let Some(value) = value {
            self.value(value);
        }
    }

    /// Times by their upper bounds, the last group without one.
    pub(super) fn histogram(&mut self, bounds: &[Duration], counts: &[u64], sum: Duration) {
        let mut total = 0;
        let words = bounds.iter().map(|bound| bound.as_secs_f64().to_string()).chain(["+Inf".to_owned()]);
        for (bound, count) in words.zip(counts) {
            total += count;
            self.sample("_bucket", &format!("le=\"{bound}\""), total);
        }
        self.sample("_sum", "", sum.as_secs_f64());
        self.sample("_count", "", total);
    }

    fn sample(&mut self, end: &str, label: &str, value: impl Display) {
        let Samples { name, labels, text } = self;
        let comma = if labels.is_empty() || label.is_empty() { "" } else { "," };
        let _ = match labels.is_empty() && label.is_empty() {
            true => writeln!(text, "{name}{end} {value}"),
            false => writeln!(text, "{name}{end}{{{labels}{comma}{label}}} {value}"),
        };
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A label's value as the format wants it.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
