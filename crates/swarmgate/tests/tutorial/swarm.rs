//! The Swarm that the tutorial happens in: entered, kept clean between sections, and left as it was found.

use anyhow::{Context, Result, bail, ensure};

use crate::{
    command::{docker, typed},
    interrupt::Interrupt,
    logs,
    visit::Visit,
};

/// What the tutorial calls its things. A Swarm that has such a thing of its own is not ours to play in.
const NAMES: [&str; 4] = ["proxy", "swarm-listener", "go-demo", "go-demo-db"];

/// Lets through only what these tests created; see `command`.
const OURS: [&str; 2] = ["--filter", "label=swarmgate.tutorial"];

/// The services that stay between sections.
const STAGE: [&str; 3] = ["proxy", "swarm-listener", "go-demo-db"];

/// A Swarm of one node, entered by these tests.
pub(crate) struct Swarm<'a> {
    /// Ends every wait early when somebody asks for it.
    interrupt: &'a Interrupt,
    /// Whether the Swarm was founded here, and so is to be dissolved at the end.
    founded: bool,
}

impl<'a> Swarm<'a> {
    /// Founds a Swarm, or enters one that has a single node and nothing of the tutorial's names but what an earlier run of
    /// these tests left behind.
    ///
    /// # Errors
    /// When Docker does not answer, or the Swarm belongs to somebody else.
    pub(crate) fn enter(interrupt: &'a Interrupt) -> Result<Swarm<'a>> {
        let state = docker(&["info", "--format", "{{.Swarm.LocalNodeState}}"])?;
        let founded = state.trim() == "inactive";
        if founded {
            docker(&["swarm", "init", "--advertise-addr", "127.0.0.1"])?;
        }
        let swarm = Swarm { interrupt, founded };
        match swarm.make_room() {
            Ok(()) => Ok(swarm),
            Err(why) => swarm.dissolve().and(Err(why)),
        }
    }

    /// Removes what these tests created, and the Swarm itself when it was founded here.
    ///
    /// # Errors
    /// When Docker refuses.
    pub(crate) fn leave(self) -> Result<()> {
        self.interrupt.ignore();
        self.remove_all_but(&[])?;
        self.remove_networks()?;
        self.dissolve()
    }

    /// Types a command of the tutorial.
    ///
    /// # Errors
    /// When the command fails.
    pub(crate) fn run(&self, command: &str) -> Result<()> {
        typed(command).map(|_| ())
    }

    /// Begins a request to the proxy, as `curl -i $(docker-machine ip node-1)/path` is in the tutorial.
    pub(crate) fn get(&self, path: &'a str) -> Visit<'_> {
        Visit::new(self, path)
    }

    /// Waits until `look` succeeds; `what` completes the sentence "waited in vain for …".
    ///
    /// # Errors
    /// With the reason of the last look, when the patience is over.
    pub(crate) fn eventually<T>(&self, what: &str, look: impl FnMut() -> Result<T>) -> Result<T> {
        self.interrupt.eventually(what, look)
    }

    /// Waits until as many containers of `service` run as its replicas say.
    ///
    /// # Errors
    /// When they do not.
    pub(crate) fn runs(&self, service: &str) -> Result<()> {
        self.eventually(&format!("all replicas of {service}"), || {
            let replicas = docker(&[
                "service",
                "ls",
                "--filter",
                &format!("name={service}"),
                "--format",
                "{{.Name}} {{.Replicas}}",
            ])?;
            let of = replicas.lines().find_map(|line| line.strip_prefix(&format!("{service} "))).unwrap_or("0/0");
            let (running, wanted) = of.split_once('/').context("a count such as 1/1")?;
            ensure!(running == wanted && wanted != "0", "{service} has {of} replicas");
            Ok(())
        })
    }

    /// The identities of the running containers of `service`, which are all on this node.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub(crate) fn containers(&self, service: &str) -> Result<Vec<String>> {
        let of_service = format!("label=com.docker.swarm.service.name={service}");
        Ok(docker(&["ps", "--quiet", "--filter", &of_service])?.lines().map(str::to_owned).collect())
    }

    /// Removes every service of an earlier section and waits until the proxy has forgotten `/demo`, and nothing is left that could answer
    /// in the name of a later service.
    ///
    /// # Errors
    /// When the proxy still answers for it.
    pub(crate) fn clear(&self) -> Result<()> {
        let gone = self.remove_all_but(&STAGE)?;
        for service in &gone {
            self.eventually(&format!("the end of {service}"), || {
                let left = self.containers(service)?;
                ensure!(left.is_empty(), "{left:?} still run");
                Ok(())
            })?;
        }
        if !gone.is_empty() {
            self.get("/demo/hello").answers(503)?;
        }
        Ok(())
    }

    /// What somebody who reads of a failure wants to know: the services, their tasks, and the last words of both roles.
    pub(crate) fn report(&self) -> String {
        let tasks = "docker service ls --quiet | \\\n    xargs -r docker service ps --format '{{.Name}}  {{.CurrentState}}  {{.Error}}'";
        let mut report = String::new();
        for command in ["docker service ls", tasks] {
            let said = typed(command).unwrap_or_else(|why| format!("{why:#}\n"));
            report.push_str(&format!("$ {command}\n{said}\n"));
        }
        for service in ["swarm-listener", "proxy"] {
            let lines = logs::of(service).unwrap_or_else(|why| vec![format!("{why:#}")]);
            let last = lines[lines.len().saturating_sub(40)..].join("\n");
            report.push_str(&format!("$ docker service logs {service}\n{last}\n\n"));
        }
        report
    }

    /// Makes sure that nothing here is somebody else's, and removes what an earlier run of these tests left behind.
    fn make_room(&self) -> Result<()> {
        let nodes = docker(&["node", "ls", "--quiet"])?;
        ensure!(nodes.lines().count() == 1, "the tutorial needs a Swarm of a single node");
        for kind in ["service", "network"] {
            let (all, ours) = (names(kind, &[])?, names(kind, &OURS)?);
            let taken = all.iter().find(|name| NAMES.contains(&name.as_str()) && !ours.contains(name));
            if let Some(name) = taken {
                bail!("there is a {kind} `{name}` already; remove it, or point DOCKER_HOST at another Engine");
            }
        }
        self.remove_all_but(&[])?;
        self.remove_networks()
    }

    /// Ends the Swarm when it was founded here.
    fn dissolve(&self) -> Result<()> {
        if self.founded {
            docker(&["swarm", "leave", "--force"])?;
        }
        Ok(())
    }

    /// Removes our services except those in `kept`, and returns their names.
    fn remove_all_but(&self, kept: &[&str]) -> Result<Vec<String>> {
        let mut gone = names("service", &OURS)?;
        gone.retain(|name| !kept.contains(&name.as_str()));
        for service in &gone {
            docker(&["service", "rm", service])?;
        }
        Ok(gone)
    }

    /// Removes our networks, each as soon as no task uses it any longer.
    fn remove_networks(&self) -> Result<()> {
        self.eventually("the removal of the networks", || {
            for network in names("network", &OURS)? {
                docker(&["network", "rm", &network])?;
            }
            ensure!(names("network", &OURS)?.is_empty(), "they are still listed");
            Ok(())
        })
    }
}

/// The names of all services, or all networks, that a filter lets through.
fn names(kind: &str, filter: &[&str]) -> Result<Vec<String>> {
    let listed = docker(&[&[kind, "ls", "--format", "{{.Name}}"], filter].concat())?;
    Ok(listed.lines().map(str::to_owned).collect())
}
