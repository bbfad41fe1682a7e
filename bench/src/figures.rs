//! The figures that swarmgate holds itself to: what was measured, what it may be at most, and whether that is reached.
//!
//! Not here: measuring, and the tables of everything measured (`table`).

use crate::compare::Comparison;
use crate::idle::IdleCost;
use crate::measure::{Sample, median};
use crate::peers::Kind;
use crate::reconfigure::Timing;
use crate::table;

/// Memory at 10,000 services.
const MANY_SERVICES: usize = 10_000;
const MIB_AT_MANY_SERVICES: f64 = 64.0;

/// One figure.
pub(crate) struct Figure {
    says: String,
    unit: &'static str,
    measured: f64,
    at_most: f64,
    /// Something disturbed the measurement; the lines at the end of the output say what.
    doubted: bool,
}

/// Everything that was measured and has a limit.
pub(crate) fn all(comparisons: &[Comparison], timings: &[Timing], idle: &[IdleCost]) -> Vec<Figure> {
    let mut figures: Vec<Figure> = comparisons.iter().filter_map(ratio).collect();
    figures.extend(timings.iter().flat_map(of_timing));
    figures.extend(comparisons.iter().filter_map(memory));
    let own = idle.iter().filter(|cost| cost.kind == Kind::Swarmgate);
    figures.extend(own.map(|cost| Figure::new(cost.idle.says.to_owned(), " KiB", (cost.kib, cost.idle.at_most))));
    figures
}

/// The figures as a table.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut text = String::from("| swarmgate | measured | at most | |\n|---|---|---|---|\n");
    for Figure { says, unit, measured, at_most, doubted } in figures {
        let digits = if *at_most < 0.1 { 4 } else { 2 };
        let limit = if *at_most < 2.0 { 2 } else { 0 };
        let verdict = match measured <= at_most {
            true => "reached".to_owned(),
            false => format!("**MISSED** by {:.0} %", (measured / at_most - 1.0) * 100.0),
        };
        let doubt = if *doubted { ", not to be believed" } else { "" };
        text += &format!("| {says} | {measured:.digits$}{unit} | {at_most:.limit$}{unit} | {verdict}{doubt} |\n");
    }
    text
}

fn ratio(comparison: &Comparison) -> Option<Figure> {
    let workload = comparison.workload;
    let ratio = median(comparison.ratios(Kind::Swarmgate));
    let says = format!("{}: CPU per request ÷ {}", workload.name, workload.against.name());
    let both = [Kind::Swarmgate, workload.against].into_iter().filter_map(|kind| comparison.of(kind));
    let doubted = both.flat_map(table::doubts_of).next().is_some();
    workload
        .at_most
        .filter(|_| !ratio.is_nan())
        .map(|at_most| Figure { doubted, ..Figure::new(says, "", (ratio, at_most)) })
}

fn of_timing(timing: &Timing) -> Vec<Figure> {
    let Timing { services, limits, .. } = timing;
    let mut figures = vec![Figure::new(
        format!("a change under load at {services} services, call to reply, median"),
        " ms",
        (median(timing.calls.iter().copied()) * 1e3, limits.change.as_secs_f64() * 1e3),
    )];
    if let Some(limit) = limits.one_by_one {
        let says = format!("{services} services configured one by one");
        figures.push(Figure::new(says, " s", (timing.one_by_one.as_secs_f64(), limit.as_secs_f64())));
    }
    if *services == MANY_SERVICES {
        let says = format!("memory at {services} services, after {} changes more", timing.calls.len());
        figures.push(Figure::new(says, " MiB", (timing.rss_kib as f64 / 1024.0, MIB_AT_MANY_SERVICES)));
    }
    figures
}

fn memory(comparison: &Comparison) -> Option<Figure> {
    let samples = comparison.of(Kind::Swarmgate).filter(|_| comparison.workload.services == MANY_SERVICES)?;
    let mib = median(samples.iter().map(Sample::rss_mib));
    let says = format!("{}: memory at {MANY_SERVICES} services", comparison.workload.name);
    Some(Figure::new(says, " MiB", (mib, MIB_AT_MANY_SERVICES)))
}

impl Figure {
    fn new(says: String, unit: &'static str, (measured, at_most): (f64, f64)) -> Self {
        Self { says, unit, measured, at_most, doubted: false }
    }
}
