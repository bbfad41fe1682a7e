//! The access log, over a pipe.

use super::*;
use expect_test::{Expect, expect};
use model::expression::Environment;
use model::log_format::{Capture, Format, Mode};
use std::io::{PipeReader, Read};

/// An observer whose lines go into the pipe.
fn logging(format: LogFormat, errors_only: bool) -> (Observer, PipeReader) {
    logging_as(LogSettings { errors_only, ..LogSettings::new(format) })
}

fn logging_as(settings: LogSettings) -> (Observer, PipeReader) {
    let (reader, writer) = io::pipe().unwrap();
    let observer = Observer::with_access_log(settings, Box::new(writer)).unwrap();
    observer.enter();
    (observer, reader)
}

/// What was logged, times masked.
fn logged(observer: Observer, mut reader: PipeReader) -> String {
    leave();
    observer.close(Duration::from_secs(20));
    drop(observer);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    text
}

/// Dates masked; all else is the paused clock's.
fn masked(text: &str) -> String {
    text.lines()
        .map(|line| [mask(line, "[", "]"), "\n".to_owned()].concat())
        .map(|line| mask(&line, "\"time\":\"", "\""))
        .collect()
}

fn mask(text: &str, from: &str, to: &str) -> String {
    let Some((before, rest)) = text.split_once(from) else { return text.to_owned() };
    let (_, after) = rest.split_once(to).unwrap();
    format!("{before}{from}DATE{to}{after}")
}

async fn every_kind(backend: &Backend) {
    let accepted = client();
    let mut session = accepted.request(Some(Instant::now()), head).forwarded(backend);
    advance(Duration::from_millis(2)).await;
    session.connected(backend, server(1), false);
    advance(Duration::from_millis(30)).await;
    session.responded(200);
    session.moved(100, 1000);
    advance(Duration::from_millis(8)).await;
    session.finished();
    drop(session);
    let mut session = accepted.request(None, head).forwarded(backend);
    session.connect_failed(backend, server(1));
    session.retries(true);
    session.answered(Why::NoServer, 200);
    drop(session);
    accepted.refused(Why::MalformedHead, 0);
    accepted.request(None, head).answered(Why::redirect(302), 150);
    let mut session = accepted.bytes().forwarded(backend);
    session.connected(backend, server(1), false);
    session.switched();
    session.cut(Cut::ServerGone);
}

async fn check(format: LogFormat, expected: &Expect) {
    let (observer, reader) = logging(format, false);
    every_kind(&backend("a")).await;
    expected.assert_eq(&masked(&logged(observer, reader)));
}

#[tokio::test(start_paused = true)]
async fn bug_a_rules_own_status_is_the_one_that_is_logged_and_counted() {
    let (observer, reader) = logging(LogFormat::Haproxy, false);
    client().request(None, head).answered_with(Why::Denied, 429, 0);
    client().request(None, head).answered_with(Why::Returned, 503, 0);
    let figures = observer.figures();
    let responses = figures.frontends[0].responses;
    let text = logged(observer, reader);
    assert!(text.contains(" 429 0 ") && text.contains(" 503 0 "), "{text}");
    assert_eq!((responses[3], responses[4]), (1, 1), "{responses:?}");
}

#[tokio::test(start_paused = true)]
async fn lines_are_haproxys() {
    check(LogFormat::Haproxy, &expect![[r#"
        HAPRoxy: 10.0.0.1:4000 [DATE] services a-be80_0/10.0.0.1:80 0/0/2/30/40 200 1000 - - ---- 0/0/0/0/0 0/0 "GET /a?b HTTP/1.1"
        HAPRoxy: 10.0.0.1:4000 [DATE] services a-be80_0/<NOSRV> 0/-1/-1/-1/0 503 200 - - SC-- 0/0/0/0/1 0/0 "GET /a?b HTTP/1.1"
        HAPRoxy: 10.0.0.1:4000 [DATE] services services/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 0/0/0/0/0 0/0 "<BADREQ>"
        HAPRoxy: 10.0.0.1:4000 [DATE] services services/<NOSRV> 0/-1/-1/-1/0 302 150 - - LR-- 0/0/0/0/0 0/0 "GET /a?b HTTP/1.1"
        HAPRoxy: 10.0.0.1:4000 [DATE] services a-be80_0/10.0.0.1:80 0/0/0 0 SD 0/0/0/0/0 0/0
    "#]]).await;
}

#[tokio::test(start_paused = true)]
async fn lines_are_json() {
    check(LogFormat::Json, &expect![[r#"
        {"time":"DATE","client":"10.0.0.1:4000","port":80,"service":"a","backend":"a-be80_0","server":"10.0.0.1:80","method":"GET","host":"c","path":"/a","version":"HTTP/1.1","status":200,"bytes_in":100,"bytes_out":1000,"duration_ms":40.000,"connect_ms":2.000,"retries":0,"termination":"--"}
        {"time":"DATE","client":"10.0.0.1:4000","port":80,"service":"a","backend":"a-be80_0","method":"GET","host":"c","path":"/a","version":"HTTP/1.1","status":503,"bytes_in":0,"bytes_out":200,"duration_ms":0.000,"retries":1,"termination":"SC"}
        {"time":"DATE","client":"10.0.0.1:4000","port":80,"status":400,"bytes_in":0,"bytes_out":0,"duration_ms":0.000,"retries":0,"termination":"PR"}
        {"time":"DATE","client":"10.0.0.1:4000","port":80,"method":"GET","host":"c","path":"/a","version":"HTTP/1.1","status":302,"bytes_in":0,"bytes_out":150,"duration_ms":0.000,"retries":0,"termination":"LR"}
        {"time":"DATE","client":"10.0.0.1:4000","port":80,"service":"a","backend":"a-be80_0","server":"10.0.0.1:80","bytes_in":0,"bytes_out":0,"duration_ms":0.000,"connect_ms":0.000,"retries":0,"termination":"SD"}
    "#]]).await;
}

#[tokio::test(start_paused = true)]
async fn errors_alone_are_logged_where_that_is_asked_for() {
    let (observer, reader) = logging(LogFormat::Haproxy, true);
    every_kind(&backend("a")).await;
    let text = logged(observer, reader);
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(!text.contains(" 200 1000 ") && !text.contains(" 302 "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn no_client_can_forge_a_line() {
    let forged = Head {
        method: b"GET\"",
        target: b"/\r\nHAPRoxy: x\x1b[2J\"\\#\x00\x7f\xff\xc3\xa4\xc2\x9b?token=x",
        host: Some(b"h\"\n\\"),
        version: "HTTP/1.1",
        fields: &Plain,
    };
    for (format, expected) in [
        (LogFormat::Haproxy, r##""GET#22 /#0D#0AHAPRoxy: x#1B[2J#22\#23#00#7F#FF#C3#A4#C2#9B?token=x HTTP/1.1""##),
        (
            LogFormat::Json,
            r#""method":"GET\"","host":"h\"\u000a\\","path":"/\u000d\u000aHAPRoxy: x\u001b[2J\"\\#\u0000\u007f�ä\u009b","#,
        ),
    ] {
        let (observer, reader) = logging(format, false);
        client().request(None, || forged).answered(Why::NoRoute, 0);
        let text = logged(observer, reader);
        assert!(text.contains(expected), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
}

/// Nobody reads the pipe: threads go on, lines are dropped and counted, and closing takes no longer than it may.
#[tokio::test(start_paused = true)]
async fn an_output_that_nobody_reads_costs_lines_and_nothing_else() {
    let (observer, reader) = logging(LogFormat::Json, false);
    let mut made = 0;
    while observer.figures().log_lines_dropped == 0 {
        (0..10_000).for_each(|_| client().request(None, head).answered(Why::NoRoute, 0));
        made += 10_000;
        assert!(made < 1_000_000, "the queue has no end");
    }
    leave();
    observer.close(Duration::from_millis(10));
    drop(reader);
    // The writer is let go: what it could not write is lost as well.
    observer.close(Duration::from_secs(20));
    let figures = observer.figures();
    assert_eq!(figures.log_lines + figures.log_lines_dropped, made);
}

#[tokio::test(start_paused = true)]
async fn a_line_does_not_wait_for_its_batch_to_fill() {
    let (observer, mut reader) = logging(LogFormat::Json, false);
    let flushing = tokio::spawn(flush_often());
    client().request(None, head).answered(Why::NoRoute, 0);
    advance(Duration::from_millis(600)).await;
    tokio::task::yield_now().await;
    assert!(reader.read(&mut [0; 1000]).unwrap() > 100);
    flushing.abort();
    drop(observer);
    leave();
}

/// Every kind of line, in a format of one's own.
async fn check_format(http: &str, tcp: &str, expected: &Expect) {
    let captures = Capture::parse_list("X-A:30,X-B:4").unwrap();
    let environment = Environment { host_name: "edge1".to_owned(), ..Environment::default() };
    let format = |text, mode| Some(Format::parse(text, mode, &captures, &environment).unwrap());
    let (http, tcp) = (format(http, Mode::Http), format(tcp, Mode::Tcp));
    let (observer, reader) =
        logging_as(LogSettings { http, tcp, captures: captures.into(), ..LogSettings::new(LogFormat::Haproxy) });
    every_kind(&backend("a")).await;
    expected.assert_eq(&masked(&logged(observer, reader)));
}

/// The texts of `option httplog` and `option tcplog` in HAProxy's manual, with captured fields.
#[tokio::test(start_paused = true)]
async fn behaviour_121_haproxys_own_formats_make_its_own_lines() {
    let http = "\"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r\"";
    let tcp = "\"%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq\"";
    check_format(http, tcp, &expect![[r##"
        HAPRoxy: 10.0.0.1:4000 [DATE] services a-be80_0/10.0.0.1:80 0/0/2/30/40 200 1000 - - ---- 0/0/0/0/0 0/0 {a#7Bb#7Cc#7D#22#23d#01#FF]|} "GET /a?b HTTP/1.1"
        HAPRoxy: 10.0.0.1:4000 [DATE] services a-be80_0/<NOSRV> 0/-1/-1/-1/0 503 200 - - SC-- 0/0/0/0/1 0/0 {a#7Bb#7Cc#7D#22#23d#01#FF]|} "GET /a?b HTTP/1.1"
        HAPRoxy: 10.0.0.1:4000 [DATE] services services/<NOSRV> -1/-1/-1/-1/0 400 0 - - PR-- 0/0/0/0/0 0/0 "<BADREQ>"
        HAPRoxy: 10.0.0.1:4000 [DATE] services services/<NOSRV> 0/-1/-1/-1/0 302 150 - - LR-- 0/0/0/0/0 0/0 {a#7Bb#7Cc#7D#22#23d#01#FF]|} "GET /a?b HTTP/1.1"
        HAPRoxy: 10.0.0.1:4000 [DATE] services a-be80_0/10.0.0.1:80 0/0/0 0 SD 0/0/0/0/0 0/0
    "##]]).await;
}

#[tokio::test(start_paused = true)]
async fn behaviour_121_a_format_says_what_it_is_asked_for() {
    let http =
        "'[x] %H %HM %HP %HPO %HQ %HU %HV|%{+Q}HQ|%si:%sp|%{+Q}CC %lc 100%% %Td %{+E}[capture.req.hdr(0)] %hrl %U%hs'";
    check_format(http, "'[x] %lc %Td %hr %{+Q}b'", &expect![[r##"
        HAPRoxy: [DATE] edge1 GET /a /a ?b /a?b HTTP/1.1|"?b"|10.0.0.1:80|"" 1 100% 8 a#7Bb#7Cc#7D#22#23d#01#FF\] a#7Bb#7Cc#7D#22#23d#01#FF] - 100
        HAPRoxy: [DATE] edge1 GET /a /a ?b /a?b HTTP/1.1|"?b"|-:-|"" 2 100% -1 a#7Bb#7Cc#7D#22#23d#01#FF\] a#7Bb#7Cc#7D#22#23d#01#FF] - 0
        HAPRoxy: [DATE] edge1 <BADREQ> <BADREQ> <BADREQ> <BADREQ> <BADREQ> <BADREQ>|"<BADREQ>"|-:-|"" 3 100% -1 - 0
        HAPRoxy: [DATE] edge1 GET /a /a ?b /a?b HTTP/1.1|"?b"|-:-|"" 4 100% -1 a#7Bb#7Cc#7D#22#23d#01#FF\] a#7Bb#7Cc#7D#22#23d#01#FF] - 0
        HAPRoxy: [DATE] 5 0 "a-be80_0"
    "##]]).await;
}

#[tokio::test(start_paused = true)]
async fn behaviour_121_captured_fields_are_cut_to_their_length_on_both_kinds_of_lines() {
    let captures: Arc<[Capture]> = Capture::parse_list("X-A:4,X-B:4").unwrap().into();
    for (format, expected) in
        [(LogFormat::Haproxy, r#" 0/0 {a#7Bb#7C|} "GET "#), (LogFormat::Json, r#","captured":{"X-A":"a{b|"},"#)]
    {
        let settings = LogSettings { captures: Arc::clone(&captures), ..LogSettings::new(format) };
        let (observer, reader) = logging_as(settings);
        client().request(None, head).answered(Why::NoRoute, 0);
        let text = logged(observer, reader);
        assert!(text.contains(expected), "{text}");
    }
}
