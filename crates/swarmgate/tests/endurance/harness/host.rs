//! What the kernel says of a process, and what it may be told: processor time, memory, descriptors, signals, limits.

use anyhow::Context as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

/// A process as the kernel counts it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// Time on a processor, to a hundredth of a second.
    pub(crate) busy: Duration,
    /// KiB of memory.
    pub(crate) resident: u64,
    /// The most KiB of memory so far.
    pub(crate) peak: u64,
    /// Open descriptors.
    pub(crate) descriptors: usize,
}

impl Usage {
    pub(crate) fn of(process: u32) -> anyhow::Result<Usage> {
        let place = format!("/proc/{process}");
        let stat = fs::read_to_string(format!("{place}/stat")).context("the process is there")?;
        // The second field is a name in parentheses and may hold spaces.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks =
            fields.get(11..13).context("times")?.iter().filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
        let status = fs::read_to_string(format!("{place}/status"))?;
        let descriptors = fs::read_dir(format!("{place}/fd"))?.count();
        let (resident, peak) = (kib(&status, "VmRSS:"), kib(&status, "VmHWM:"));
        Ok(Usage { busy: Duration::from_millis(ticks * 10), resident, peak, descriptors })
    }
}

fn kib(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// Sends a signal to a process that these tests started.
pub(crate) fn signal(process: u32, name: &str) -> anyhow::Result<()> {
    let sent = Command::new("kill").args([&format!("-{name}"), &process.to_string()]).status()?;
    anyhow::ensure!(sent.success(), "SIG{name} could not be sent");
    Ok(())
}

/// Raises the limit of open descriptors of this process, and of those it starts, as far as it may go; returns the limit.
pub(crate) fn raise_descriptors() -> anyhow::Result<usize> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find(|line| line.starts_with("Max open files")).context("a limit of files")?;
    let hard = line.split_whitespace().nth(4).context("a hard limit")?.to_owned();
    let us = std::process::id().to_string();
    let raised = Command::new("prlimit").args(["--pid", &us, &format!("--nofile={hard}:{hard}")]).status();
    anyhow::ensure!(raised.is_ok_and(|status| status.success()), "prlimit cannot raise the limit of descriptors");
    Ok(hard.parse().unwrap_or(usize::MAX))
}
