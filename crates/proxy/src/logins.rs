//! Hashed passwords, found out where nobody waits for them: a few at a time on threads of their own, and every answer is remembered.
//!
//! What is remembered is an answer to a question that names the password and its hash: it stays true whatever becomes of services and
//! users, and one whom nobody asks for any more opens nothing. It is kept under a keyed digest, never with the password.
//! Not here: which requests have to ask (`model::auth`), and what they are told (`exchange::guard`).

mod turns;

use model::auth::Question;
use rustc_hash::FxHashSet;
use rustls::crypto::aws_lc_rs::default_provider;
use sha2::{Digest as _, Sha256};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;
use tokio::task::spawn_blocking;
use turns::{Turn, Turns};

/// Answers of either kind that are remembered; when there are more, those of that kind are forgotten. Guesses displace no right one.
const MOST_REMEMBERED: usize = 10_000;

/// What finds out, and what was found out. All threads share it.
pub(crate) struct Logins {
    /// Half of the processors: the others serve.
    turns: Turns,
    memory: Arc<Mutex<Memory>>,
    /// Random, so that a digest says nothing to whoever sees it.
    key: [u8; 32],
}

/// The answer to a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Right,
    Wrong,
    /// There is none: too many were before it.
    Busy,
}

/// Stands for a question.
type Name = [u8; 32];

#[derive(Default)]
struct Memory {
    right: FxHashSet<Name>,
    wrong: FxHashSet<Name>,
}

impl Logins {
    pub(crate) fn new() -> Logins {
        let mut key = [0; 32];
        default_provider()
            .secure_random
            .fill(&mut key)
            .expect("the kernel has random bytes, or there is no TLS either");
        let turns = available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1));
        Logins { turns: Turns::new(turns), memory: Arc::default(), key }
    }

    /// Whether the password that a client sent is right: at once if it was asked before.
    pub(crate) async fn ask(&self, question: Question, client: IpAddr) -> Login {
        let name = self.name(&question);
        match self.recall(&name) {
            Some(login) => login,
            None => self.find_out(question, name, client).await,
        }
    }

    async fn find_out(&self, question: Question, name: Name, client: IpAddr) -> Login {
        let Some(turn) = self.turns.next(client).await else { return Login::Busy };
        // A browser asks on several connections at once: the first one's answer is for all.
        if let Some(login) = self.recall(&name) {
            return login;
        }
        let memory = Arc::clone(&self.memory);
        let found = spawn_blocking(move || compute(&question, name, &memory, turn)).await;
        // A hash that panics admits nobody.
        found.unwrap_or(Login::Wrong)
    }

    fn recall(&self, name: &Name) -> Option<Login> {
        lock(&self.memory).recall(name)
    }

    fn name(&self, question: &Question) -> Name {
        let mut digest = Sha256::new_with_prefix(self.key);
        for piece in question.pieces() {
            digest.update(piece.len().to_le_bytes());
            digest.update(piece);
        }
        digest.finalize().into()
    }
}

/// Computes and remembers, also where whoever asked has gone. Ends the turn.
fn compute(question: &Question, name: Name, memory: &Mutex<Memory>, _turn: Turn) -> Login {
    let login = if question.is_right() { Login::Right } else { Login::Wrong };
    lock(memory).remember(name, login);
    login
}

/// Held for a look-up; nothing is computed meanwhile.
fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Memory {
    fn recall(&self, name: &Name) -> Option<Login> {
        let is_wrong = || self.wrong.contains(name).then_some(Login::Wrong);
        self.right.contains(name).then_some(Login::Right).or_else(is_wrong)
    }

    fn remember(&mut self, name: Name, login: Login) {
        let of_its_kind = if login == Login::Right { &mut self.right } else { &mut self.wrong };
        if of_its_kind.len() >= MOST_REMEMBERED {
            of_its_kind.clear();
        }
        of_its_kind.insert(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use model::auth::{Access, Admission, global_users};

    const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    /// `my-pass`.
    const USERS: &str = "my-user:$6$rounds=1000$aaaaaaaa$TO.XEB0OGe4Z858fqMb5h4.eciirzbEFu1SxfkMlxBom7rNGYU6D9aRceVxhYFP8ajrnluLjyIF5TA6rsFWuK/";

    fn question(credentials: &str) -> Question {
        let access = Access::new("go", None, &global_users(USERS, true).users);
        let field = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(credentials));
        match access.judge(Some(field.as_bytes())) {
            Admission::Ask(question) => question,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_answer_is_found_out_once_and_then_known() {
        let logins = Logins::new();
        assert_eq!(logins.ask(question("my-user:my-pass"), CLIENT).await, Login::Right);
        assert_eq!(logins.ask(question("my-user:other"), CLIENT).await, Login::Wrong);
        // Nobody gets a turn any more, so what is still answered is known.
        logins.turns.close();
        assert_eq!(logins.ask(question("my-user:my-pass"), CLIENT).await, Login::Right);
        assert_eq!(logins.ask(question("my-user:other"), CLIENT).await, Login::Wrong);
        assert_eq!(logins.ask(question("my-user:another"), CLIENT).await, Login::Busy);
        assert_eq!(logins.ask(question("nobody:my-pass"), CLIENT).await, Login::Busy);
    }

    #[test]
    fn guesses_are_forgotten_and_displace_no_right_answer() {
        let mut memory = Memory::default();
        let name = |number: usize| {
            let mut name = [0; 32];
            name[..8].copy_from_slice(&number.to_le_bytes());
            name
        };
        memory.remember(name(0), Login::Right);
        for guess in 1..=3 * MOST_REMEMBERED {
            memory.remember(name(guess), Login::Wrong);
            assert!(memory.wrong.len() <= MOST_REMEMBERED);
        }
        assert_eq!(memory.recall(&name(0)), Some(Login::Right));
        assert_eq!(memory.recall(&name(3 * MOST_REMEMBERED)), Some(Login::Wrong));
        assert_eq!(memory.recall(&name(1)), None);
    }
}
