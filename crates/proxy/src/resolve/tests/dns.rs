//! A DNS server on a loopback port that says what a test tells it to. It knows A records over UDP and nothing else.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::timeout;

/// How long a question is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const HEADER: usize = 12;
const TYPE_A: [u8; 2] = [0, 1];

/// What is said about a name. Names that nothing was said about do not exist.
#[derive(Clone, Debug)]
pub(crate) enum Says {
    Addresses(Vec<Ipv4Addr>),
    /// NXDOMAIN.
    NoSuchName,
    /// SERVFAIL.
    Failure,
    /// Nothing at all.
    Silence,
}

/// The server. It ends with the runtime it was started on.
pub(crate) struct FakeDns {
    pub(crate) address: SocketAddr,
    names: Arc<Mutex<HashMap<String, Says>>>,
    questions: mpsc::UnboundedReceiver<String>,
}

impl FakeDns {
    pub(crate) async fn start() -> FakeDns {
        let socket = UdpSocket::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = socket.local_addr().expect("a bound socket");
        let names = Arc::new(Mutex::new(HashMap::new()));
        let (asked, questions) = mpsc::unbounded_channel();
        tokio::spawn(answer_all(socket, Arc::clone(&names), asked));
        FakeDns { address, names, questions }
    }

    /// From now on, `says` is what is said about `name`.
    pub(crate) fn about(&self, name: &str, says: Says) {
        self.names.lock().expect("no panic").insert(name.to_owned(), says);
    }

    /// `name` has these addresses, given by the last number of 127.0.0.0.
    pub(crate) fn resolves(&self, name: &str, last: &[u8]) {
        self.about(name, Says::Addresses(last.iter().map(|last| Ipv4Addr::new(127, 0, 0, *last)).collect()));
    }

    /// Waits until somebody asks for `name`.
    pub(crate) async fn is_asked_for(&mut self, name: &str) {
        let asked = async { while self.questions.recv().await.is_some_and(|asked| asked != name) {} };
        timeout(PATIENCE, asked).await.unwrap_or_else(|_| panic!("nobody asked for {name}"));
    }

    /// All names asked for since this was last called, in order of the alphabet.
    pub(crate) fn questions(&mut self) -> Vec<String> {
        let mut questions: Vec<_> = std::iter::from_fn(|| self.questions.try_recv().ok()).collect();
        questions.sort();
        questions
    }
}

async fn answer_all(socket: UdpSocket, names: Arc<Mutex<HashMap<String, Says>>>, asked: mpsc::UnboundedSender<String>) {
    let mut packet = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut packet).await {
        let Some((name, question)) = question(&packet[..length]) else { continue };
        let is_for_addresses = question.ends_with(&[TYPE_A, [0, 1]].concat());
        let says = names.lock().expect("no panic").get(&name).cloned().unwrap_or(Says::NoSuchName);
        if is_for_addresses {
            let _ = asked.send(name);
        }
        let (code, addresses) = match says {
            Says::Addresses(addresses) if is_for_addresses => (0, addresses),
            Says::Addresses(_) => (0, Vec::new()),
            Says::NoSuchName => (3, Vec::new()),
            Says::Failure => (2, Vec::new()),
            Says::Silence => continue,
        };
        let _ = socket.send_to(&reply(&packet, question, code, &addresses), from).await;
    }
}

/// The name asked for, without its last dot, and the bytes of the question.
fn question(packet: &[u8]) -> Option<(String, &[u8])> {
    let (mut labels, mut at) = (Vec::new(), HEADER);
    while *packet.get(at)? > 0 {
        let label = packet.get(at + 1..at + 1 + usize::from(packet[at]))?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += 1 + label.len();
    }
    Some((labels.join("."), packet.get(HEADER..at + 5)?))
}

/// A reply to the packet that begins with `id` (RFC 1035 §4.1).
fn reply(id: &[u8], question: &[u8], code: u8, addresses: &[Ipv4Addr]) -> Vec<u8> {
    let count = u8::try_from(addresses.len()).expect("few addresses");
    let mut reply = [&id[..2], &[0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0], question].concat();
    for address in addresses {
        // The name is that of the question; ten minutes to live, as Docker says.
        reply.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 2, 88, 0, 4]);
        reply.extend_from_slice(&address.octets());
    }
    reply
}
