//! Ports that come and go while the proxy serves: those of services in tcp and sni mode.
//!
//! Reserving binds the sockets of all threads, which can fail and harms nobody; opening and closing cannot fail.
//! Not here: which service wants which port (the program's controller), and accepting (`accept`).

use crate::accept::{self, BindError};
use crate::worker::Order;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, TcpListener};
use tokio::sync::{mpsc, oneshot};

/// The ports of services. The one writer holds it.
pub struct Ports {
    ip: IpAddr,
    threads: Vec<mpsc::UnboundedSender<Order>>,
    /// Bound, and nobody accepts from them yet: for each thread a socket. Clients wait in the kernel's queue.
    reserved: BTreeMap<u16, Vec<TcpListener>>,
    open: BTreeSet<u16>,
}

impl Ports {
    pub(crate) fn new(ip: IpAddr, threads: Vec<mpsc::UnboundedSender<Order>>) -> Ports {
        Ports { ip, threads, reserved: BTreeMap::new(), open: BTreeSet::new() }
    }

    /// Binds `port` unless it is bound already. The error names port and reason.
    pub fn reserve(&mut self, port: u16) -> Result<(), BindError> {
        if !self.open.contains(&port) && !self.reserved.contains_key(&port) {
            self.reserved.insert(port, accept::bind(self.ip, port, self.threads.len())?);
        }
        Ok(())
    }

    /// Accepts from those reserved ports that are `wanted`, gives up the others, and closes open ones that are not wanted any more.
    /// Ends when all threads have done it.
    pub async fn open_only(&mut self, wanted: &BTreeSet<u16>) {
        let mut done = Vec::new();
        for (port, listeners) in std::mem::take(&mut self.reserved) {
            if wanted.contains(&port) {
                self.open.insert(port);
                let orders = listeners.into_iter().map(|listener| move |done| Order::Open { port, listener, done });
                done.extend(send(&self.threads, orders));
            }
        }
        for port in self.open.extract_if(.., |port| !wanted.contains(port)) {
            done.extend(send(&self.threads, self.threads.iter().map(|_| move |done| Order::Close { port, done })));
        }
        for thread in done {
            // A thread that has ended serves nobody; there is nothing to wait for.
            let _ = thread.await;
        }
    }
}

/// An order for each thread; what comes back ends when the thread has carried it out.
fn send<O>(threads: &[mpsc::UnboundedSender<Order>], orders: impl Iterator<Item = O>) -> Vec<oneshot::Receiver<()>>
where
    O: FnOnce(oneshot::Sender<()>) -> Order,
{
    let tell = |(thread, order): (&mpsc::UnboundedSender<Order>, O)| {
        let (done, carried_out) = oneshot::channel();
        let _ = thread.send(order(done));
        carried_out
    };
    threads.iter().zip(orders).map(tell).collect()
}
