//! Many services and many reconnects: nothing is lost, and memory stays flat.

use std::time::Duration;

use crate::docker::FakeDocker;
use crate::receiver::Receiver;
use crate::{settings, start};

const WEB: [(&str, &str); 2] = [("com.df.notify", "true"), ("com.df.port", "80")];

/// What this process holds in memory, in KiB.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").expect("linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is told");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn r14_five_hundred_services_created_in_a_row_are_all_announced() {
    let (mut docker, mut proxy) = (FakeDocker::start(), Receiver::start().await);
    let _listener = start(settings(&docker, &proxy), &mut docker).await;
    for number in 0..500 {
        docker.sets(&format!("web-{number:03}"), &WEB);
        tokio::task::yield_now().await;
    }
    let mut missing: Vec<String> = (0..500).map(|number| format!("serviceName=web-{number:03}")).collect();
    while !missing.is_empty() {
        let request = proxy.hears().await;
        missing.retain(|name| !request.ends_with(name.as_str()));
    }
    assert!(proxy.unheard().is_empty(), "each is told once");
}

#[tokio::test]
async fn r14_a_thousand_reconnects_leave_memory_flat() {
    let (mut docker, proxy) = (FakeDocker::start(), Receiver::start().await);
    for number in 0..50 {
        docker.sets(&format!("web-{number}"), &WEB);
    }
    let mut settings = settings(&docker, &proxy);
    settings.pace.events_silence = Duration::from_millis(1);
    let _listener = start(settings, &mut docker).await;
    for _ in 0..200 {
        docker.events_opened().await;
    }
    let before = resident();
    for _ in 0..1000 {
        docker.events_opened().await;
    }
    let grown = resident().saturating_sub(before);
    // The other tests of this process run beside it.
    assert!(grown < 64 * 1024, "{grown} KiB more");
}
