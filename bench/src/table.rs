//! The results as Markdown, to be read and pasted; and in plain words what is wrong with them.

use crate::compare::Comparison;
use crate::idle::IdleCost;
use crate::measure::{Sample, median, quantile};
use crate::peers::Kind;
use crate::reconfigure::Timing;

/// A proxy that used less of its core than this was not the bottleneck: its figure is not its own.
const SATURATED: f64 = 0.9;

/// CPU per request of every proxy ÷ HAProxy.
pub(crate) fn ratios(comparisons: &[Comparison], kinds: &[Kind]) -> String {
    let others: Vec<Kind> = kinds.iter().copied().filter(|kind| *kind != Kind::Haproxy).collect();
    let names: Vec<_> = others.iter().map(|kind| kind.name()).collect();
    let mut text = format!("| CPU per request ÷ HAProxy | {} |\n", names.join(" | "));
    text += &format!("|---|{}\n", "---|".repeat(others.len()));
    for comparison in comparisons.iter().filter(|comparison| comparison.workload.against == Kind::Haproxy) {
        let cells: Vec<_> = others.iter().map(|kind| ratio_cell(comparison, *kind)).collect();
        text += &format!("| {}: {} | {} |\n", comparison.workload.name, comparison.workload.says, cells.join(" | "));
    }
    text
}

/// What the ratios were made of.
pub(crate) fn details(comparisons: &[Comparison]) -> String {
    let mut text = String::from(
        "| workload | proxy | CPU µs/request | lowest | requests/s | RSS MiB | of its core | ratio, lowest–highest | failed |\n\
         |---|---|---|---|---|---|---|---|---|\n",
    );
    for comparison in comparisons {
        for (kind, samples) in &comparison.samples {
            let ratios = comparison.ratios(*kind);
            text += &format!(
                "| {} | {} | {:.2} | {:.2} | {:.0} | {:.1} | {:.0} % | {:.4}–{:.4} | {} |\n",
                comparison.workload.name,
                kind.name(),
                median(samples.iter().map(Sample::cost)),
                quantile(samples.iter().map(Sample::cost), 0.0),
                median(samples.iter().map(Sample::rate)),
                median(samples.iter().map(Sample::rss_mib)),
                median(samples.iter().map(Sample::busy)) * 100.0,
                quantile(ratios.iter().copied(), 0.0),
                quantile(ratios.iter().copied(), 1.0),
                samples.iter().map(|sample| sample.failed).sum::<u64>(),
            );
        }
    }
    text
}

pub(crate) fn timings(timings: &[Timing]) -> String {
    let mut text = String::from(
        "| swarmgate, reconfigure, each change seen live | median ms under load | p99 ms under load | all one by one, s | failed |\n\
         |---|---|---|---|---|\n",
    );
    for timing in timings {
        let milliseconds = |part| quantile(timing.calls.iter().copied(), part) * 1e3;
        text += &format!(
            "| {} services | {:.2} | {:.2} | {:.2} | {} |\n",
            timing.services,
            milliseconds(0.5),
            milliseconds(0.99),
            timing.one_by_one.as_secs_f64(),
            timing.load.failed,
        );
    }
    text
}

pub(crate) fn idle(costs: &[IdleCost]) -> String {
    let mut text = String::from("| | proxy | KiB |\n|---|---|---|\n");
    for cost in costs {
        text += &format!("| {} | {} | {:.2} |\n", cost.idle.says, cost.kind.name(), cost.kib);
    }
    text
}

/// Everything because of which a figure above must not be believed.
pub(crate) fn doubts(comparisons: &[Comparison], timings: &[Timing]) -> Vec<String> {
    let mut doubts = Vec::new();
    for comparison in comparisons {
        for (kind, samples) in &comparison.samples {
            let what = format!("{} under {}", kind.name(), comparison.workload.name);
            doubts.extend(doubts_of(samples).map(|doubt| format!("{what}: {doubt}")));
        }
    }
    for timing in timings {
        let fault = timing.load.first_fault.as_ref();
        doubts.extend(
            fault.map(|fault| format!("reconfigure, {} services: the load lost answers: {fault}", timing.services)),
        );
    }
    doubts
}

/// Why the samples of one proxy must not be believed.
pub(crate) fn doubts_of(samples: &[Sample]) -> impl Iterator<Item = String> {
    let silent = samples.iter().any(|sample| sample.requests == 0);
    let silent = silent.then(|| "NO ANSWER in a whole round".to_owned());
    doubt_of_answers(samples).into_iter().chain(silent).chain(doubt_of_saturation(samples))
}

fn doubt_of_answers(samples: &[Sample]) -> Option<String> {
    let fault = samples.iter().find_map(|sample| sample.first_fault.as_ref())?;
    Some(format!(
        "WRONG ANSWERS, {} of them; the first: {fault}",
        samples.iter().map(|sample| sample.failed).sum::<u64>()
    ))
}

fn doubt_of_saturation(samples: &[Sample]) -> Option<String> {
    let busy = median(samples.iter().map(Sample::busy));
    let disturbed = median(samples.iter().map(Sample::disturbed));
    let because = match disturbed > 1.0 - SATURATED {
        true => "something else ran on the cores",
        // It fell asleep between requests, which is work as well.
        false => "the load was too weak, and its CPU per request is rather too high",
    };
    (busy < SATURATED).then(|| format!("NOT SATURATED, {because}: it used only {:.0} % of its core", busy * 100.0))
}

fn ratio_cell(comparison: &Comparison, kind: Kind) -> String {
    let ratio = median(comparison.ratios(kind));
    let digits = if ratio < 0.01 { 4 } else { 3 };
    match kind {
        _ if ratio.is_nan() => String::from("–"),
        Kind::Swarmgate => format!("**{ratio:.digits$}**"),
        _ => format!("{ratio:.digits$}"),
    }
}
