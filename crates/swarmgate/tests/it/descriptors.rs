//! A proxy that runs out of file descriptors: its clients wait, its API answers, and it goes on when some are free.
//!
//! The limit is a process's, so the program runs in one of its own.

use crate::harness::{PATIENCE, Peer, connect, free_port};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// The program with so many descriptors.
struct Limited {
    program: Child,
    lines: mpsc::Receiver<String>,
    port: u16,
    api: u16,
}

impl Limited {
    fn start(descriptors: u32) -> Limited {
        let (port, api) = (free_port(), free_port());
        let command = format!("ulimit -n {descriptors} && exec {} proxy", env!("CARGO_BIN_EXE_swarmgate"));
        let mut program = Command::new("sh")
            .args(["-c", &command])
            .env_clear()
            .envs([("DEFAULT_PORTS", port.to_string()), ("PORT", api.to_string()), ("IP", "127.0.0.1".to_owned())])
            .envs([("THREADS", "1"), ("TIMEOUT_HTTP_REQUEST", "60")])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = BufReader::new(program.stdout.take().expect("a pipe"));
        let (told, lines) = mpsc::channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| told.send(line)));
        let limited = Limited { program, lines, port, api };
        limited.says("threads, API on");
        limited
    }

    /// Waits for a line of its log with this text.
    fn says(&self, text: &str) -> String {
        loop {
            let line = self.lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("the log never said {text:?}"));
            if line.contains(text) {
                return line;
            }
        }
    }

    async fn ping(&self) {
        let mut caller = connect(self.api).await;
        caller.send("GET /v1/docker-flow-proxy/ping HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert_eq!(caller.reply().await.status(), 200);
    }

    /// The time it has spent on a processor, in the kernel's ticks of 10 ms.
    fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.program.id())).expect("Linux");
        let fields: Vec<_> = stat.rsplit(')').next().expect("a name").split_ascii_whitespace().collect();
        fields[11..13].iter().map(|ticks| ticks.parse::<u64>().expect("a number")).sum()
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        // A program that has ended already is no matter.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

async fn ask(client: &mut Peer) -> u16 {
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.reply().await.status()
}

#[tokio::test]
async fn when_descriptors_run_out_the_api_answers_nothing_spins_and_it_goes_on_at_once_when_some_are_free() {
    let proxy = Limited::start(80);
    let mut clients = Vec::new();
    for _ in 0..120 {
        clients.push(connect(proxy.port).await);
    }
    proxy.says("file descriptors have run out");
    let before = proxy.ticks();
    for _ in 0..2 {
        proxy.says("file descriptors have run out");
        proxy.ping().await;
    }
    let spent = proxy.ticks() - before;
    assert!(spent < 50, "two seconds of waiting took {spent} ticks of 10 ms");
    // Those who wait are served, not refused, once others have left.
    let mut last = clients.pop().expect("many");
    drop(clients);
    let served = tokio::time::timeout(Duration::from_secs(6), ask(&mut last)).await;
    assert_eq!(served.expect("within six seconds"), 503);
    assert_eq!(ask(&mut connect(proxy.port).await).await, 503);
}
