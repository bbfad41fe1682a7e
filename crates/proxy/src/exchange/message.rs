//! A message as statements see and change it: its line, its fields, and the connection it came on.
//!
//! What frames a message, and what belongs to one connection only, no statement changes. Octets that could leave their place are replaced.
//! Not here: the language (`model::expression`), and when statements run (`exchange::remake`, `exchange::treatment`).

use super::draft::Draft;
use crate::answer::{Answer, Returned};
use crate::origin::Origin;
use model::MOST_WRITTEN;
use model::expression::{Subject, Substitution};
use model::statement::{Action, Return, Statement};
use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::SystemTime;

/// The frontend's name, as in haproxy.cfg.
const FRONTEND: &str = "services";
/// Fields that say where a message ends, or what becomes of its connection (RFC 9110 §7.6.1, RFC 9112 §6).
const PROTECTED: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// A request or a response on its way.
pub(super) struct Message<'m, 'b> {
    pub(super) origin: &'m Origin,
    /// The backend's name; the frontend's until one is chosen.
    pub(super) backend: &'m str,
    /// The request's.
    pub(super) method: Cow<'m, [u8]>,
    /// The request's; empty where the message is its response.
    pub(super) target: Cow<'m, [u8]>,
    /// The response's.
    pub(super) status: Option<u16>,
    pub(super) draft: Draft<'b>,
}

impl Message<'_, '_> {
    /// Does what the statements say, in order, each on what the one before left. An answer ends it, and so does a message
    /// that has become too long to be one: the next statement could double it.
    pub(super) fn run(&mut self, statements: &[Statement]) -> Option<Answer> {
        for Statement { action, condition } in statements {
            if condition.as_ref().is_some_and(|condition| !condition.holds(self)) {
                continue;
            }
            match action {
                Action::Allow => return None,
                Action::Deny { status } => return Some(Answer::Denied(*status)),
                Action::Redirect(redirect) => {
                    let location = cleaned(redirect.location(self));
                    if location.len() >= MOST_WRITTEN {
                        return Some(TOO_LONG);
                    }
                    return Some(Answer::Redirect(model::route::Redirect { status: redirect.status, location }));
                }
                Action::Return(answer) => {
                    let returned = self.returned(answer).map(|returned| Answer::Returned(Box::new(returned)));
                    return Some(returned.unwrap_or(TOO_LONG));
                }
                other => self.change(other),
            }
            if self.method.len() + self.target.len() + self.draft.length() >= MOST_WRITTEN {
                return Some(TOO_LONG);
            }
        }
        None
    }

    fn change(&mut self, action: &Action) {
        match action {
            Action::AddHeader { name, value } if may_add(name) => self.draft.add(name, self.written(value)),
            Action::SetHeader { name, value } if may_set(name) => self.draft.set(name, self.written(value)),
            Action::DelHeader { name } if may_add(name) => self.draft.remove(name),
            Action::ReplaceHeader { name, substitution } if may_set(name) => {
                self.replace(name, |message, value| substitution.apply(message, value));
            }
            Action::ReplaceValue { name, substitution } if may_set(name) => {
                self.replace(name, |message, value| message.replaced_in_list(value, substitution));
            }
            Action::SetMethod(method) => self.method = Cow::Owned(self.written(method)),
            Action::SetUri(target) => self.set_target(self.written(target)),
            Action::SetPath(path) => self.set_path(self.written(path)),
            Action::SetQuery(query) => self.set_query(&self.written(query)),
            Action::ReplacePath(substitution) => {
                let changed = substitution.apply(self, split_target(&self.target).0);
                changed.into_iter().for_each(|path| self.set_path(path));
            }
            // What is protected; the answers are given elsewhere.
            _ => {}
        }
    }

    fn written(&self, value: &model::expression::Expression) -> Vec<u8> {
        let mut written = Vec::new();
        value.write(self, &mut written);
        cleaned(written)
    }

    /// Each value of a field that `change` changes.
    fn replace(&mut self, name: &str, change: impl Fn(&Self, &[u8]) -> Option<Vec<u8>>) {
        let mut written = 0;
        let mut changed = |value: &[u8]| {
            let changed = change(self, value).map(cleaned).filter(|_| written < MOST_WRITTEN);
            written += changed.as_ref().map_or(0, Vec::len);
            changed
        };
        let changed: Vec<_> = self.draft.values(name).map(&mut changed).collect();
        self.draft.replace(name, changed);
    }

    /// Each element of a comma-separated value that the search matches; `None`: none.
    fn replaced_in_list(&self, value: &[u8], substitution: &Substitution) -> Option<Vec<u8>> {
        let (mut any, mut list) = (false, Vec::new());
        for (place, element) in value.split(|byte| *byte == b',').enumerate() {
            if list.len() >= MOST_WRITTEN {
                break;
            }
            list.extend_from_slice(if place > 0 { b"," } else { b"" });
            let text = element.trim_ascii();
            match substitution.apply(self, text).filter(|_| !text.is_empty()) {
                None => list.extend_from_slice(element),
                Some(changed) => {
                    any = true;
                    list.extend_from_slice(&element[..element.len() - element.trim_ascii_start().len()]);
                    list.extend_from_slice(&changed);
                }
            }
        }
        any.then_some(list)
    }

    fn set_target(&mut self, target: Vec<u8>) {
        self.target = Cow::Owned(encoded(&target));
    }

    fn set_path(&mut self, path: Vec<u8>) {
        let query = split_target(&self.target).1.to_vec();
        self.set_target([path, query].concat());
    }

    fn set_query(&mut self, query: &[u8]) {
        let path = split_target(&self.target).0.to_vec();
        let mark: &[u8] = if query.is_empty() { b"" } else { b"?" };
        self.set_target([&*path, mark, query].concat());
    }

    /// `None`: it would be too long.
    fn returned(&self, answer: &Return) -> Option<Returned> {
        let mut fields = Vec::new();
        let content_type =
            answer.content_type.as_ref().map(|text| ("Content-Type", cleaned(text.clone().into_bytes())));
        let own = answer.headers.iter().filter(|(name, _)| may_add(name));
        let own = own.map(|(name, value)| (name.as_str(), self.written(value)));
        for (name, value) in content_type.into_iter().chain(own) {
            fields.extend_from_slice(&[name.as_bytes(), b": ", &value, b"\r\n"].concat());
            if fields.len() >= MOST_WRITTEN {
                return None;
            }
        }
        let mut body = Vec::new();
        answer.body.write(self, &mut body);
        (body.len() < MOST_WRITTEN).then_some(Returned { status: answer.status, fields, body })
    }
}

impl Subject for Message<'_, '_> {
    fn source(&self) -> SocketAddr {
        self.origin.source
    }

    fn local(&self) -> SocketAddr {
        self.origin.local
    }

    fn is_tls(&self) -> bool {
        self.origin.is_encrypted()
    }

    fn server_name(&self) -> Option<&str> {
        self.origin.server_name.as_deref()
    }

    fn is_verified_client(&self) -> bool {
        self.origin.is_verified()
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn frontend(&self) -> &str {
        FRONTEND
    }

    fn backend(&self) -> &str {
        self.backend
    }

    fn method(&self) -> &[u8] {
        &self.method
    }

    fn target(&self) -> &[u8] {
        &self.target
    }

    fn status(&self) -> Option<u16> {
        self.status
    }

    fn fields(&self, name: &str, visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.draft.values(name).any(visit)
    }
}

/// The name before any backend is chosen.
pub(super) const NO_BACKEND: &str = FRONTEND;

/// In place of a message that its statements have made too long: 500 for its client.
const TOO_LONG: Answer = Answer::Status(500);

/// Whether fields of this name may come and go. A request has one Host.
fn may_add(name: &str) -> bool {
    may_set(name) && !name.eq_ignore_ascii_case("host")
}

/// Whether the value of such a field may change.
fn may_set(name: &str) -> bool {
    !PROTECTED.iter().any(|protected| protected.eq_ignore_ascii_case(name))
}

/// A value without octets that end a line or mean something to a terminal: each is a blank, as RFC 9110 §5.5 has it.
fn cleaned(mut value: Vec<u8>) -> Vec<u8> {
    value.iter_mut().filter(|byte| **byte != b'\t' && (**byte < b' ' || **byte == 0x7f)).for_each(|byte| *byte = b' ');
    match value.len() < MOST_WRITTEN {
        true => value.trim_ascii().to_vec(),
        false => value, // It is seen to be too long.
    }
}

/// A target whose octets can stand in a URI: any others are percent-encoded (RFC 3986 §2.1).
fn encoded(target: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(target.len());
    for byte in target {
        match byte {
            b'#' | ..=b' ' | 0x7f.. => encoded.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            _ => encoded.push(*byte),
        }
    }
    encoded
}

/// The path, and the query with its question mark.
fn split_target(target: &[u8]) -> (&[u8], &[u8]) {
    target.split_at(memchr::memchr(b'?', target).unwrap_or(target.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::fields::Class;
    use crate::origin::{Local, Security};
    use crate::trusted::Trusted;
    use httparse::Header;
    use model::expression::Expression;

    fn after(actions: &[Action], fields: &[(&str, &str)]) -> (String, Option<Answer>) {
        let local = Local { port: 80, address: ([127, 0, 0, 1], 80).into() };
        let origin = Origin::new(([127, 0, 0, 1], 1).into(), local, Security::Plain, &Trusted::default());
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let (method, target) = (Cow::Borrowed(&b"GET"[..]), Cow::Borrowed(&b"/a?b"[..]));
        let draft = Draft::of(headers.iter().map(|header| (Class::Plain, header)));
        let mut message = Message { origin: &origin, backend: "b", method, target, status: None, draft };
        let statements: Vec<_> =
            actions.iter().map(|action| Statement { action: action.clone(), condition: None }).collect();
        let answer = message.run(&statements);
        let mut written = Vec::new();
        message.draft.write(&[&message.method, &b" "[..], &message.target, b"|"].concat(), &mut written);
        (String::from_utf8(written).unwrap().replace("\r\n", "|"), answer)
    }

    fn set(name: &str, value: &str) -> Action {
        Action::SetHeader { name: name.to_owned(), value: Expression::text(value) }
    }

    #[test]
    fn no_octet_of_a_value_leaves_its_place() {
        let (written, _) = after(&[set("X-A", " a\r\nX-B: c\0\x7f\u{1b}[0m\td\n")], &[]);
        assert_eq!(written, "GET /a?b|X-A: a  X-B: c   [0m\td||");
        let (written, _) = after(&[Action::SetPath(Expression::text("/x y\r\nHost: z#é"))], &[]);
        assert_eq!(written, "GET /x%20y%20%20Host:%20z%23%C3%A9?b||", "a path has no blanks either");
        let (_, answer) = after(
            &[Action::Return(Return {
                status: 200,
                content_type: Some("a\r\nX-B: c".to_owned()),
                body: Expression::text("d\r\n"),
                headers: vec![("X-C".to_owned(), Expression::text("e\r\nX-D: f"))],
            })],
            &[],
        );
        let Some(Answer::Returned(returned)) = answer else { panic!("it is an answer") };
        assert_eq!(returned.fields, b"Content-Type: a  X-B: c\r\nX-C: e  X-D: f\r\n");
    }

    #[test]
    fn what_frames_a_message_and_its_connection_stays() {
        let fields = [("Host", "h"), ("Content-Length", "3"), ("Connection", "close"), ("Te", "trailers")];
        let mut actions: Vec<_> = PROTECTED.iter().map(|name| set(name, "x")).collect();
        actions.extend(PROTECTED.iter().map(|name| Action::DelHeader { name: name.to_uppercase() }));
        actions.push(Action::AddHeader { name: "Transfer-Encoding".to_owned(), value: Expression::text("chunked") });
        actions.push(Action::AddHeader { name: "host".to_owned(), value: Expression::text("x") });
        actions.push(Action::DelHeader { name: "HOST".to_owned() });
        let (written, _) = after(&actions, &fields);
        assert_eq!(written, "GET /a?b|Host: h|Content-Length: 3|Connection: close|Te: trailers||");
    }

    fn language(text: &str) -> Expression {
        Expression::parse(text, model::expression::Scope::Request, &Default::default()).unwrap()
    }

    #[test]
    fn bug_statements_that_double_a_message_took_all_memory() {
        let many = |sample: &str| language(&sample.repeat(300));
        let header = |sample: &str| Action::SetHeader { name: "X".to_owned(), value: many(sample) };
        let encoded = format!("%[req.hdr(X){}]", ",base64".repeat(300));
        for bomb in [
            header("%[req.hdr(X)]"),
            header("%[req.hdr(X),regsub(a,aaaaaaaaaaaaaaaa,g)]"),
            Action::SetHeader { name: "X".to_owned(), value: language(&encoded) },
            Action::AddHeader { name: "X".to_owned(), value: many("%[req.hdr(X)]") },
            Action::SetPath(many("%[path]%HP")),
            Action::SetQuery(many("%[query]x")),
            Action::SetUri(many("%[url]%HU")),
        ] {
            let (written, answer) = after(&vec![bomb.clone(); 20], &[("X", "aaaaaaaa")]);
            assert_eq!(answer, Some(Answer::Status(500)), "{written:.80}");
            assert!(written.len() < 8 * MOST_WRITTEN, "{} bytes: {written:.80}", written.len());
        }
    }

    #[test]
    fn an_answer_ends_the_list_and_so_does_allow() {
        let deny = Action::Deny { status: 429 };
        assert_eq!(after(&[deny.clone(), set("X-A", "b")], &[]), ("GET /a?b||".to_owned(), Some(Answer::Denied(429))));
        assert_eq!(after(&[Action::Allow, deny], &[]), ("GET /a?b||".to_owned(), None));
    }
}
