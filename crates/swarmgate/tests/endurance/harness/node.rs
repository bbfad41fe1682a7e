//! A node of its own: a network namespace with one address, which can be cut off and healed.
//!
//! A node that is cut off says nothing at all: no reset, no refusal. Only its address is taken away, so its connections live on in it.
//! Not here: the servers on it (`backend`).

use anyhow::Context as _;
use std::net::Ipv4Addr;
use std::process::Command;

/// A namespace; it goes with this value. It takes the right to change the machine's network.
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) address: Ipv4Addr,
}

impl Node {
    /// Node `number` of this process. Its network is one that is set aside for measuring (RFC 2544).
    pub(crate) fn make(number: u8) -> anyhow::Result<Node> {
        let process = std::process::id();
        let net = u8::try_from(process % 250).unwrap_or_default();
        let (host, address) =
            (Ipv4Addr::new(198, 18, net, 4 * number + 1), Ipv4Addr::new(198, 18, net, 4 * number + 2));
        let (name, link) = (format!("sg-{process}-{number}"), format!("sg{process}n{number}"));
        ip(&["netns", "add", &name])?;
        let node = Node { name, address };
        ip(&["link", "add", &link, "type", "veth", "peer", "name", "eth0", "netns", &node.name])?;
        ip(&["address", "add", &format!("{host}/30"), "dev", &link])?;
        ip(&["link", "set", &link, "up"])?;
        node.heal()?;
        ip(&["-n", &node.name, "link", "set", "eth0", "up"])?;
        Ok(node)
    }

    pub(crate) fn cut_off(&self) -> anyhow::Result<()> {
        self.change_address("delete")
    }

    pub(crate) fn heal(&self) -> anyhow::Result<()> {
        self.change_address("add")
    }

    fn change_address(&self, how: &str) -> anyhow::Result<()> {
        ip(&["-n", &self.name, "address", how, &format!("{}/30", self.address), "dev", "eth0"])
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The link goes with the namespace.
        let _ = ip(&["netns", "delete", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new("ip").args(arguments).output().context("the command ip is there")?;
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "ip {}: {}", arguments.join(" "), said.trim());
    Ok(())
}
