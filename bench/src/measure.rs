//! What a process used, as the kernel counted it, and the middle of many such samples.
//!
//! CPU time comes from schedstat (user, system and the softirq work done on the process's account, in nanoseconds), because `times`
//! in /proc/<pid>/stat is sampled by ticks and too coarse for runs of two seconds.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// CPU time of a process and its children, all threads, since each of them began.
#[derive(Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// Time in which it could have run but something else had the core.
    pub(crate) waited: Duration,
}

/// One proxy under one workload for one round.
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) failed: u64,
    pub(crate) first_fault: Option<String>,
    pub(crate) wall: Duration,
    pub(crate) usage: Usage,
    /// What this program, load and backend, used meanwhile.
    pub(crate) own: Usage,
    pub(crate) rss_kib: u64,
}

pub(crate) fn usage(pid: u32) -> Result<Usage> {
    let mut sum = Usage::default();
    for thread in threads(pid)? {
        // A thread that has just ended takes its count with it.
        let Ok(text) = fs::read_to_string(format!("{thread}/schedstat")) else { continue };
        let mut fields = text.split(' ').map_while(|field| field.parse().ok());
        sum.cpu +=
            Duration::from_nanos(fields.next().context("schedstat is empty: the kernel lacks CONFIG_SCHED_INFO")?);
        sum.waited += Duration::from_nanos(fields.next().context("schedstat has one field")?);
    }
    Ok(sum)
}

/// Resident memory of a process and its children in KiB; pages they share are counted for each.
pub(crate) fn rss_kib(pid: u32) -> Result<u64> {
    let mut sum = 0;
    for member in family(pid)? {
        match own_rss_kib(member) {
            Ok(kib) => sum += kib,
            Err(error) if member == pid => return Err(error),
            // A child that has just ended has none.
            Err(_) => {}
        }
    }
    Ok(sum)
}

fn own_rss_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

fn threads(pid: u32) -> Result<Vec<String>> {
    let mut threads = Vec::new();
    for pid in family(pid)? {
        let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        threads.extend(tasks.flatten().map(|task| task.path().to_string_lossy().into_owned()));
    }
    Ok(threads)
}

/// The process and all its descendants. Those may end at any time; the process itself must be there.
fn family(pid: u32) -> Result<Vec<u32>> {
    let mut family = vec![pid];
    let mut next = 0;
    while let Some(member) = family.get(next).copied() {
        next += 1;
        let tasks = match fs::read_dir(format!("/proc/{member}/task")) {
            Err(_) if member != pid => continue,
            tasks => tasks.with_context(|| format!("process {pid} is gone"))?,
        };
        for thread in tasks.flatten() {
            let children = fs::read_to_string(Path::new(&thread.path()).join("children")).unwrap_or_default();
            family.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    Ok(family)
}

impl Usage {
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(earlier.cpu), waited: self.waited.saturating_sub(earlier.waited) }
    }
}

impl Sample {
    /// CPU time per right answer in microseconds: the figure to compare.
    pub(crate) fn cost(&self) -> f64 {
        self.usage.cpu.as_secs_f64() * 1e6 / self.requests as f64
    }

    pub(crate) fn rss_mib(&self) -> f64 {
        self.rss_kib as f64 / 1024.0
    }

    pub(crate) fn rate(&self) -> f64 {
        self.requests as f64 / self.wall.as_secs_f64()
    }

    /// The share of its core that the proxy used.
    pub(crate) fn busy(&self) -> f64 {
        self.usage.cpu.as_secs_f64() / self.wall.as_secs_f64()
    }

    /// The share of the time in which something else had the core that the proxy or the load wanted.
    pub(crate) fn disturbed(&self) -> f64 {
        self.usage.waited.max(self.own.waited).as_secs_f64() / self.wall.as_secs_f64()
    }
}

/// The value below which the share `part` (0 to 1) of the values lies; NaN of none.
pub(crate) fn quantile(values: impl IntoIterator<Item = f64>, part: f64) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    let place = part * last as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (values.get(low), values.get(high)) {
        (Some(below), Some(above)) => below + (above - below) * place.fract(),
        _ => f64::NAN,
    }
}

pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

#[cfg(test)]
mod tests {
    use super::{median, quantile, rss_kib, usage};

    #[test]
    fn the_middle_of_odd_and_even_many() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(quantile((0..=100).map(f64::from), 0.99), 99.0);
        assert!(median([]).is_nan());
    }

    #[test]
    fn this_process_uses_time_and_memory() {
        let before = usage(std::process::id()).unwrap();
        let sum: u64 = (0..20_000_000u64).map(std::hint::black_box).sum();
        assert!(sum > 0);
        assert!(usage(std::process::id()).unwrap().since(before).cpu.as_micros() > 100);
        assert!(rss_kib(std::process::id()).unwrap() > 100);
    }
}
