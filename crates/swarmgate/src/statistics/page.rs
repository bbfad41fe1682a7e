//! The page of statistics: what an operator looks at first, on one screen, without a script.
//!
//! Not here: the figures (`rows`).

use super::rows::{Kind, Row};
use std::fmt::{self, Display, Write as _};
use std::time::Duration;

const STYLE: &str = include_str!("page.css");
/// How often a browser that shows the page asks again, in seconds; Docker Flow's `stats refresh`.
const REFRESH: u32 = 30;
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// What stands above the tables.
pub(super) struct Title {
    pub(super) uptime: Duration,
    pub(super) generation: u64,
    pub(super) services: usize,
}

/// A text as HTML shows it.
struct Shown<'t>(&'t str);

/// A number of bytes with its unit.
struct Bytes(u64);

/// A time with the two largest of its units.
struct Since(Duration);

pub(super) fn render(rows: &[Row], title: &Title) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Statistics</title>\n\
        <meta name=\"viewport\" content=\"width=device-width\"><meta http-equiv=\"refresh\" content=\"{REFRESH}\">\n\
        <style>{STYLE}</style></head><body>\n"
    );
    write_title(&mut html, rows, title);
    let frontends: Vec<_> = rows.iter().filter(|row| row.kind == Kind::Frontend).collect();
    write_table(&mut html, "Frontends", &["frontend", "open", "connections"], &frontends);
    let behind: Vec<_> = rows.iter().filter(|row| row.kind != Kind::Frontend).collect();
    write_table(&mut html, "Backends", &["backend / server", "going on", "requests"], &behind);
    html.push_str("</body></html>\n");
    html
}

fn write_title(html: &mut String, rows: &[Row], title: &Title) {
    let frontends = || rows.iter().filter(|row| row.kind == Kind::Frontend);
    let sum = |count: fn(&Row) -> Option<u64>| frontends().filter_map(count).sum::<u64>();
    let (requests, errors) = (sum(Row::response_count), sum(|row| row.responses.map(|responses| responses[4])));
    let _ = writeln!(
        html,
        "<header><h1>swarmgate {}</h1><p>up {}, configuration {}, refreshed every {REFRESH} s</p></header>\n<dl>",
        env!("CARGO_PKG_VERSION"),
        Since(title.uptime),
        title.generation
    );
    let share = format!("{:.2} %", if requests == 0 { 0.0 } else { errors as f64 * 100.0 / requests as f64 });
    for (name, value) in [
        ("services", title.services.to_string()),
        ("open connections", frontends().map(|row| row.current).sum::<u64>().to_string()),
        ("responses", requests.to_string()),
        ("of them 5xx", share),
        ("bytes in", Bytes(sum(|row| row.bytes_in)).to_string()),
        ("bytes out", Bytes(sum(|row| row.bytes_out)).to_string()),
    ] {
        let _ = writeln!(html, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    html.push_str("</dl>\n");
}

fn write_table(html: &mut String, title: &str, first: &[&str; 3], rows: &[&Row]) {
    let _ = write!(html, "<h2>{title}</h2>\n<table><thead><tr>");
    let more = ["responses", "2xx", "3xx", "4xx", "5xx", "errors", "in", "out", "average"];
    for name in first.iter().chain(&more) {
        let _ = write!(html, "<th>{name}</th>");
    }
    html.push_str("</tr></thead><tbody>\n");
    for row in rows {
        write_row(html, row);
    }
    html.push_str("</tbody></table>\n");
}

fn write_row(html: &mut String, row: &Row) {
    let class = match row.kind {
        Kind::Server => " class=\"server\"",
        Kind::Frontend | Kind::Backend => "",
    };
    let _ = write!(html, "<tr{class}><th>{}</th><td>{}</td><td>{}</td>", name(row), row.current, row.total);
    let _ = write!(html, "<td>{}</td>", bar(row));
    for place in 1..5 {
        let _ = write!(html, "<td>{}</td>", count(row.responses.map(|responses| responses[place])));
    }
    let errors = [row.request_errors, row.connect_errors, row.response_errors];
    let errors = errors.iter().any(Option::is_some).then(|| errors.iter().flatten().sum());
    let bytes = |bytes: Option<u64>| bytes.map(|bytes| Bytes(bytes).to_string()).unwrap_or_default();
    let average = row.average.map(|average| format!("{:.1} ms", average.as_secs_f64() * 1000.0)).unwrap_or_default();
    let _ = writeln!(
        html,
        "<td>{}</td><td>{}</td><td>{}</td><td>{average}</td></tr>",
        count(errors),
        bytes(row.bytes_in),
        bytes(row.bytes_out)
    );
}

/// The section, or the server and where it is.
fn name(row: &Row) -> String {
    if row.kind != Kind::Server {
        return Shown(&row.section).to_string();
    }
    let addresses: Vec<_> = row.addresses.iter().map(ToString::to_string).collect();
    let failing = match (row.failing, row.addresses.len()) {
        (0, _) => String::new(),
        (failing, all) => format!(" <strong>{failing} of {all} not reachable</strong>"),
    };
    format!("{}{failing} <small>{}</small>", Shown(&row.name), addresses.join(" "))
}

/// A count; 0 is grey, so that the eye finds what is not.
fn count(count: Option<u64>) -> String {
    match count {
        None => String::new(),
        Some(0) => "<i>0</i>".to_owned(),
        Some(count) => count.to_string(),
    }
}

/// The classes of responses, each as long as its share.
fn bar(row: &Row) -> String {
    let (Some(responses), Some(all)) = (row.responses, row.response_count().filter(|all| *all > 0)) else {
        return String::new();
    };
    let mut bar = String::from("<span class=\"bar\">");
    for (class, count) in CLASSES.iter().zip(responses).filter(|(_, count)| *count > 0) {
        let share = count as f64 * 100.0 / all as f64;
        let _ = write!(bar, "<b class=\"c{class}\" style=\"width:{share:.1}%\" title=\"{class}: {count}\"></b>");
    }
    bar + "</span>"
}

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|letter| match letter {
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '&' => f.write_str("&amp;"),
            '"' => f.write_str("&quot;"),
            letter => f.write_char(letter),
        })
    }
}

impl Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let (mut value, mut unit) = (self.0 as f64, 0);
        while value >= 1024.0 && unit + 1 < UNITS.len() {
            (value, unit) = (value / 1024.0, unit + 1);
        }
        if unit == 0 { write!(f, "{} B", self.0) } else { write!(f, "{value:.1} {}", UNITS[unit]) }
    }
}

impl Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
        match (days, hours, minutes) {
            (0, 0, 0) => write!(f, "{seconds} s"),
            (0, 0, _) => write!(f, "{minutes} min {} s", seconds % 60),
            (0, _, _) => write!(f, "{hours} h {minutes} min"),
            _ => write!(f, "{days} d {hours} h"),
        }
    }
}
