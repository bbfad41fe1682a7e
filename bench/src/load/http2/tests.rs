//! Answers as a server frames them, cut everywhere, and answers that are wrong.

use super::{Connection, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, SETTINGS, Stream, push_frame};
use crate::http::Fault;
use crate::load::{Ask, Load, Manner, Question};

fn question() -> Question {
    let ask = Ask { port: 0, path: "/a".to_owned(), body: 5, manner: Manner::Streams(1), tls: None };
    Load::new(&ask, 0).question
}

fn connection() -> Connection {
    let streams = vec![Stream { id: 1, left: None }];
    Connection { streams, next: 3, marked: 1, piece: Vec::new(), unsent: Vec::new(), received: 0 }
}

fn answer(status: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    push_frame(&mut bytes, HEADERS, END_HEADERS, 1, &[status, 0x5c, 1, b'5']);
    push_frame(&mut bytes, DATA, END_STREAM, 1, body);
    bytes
}

#[test]
fn an_answer_is_whole_wherever_it_is_cut_and_is_asked_for_again() {
    let (question, bytes) = (question(), answer(0x88, b"hello"));
    for cut in 1..bytes.len() {
        let mut connection = connection();
        assert_eq!(connection.feed(&bytes[..cut], &question).unwrap(), 0, "cut at {cut}");
        assert_eq!(connection.feed(&bytes[cut..], &question).unwrap(), 1, "cut at {cut}");
        assert_eq!(connection.streams[0].id, 3, "the next request is on a stream of its own");
        assert!(connection.unsent.ends_with(&question.blocks[1]), "and refers to the fields of the first one");
    }
}

#[test]
fn only_what_was_asked_before_the_mark_can_be_lost() {
    let mut connection = connection();
    connection.mark();
    assert_eq!(connection.unanswered(), 1);
    connection.feed(&answer(0x88, b"hello"), &question()).unwrap();
    assert_eq!(connection.unanswered(), 0);
}

#[test]
fn a_wrong_answer_is_a_fault() {
    let fault = |bytes: &[u8]| connection().feed(bytes, &question()).unwrap_err();
    assert!(matches!(fault(&answer(0x8d, b"hello")), Fault::Status(404)));
    assert!(matches!(fault(&answer(0x48, b"hello")), Fault::Status(0)), "a status that is spelled out");
    assert!(matches!(fault(&answer(0x88, b"hell")), Fault::Length { got: 4, want: 5 }));
    assert!(matches!(fault(&answer(0x88, b"hello!")), Fault::Surplus));
    let mut bytes = Vec::new();
    push_frame(&mut bytes, DATA, END_STREAM, 1, b"hello");
    assert!(matches!(fault(&bytes), Fault::Block));
    bytes.clear();
    push_frame(&mut bytes, DATA, END_STREAM, 5, b"hello");
    assert!(matches!(fault(&bytes), Fault::Surplus), "a stream that nobody asked for");
    bytes.clear();
    push_frame(&mut bytes, GOAWAY, 0, 0, &[0; 8]);
    assert!(matches!(fault(&bytes), Fault::Refused(GOAWAY)));
}

#[test]
fn settings_and_pings_are_acknowledged() {
    let (mut connection, mut bytes) = (connection(), Vec::new());
    push_frame(&mut bytes, SETTINGS, 0, 0, &[]);
    push_frame(&mut bytes, PING, 0, 0, b"12345678");
    push_frame(&mut bytes, SETTINGS, 1, 0, &[]);
    assert_eq!(connection.feed(&bytes, &question()).unwrap(), 0);
    let mut want = Vec::new();
    push_frame(&mut want, SETTINGS, 1, 0, &[]);
    push_frame(&mut want, PING, 1, 0, b"12345678");
    assert_eq!(connection.unsent, want);
}
