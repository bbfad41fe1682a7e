//! What is logged of requests and connections: `ACCESS_LOG`, Docker Flow's `DEBUG` with its formats, and the header fields that are captured.
//!
//! Not here: the language of formats (`model::log_format`), and the program's own log.

use super::read::Reader;
use model::expression::Environment;
use model::log_format::{Capture, Format, Mode};
use proxy::observe::{LogFormat, LogSettings};

/// `ACCESS_LOG`; where it says nothing, Docker Flow's `DEBUG` asks for HAProxy's lines.
pub(super) fn read(read: &mut Reader<'_>, environment: &Environment) -> Option<LogSettings> {
    let debug = read.flag("DEBUG").then_some(LogFormat::Haproxy);
    let format = read.parsed_or("ACCESS_LOG", None, |text| match text {
        "" => Ok(debug),
        "off" => Ok(None),
        "json" => Ok(Some(LogFormat::Json)),
        "haproxy" => Ok(Some(LogFormat::Haproxy)),
        _ => Err("is not one of off, json, haproxy"),
    });
    let errors_only = read.flag("DEBUG_ERRORS_ONLY");
    let captures = read.parsed("CAPTURE_REQUEST_HEADER", Capture::parse_list);
    let mut line = |name, mode| {
        let parse = |text: &str| match text {
            "" => Ok(None),
            text => Format::parse(text, mode, &captures, environment).map(Some),
        };
        read.parsed(name, parse)
    };
    let (http, tcp) = (line("DEBUG_HTTP_FORMAT", Mode::Http), line("DEBUG_TCP_FORMAT", Mode::Tcp));
    format.map(|format| LogSettings { format, errors_only, http, tcp, captures: captures.into() })
}

#[cfg(test)]
mod tests {
    use crate::settings::{Variables, proxy};

    #[test]
    fn behaviour_121_formats_and_captures_are_understood_or_stop_the_start() {
        let pairs = [
            ("DEBUG", "true"),
            ("DEBUG_HTTP_FORMAT", "\"%ci %{+Q}r %hr\""),
            ("DEBUG_TCP_FORMAT", "%ci:%cp"),
            ("CAPTURE_REQUEST_HEADER", "Referer:64"),
        ];
        let variables: Variables = pairs.into_iter().collect();
        let log = proxy(&variables).unwrap().access_log.unwrap();
        assert!(log.http.is_some() && log.tcp.is_some() && log.captures.len() == 1);
        for (name, value, reason) in [
            ("DEBUG_HTTP_FORMAT", "%zz", "DEBUG_HTTP_FORMAT: `%zz` is no variable"),
            ("DEBUG_TCP_FORMAT", "%r", "DEBUG_TCP_FORMAT: `%r` belongs to a request"),
            ("CAPTURE_REQUEST_HEADER", "Cookie:64", "CAPTURE_REQUEST_HEADER: `Cookie` holds"),
        ] {
            let told = proxy(&variables.clone().with(name, value)).unwrap_err().to_string();
            assert!(told.contains(reason), "{told}");
        }
    }
}
