//! `swarmgate check`: what labels mean to the proxy, before anybody is told of them. Nothing is asked of the network.
//!
//! Not here: the rules; they are the same that judge a call (`model::service`, `certificates`).

mod input;
mod stack;
mod yaml;

use crate::certificates::service as service_certificate;
use crate::findings;
use crate::settings::{self, ProxySettings, Variables};
use input::Said;
use model::catalog::{Catalog, Command};
use model::params;
use model::params::table::{PARAMS, param};
use model::route::{Rule, RuleKind};
use model::service::{OwnApi, one_edit_apart};
use model::{Context, Generation, Snapshot};
use std::fmt::Write as _;
use std::process::ExitCode;

/// The width of a line of the report.
const WIDTH: usize = 100;
/// What of a value is shown.
const SHOWN: usize = 200;

/// How it went, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// All is as it should be.
    Fine,
    /// Something is ignored or bent.
    Warnings,
    /// Something is refused, or could not be read.
    Refused,
}

/// What is to be said, and how it went.
#[derive(Debug)]
pub struct Report {
    /// For whoever asked.
    pub text: String,
    /// The program's exit code: 0, 1 or 2.
    pub outcome: Outcome,
}

/// What `swarmgate check` is told.
#[derive(clap::Args)]
pub struct Arguments {
    /// A stack file (.yml, .yaml), a file of labels (lines of `name=value`), or the query of a `reconfigure`.
    input: String,
    /// A variable of the proxy that is asked about; those of the environment count too.
    #[arg(long = "env", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
}

/// Prints the report. Settings that no proxy would start with are a refusal too.
pub fn run(arguments: &Arguments, variables: Variables) -> ExitCode {
    let variables = arguments.variables.iter().fold(variables, |all, (name, value)| all.with(name, value));
    let report = match settings::proxy(&variables) {
        Ok(settings) => check(&arguments.input, &settings),
        Err(mistakes) => Report { text: format!("{mistakes}\n"), outcome: Outcome::Refused },
    };
    print!("{}", report.text);
    ExitCode::from(report.outcome.exit_code())
}

fn variable(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("it is not NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Judges what the file, or query, `argument` says, as a proxy with these settings would.
pub fn check(argument: &str, settings: &ProxySettings) -> Report {
    let mut report = Report { text: String::new(), outcome: Outcome::Fine };
    let context = context(settings);
    match input::read(argument) {
        Ok(services) => {
            let mut catalog = Catalog::default();
            services.iter().for_each(|said| report.judge(said, &mut catalog, &context));
            report.tell_findings(catalog, &context);
            report.sum_up(services.len(), services.iter().any(|said| said.is_of_stack));
        }
        Err(unreadable) => {
            report.outcome = Outcome::Refused;
            let _ = writeln!(report.text, "{unreadable}");
        }
    }
    report
}

/// What a running proxy knows beside its settings.
fn context(settings: &ProxySettings) -> Context {
    let own_api = OwnApi { port: settings.port, service_name: settings.service_name.clone() };
    let ports = settings.frontends.iter().map(|frontend| frontend.port).collect();
    Context { own_api: Some(own_api), ports, ..settings.context.clone() }
}

impl Report {
    fn judge(&mut self, said: &Said, catalog: &mut Catalog, context: &Context) {
        let name = said.params.get_any_case("serviceName").unwrap_or("without a name");
        self.line(0, &format!("service {} ({})", shown("serviceName", name), said.from));
        for (name, value) in said.params.iter() {
            self.explain(name, value);
        }
        for remark in &said.remarks {
            self.warn(remark);
        }
        if said.is_call {
            self.apply(said, name, catalog, context);
        }
        self.text.push('\n');
    }

    /// Takes the service in among those before it, or says why not.
    fn apply(&mut self, said: &Said, name: &str, catalog: &mut Catalog, context: &Context) {
        let certificate = &mut |service: &_| service_certificate::judge(service, &context.separator);
        match catalog.apply_if(Command::Configure(said.params.clone()), context, certificate) {
            Ok(applied) => {
                applied.warnings.iter().for_each(|(_, warning)| self.warn(&warning.to_string()));
                self.show_routes(name, catalog, context);
            }
            Err(refused) => {
                self.outcome = Outcome::Refused;
                self.line(1, &format!("refused: {}", refused.explained()));
            }
        }
    }

    /// The value of a parameter and what the table of parameters says of it.
    fn explain(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return self.line(1, &format!("{} is empty: the same as absent", shown("", name)));
        }
        self.line(1, &format!("{} = {}", shown("", name), shown(name, value)));
        let base =
            name.rsplit_once('.').filter(|(_, index)| index.parse::<u8>().is_ok()).map_or(name, |(base, _)| base);
        match param(base) {
            Some(row) => self.wrapped(row.doc),
            None => self.line(2, &stranger(base)),
        }
    }

    /// The rules that the service adds, in the order in which they are asked.
    fn show_routes(&mut self, name: &str, catalog: &Catalog, context: &Context) {
        let snapshot = Snapshot::new(Generation::default(), catalog.clone(), context);
        let table = &snapshot.routes;
        let is_its = |rule: &&Rule| rule.service().name.as_str() == name;
        for rule in table.redirects().filter(is_its) {
            let to = match rule.kind() {
                RuleKind::RedirectFromDomain => rule.destination().first_domain.as_deref().unwrap_or_default(),
                _ => "https",
            };
            self.line(1, &format!("route: redirect to {to} if {rule}"));
        }
        for (rule, route) in table.rules().filter(|(rule, _)| is_its(rule)) {
            let backend = table.backend(route);
            self.line(1, &format!("route: {} ({}:{}) if {rule}", backend.name, backend.dial.host(), backend.port));
        }
        if table.default_route().is_some_and(|route| route.service().name.as_str() == name) {
            self.line(1, "route: everything that no rule matches");
        }
        let passed = snapshot.tcp.frontends().iter().flat_map(|frontend| {
            frontend.backends.iter().flat_map(|backend| &backend.members).map(|member| (frontend.port, member))
        });
        for (port, member) in passed.filter(|(_, member)| member.service.as_str() == name) {
            let host = member.dial.host();
            self.line(1, &format!("route: {} ({host}:{}) for connections to port {port}", member.name, member.port));
        }
    }

    /// Routes that no request reaches once all services are there.
    fn tell_findings(&mut self, catalog: Catalog, context: &Context) {
        let findings = Snapshot::new(Generation::default(), catalog, context).routes.findings();
        for finding in &findings {
            self.outcome = self.outcome.max(Outcome::Warnings);
            self.line(0, &format!("warning: {}", findings::line(&finding.service, &finding.text)));
        }
        if !findings.is_empty() {
            self.text.push('\n');
        }
    }

    fn sum_up(&mut self, count: usize, is_stack: bool) {
        let verdict = match self.outcome {
            Outcome::Fine => "all fine",
            Outcome::Warnings => "with warnings",
            Outcome::Refused => "not all of it is taken",
        };
        if is_stack {
            self.line(0, "In a Swarm, names begin with that of the stack, unless com.df.shortName is true.");
        }
        self.line(0, &format!("{count} {}: {verdict}", if count == 1 { "service" } else { "services" }));
    }

    fn warn(&mut self, warning: &str) {
        self.outcome = self.outcome.max(Outcome::Warnings);
        self.line(1, &format!("warning: {warning}"));
    }

    fn line(&mut self, depth: usize, text: &str) {
        let _ = writeln!(self.text, "{:1$}{text}", "", 4 * depth);
    }

    /// A text in lines that are not too long, under a parameter.
    fn wrapped(&mut self, text: &str) {
        let mut line = String::new();
        for word in text.split(' ') {
            if !line.is_empty() && line.len() + word.len() >= WIDTH {
                self.line(2, &std::mem::take(&mut line));
            }
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
        self.line(2, &line);
    }
}

/// What is said about a label that is no parameter of the proxy.
fn stranger(name: &str) -> String {
    if name == "notify" {
        return "With any value but `false`, a listener announces the service.".to_owned();
    }
    let near = PARAMS.iter().find(|row| one_edit_apart(row.name, name));
    let hint = near.map(|row| format!("; did you mean {}?", row.name)).unwrap_or_default();
    format!("No parameter of the proxy; it is not read{hint}")
}

/// A value as a report may show it: no secret, no control character, not endless.
fn shown(name: &str, value: &str) -> String {
    let value = params::shown(name, value);
    let text: String = value.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if value.chars().nth(SHOWN).is_some() { text + "…" } else { text }
}

impl Outcome {
    fn exit_code(self) -> u8 {
        match self {
            Outcome::Fine => 0,
            Outcome::Warnings => 1,
            Outcome::Refused => 2,
        }
    }
}
