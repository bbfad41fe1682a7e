//! Formats and captures as tables. What HAProxy makes of the same texts was asked of a real one.

use super::*;

fn parse(line: &str, mode: Mode) -> Result<Vec<Part>, String> {
    let captures = Capture::parse_list("X-A:4").unwrap();
    let environment = Environment { host_name: "edge1".to_owned(), ..Environment::default() };
    let format = Format::parse(line, mode, &captures, &environment);
    format.map(|format| format.parts).map_err(|error| error.to_string())
}

fn value(variable: Variable) -> Part {
    Part::Value(variable, Flags::default())
}

fn quoted(variable: Variable) -> Part {
    Part::Value(variable, Flags { quoted: true, escaped: false })
}

fn text(text: &str) -> Part {
    Part::Text(text.to_owned())
}

#[test]
fn a_format_is_texts_blanks_and_values() {
    use Variable::{CapturedField, ClientAddress, ClientPort, Method, Query, Status};
    for (line, expected) in [
        (
            r"%ci:%cp\ [%ST]",
            vec![value(ClientAddress), text(":"), value(ClientPort), Part::Blank, text("["), value(Status), text("]")],
        ),
        ("\"%ci   %cp\"", vec![value(ClientAddress), Part::Blank, value(ClientPort)]),
        ("'100%% %%ci %H!'", vec![text("100%"), Part::Blank, text("%ci"), Part::Blank, text("edge1!")]),
        ("%{+Q}HM%HQ", vec![quoted(Method), value(Query)]),
        ("'%{+Q}o %HM%{-Q}HQ'", vec![Part::Blank, quoted(Method), value(Query)]),
        ("%{+Q,+E}HM", vec![Part::Value(Method, Flags { quoted: true, escaped: true })]),
        ("%[src]%{+Q}[hostname]", vec![value(ClientAddress), text("\"edge1\"")]),
        ("%[capture.req.hdr(0)]", vec![value(CapturedField(0))]),
    ] {
        assert_eq!(parse(line, Mode::Http), Ok(expected), "{line}");
    }
}

#[test]
fn what_cannot_be_written_is_refused_with_its_name() {
    use Mode::{Http, Tcp};
    for (line, mode, reason) in [
        ("%zz", Http, "`%zz` is no variable of HAProxy's; a plain `%` is written `%%`"),
        ("%ciport", Http, "`%ciport` is no variable"),
        ("100%", Http, "`%` is no variable"),
        ("%ci %cp", Http, "`%cp` is a second word: the format stands in quotes"),
        ("%Tq", Http, "`%Tq` counts the idle time before a request, which is not kept; `%TR`"),
        ("%Tt", Http, "`%Tt` counts the idle time"),
        ("%sslv", Http, "`%sslv` is a version of TLS, which is not kept"),
        ("%r", Tcp, "`%r` belongs to a request, and a bare connection has none"),
        ("%{+Q", Http, "has no `}` behind its flags"),
        ("%{+X}ci", Http, "`+X` asks for hexadecimal numbers"),
        ("%{+Z}ci", Http, "`+Z` is no list of flags"),
        ("%[src", Http, "has no `]`"),
        ("%[req.hdr(Authorization)]", Http, "`req.hdr(Authorization)` is no sample that a line can hold"),
        ("%[req.cook(session)]", Http, "is no sample"),
        ("%[http_auth_pass]", Http, "is no sample"),
        ("%[capture.req.hdr(1)]", Http, "is none of the fields that CAPTURE_REQUEST_HEADER names"),
        ("%[capture.req.hdr(0)]", Tcp, "is none of the fields"),
    ] {
        let told = parse(line, mode).unwrap_err();
        assert!(told.contains(reason), "{line}: {told}");
    }
    assert_eq!(parse("%Tt", Tcp), Ok(vec![value(Variable::ActiveTime)]));
}

#[test]
fn fields_are_captured_by_name_and_length_and_none_that_is_secret() {
    let capture = |name: &str, length| Capture { name: name.to_owned(), length };
    let found = Capture::parse_list("Referer:64, User-Agent:128,");
    assert_eq!(found, Ok(vec![capture("Referer", 64), capture("User-Agent", 128)]));
    for (list, reason) in [
        ("Authorization:20", "`Authorization` holds what must be in no log"),
        ("proxy-AUTHORIZATION:20", "holds what must be in no log"),
        ("Cookie:1", "holds what must be in no log"),
        ("X-A", "`X-A` is not `Name:length` with a length from 1 to 4096"),
        ("X-A:0", "is not `Name:length`"),
        ("X-A:5000", "is not `Name:length`"),
        ("X A:5", "does not begin with the name of a header field"),
        (":5", "does not begin with the name"),
        ("X-A:5,x-a:6", "`x-a:6` names a field a second time"),
    ] {
        let told = Capture::parse_list(list).unwrap_err().to_string();
        assert!(told.contains(reason), "{list}: {told}");
    }
    let many: String = (0..17).map(|number| format!("X-{number}:1,")).collect();
    assert!(Capture::parse_list(&many).is_err());
}
