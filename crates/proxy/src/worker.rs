//! The threads that serve: one runtime for each core, each with its own sockets, connections and pools.
//!
//! Not here: what a connection does (`connection`).

use crate::Rules;
use crate::accept::{self, Entrance};
use crate::balance::SessionKey;
use crate::descriptors::Reserve;
use crate::error_files::ErrorFiles;
use crate::health::Health;
use crate::logins::Logins;
use crate::observe::{self, Observer};
use crate::off_limits::OffLimits;
use crate::pool;
use crate::statistics::Statistics;
use crate::tcp::Loads;
use crate::tcp::check::Probes;
use crate::trusted::Trusted;
use crate::world::Cell;
use model::statement::Statements;
use model::{Frontend, Timeouts};
use rustc_hash::FxHashMap;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle as TaskHandle;
use tokio::time::{Instant, interval};

/// How often each thread looks after its pools.
const SWEEP: Duration = Duration::from_secs(5);
/// How often a draining thread looks whether its last connection is gone.
const LOOK: Duration = Duration::from_millis(20);

/// What all threads share.
pub(crate) struct Shared {
    /// The live world.
    pub(crate) world: Cell,
    /// Limits of all connections.
    pub(crate) timeouts: Timeouts,
    /// Reads what the threads count.
    pub(crate) observer: Observer,
    /// Who may speak for other clients.
    pub(crate) trusted: Trusted,
    /// Whether HTTP/2 is spoken to clients that begin with it.
    pub(crate) http2: bool,
    /// What is never dialled.
    pub(crate) off_limits: Option<OffLimits>,
    /// Who is asked for statistics, if anybody is.
    pub(crate) statistics: Option<Statistics>,
    /// Pages in place of the built-in ones.
    pub(crate) error_files: ErrorFiles,
    /// Makes the values of sticky sessions' cookies.
    pub(crate) session_key: SessionKey,
    /// Finds out whether hashed passwords are right.
    pub(crate) logins: Logins,
    /// The frontend's statements.
    pub(crate) frontend: Arc<Statements>,
    /// When accepting stops so that descriptors are left.
    pub(crate) reserve: Reserve,
    /// Connections of servers in tcp mode, where they are counted.
    pub(crate) loads: Arc<Loads>,
    /// Which servers fail.
    pub(crate) health: Arc<Health>,
    /// What active checks found.
    pub(crate) probes: Probes,
    draining: AtomicBool,
}

/// A thread and the sockets it accepts from.
pub(crate) struct Worker {
    pub(crate) thread: JoinHandle<()>,
    /// Ports that come and go.
    pub(crate) orders: mpsc::UnboundedSender<Order>,
}

/// What a thread is told about its ports. `done` is dropped or used when it is carried out.
pub(crate) enum Order {
    /// Accept from this socket too.
    Open { port: u16, listener: TcpListener, done: oneshot::Sender<()> },
    /// Accept from this port no longer. Its connections stay.
    Close { port: u16, done: oneshot::Sender<()> },
}

/// A port of services that a thread accepts from: dropping `_stop` makes the task end.
struct Accepting {
    _stop: oneshot::Sender<()>,
    task: TaskHandle<()>,
}

/// What the threads are told: when to be done with everything.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Phase {
    /// The world is being made: clients wait in the kernel's queue.
    Starting,
    Serving,
    /// No new connections; those that are open have until then.
    Draining(Instant),
}

thread_local! {
    static CONNECTIONS: RefCell<Connections> = RefCell::default();
}

/// The open connections of this thread, to wake them when it is time to leave.
#[derive(Default)]
struct Connections {
    wakers: Vec<Option<Waker>>,
    free: Vec<usize>,
}

/// An open connection's place; given back when dropped.
pub(crate) struct Open(usize);

impl Shared {
    pub(crate) fn new(world: Cell, rules: Rules, observer: Observer) -> Shared {
        let Rules { timeouts, trusted, http2, off_limits, session_key, frontend, statistics, error_files } = rules;
        Shared {
            world,
            timeouts,
            observer,
            trusted,
            http2,
            off_limits,
            statistics,
            error_files,
            session_key,
            logins: Logins::new(),
            frontend,
            reserve: Reserve::of_process(),
            loads: Arc::default(),
            health: Arc::default(),
            probes: Probes::default(),
            draining: AtomicBool::new(false),
        }
    }

    /// No new request is taken on a connection that is idle now.
    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    pub(crate) fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }
}

impl Worker {
    /// Starts a thread that accepts from `listeners`, one socket for each frontend.
    pub(crate) fn start(
        number: usize,
        listeners: Vec<(Frontend, TcpListener)>,
        shared: Arc<Shared>,
        phase: watch::Receiver<Phase>,
    ) -> io::Result<Worker> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (orders, given) = mpsc::unbounded_channel();
        let serve = move || {
            shared.observer.enter();
            runtime.block_on(serve(listeners, shared, phase, given));
            // Connections that are cut off now are counted and logged too.
            drop(runtime);
            observe::leave();
        };
        let thread = std::thread::Builder::new().name(format!("worker-{number}")).spawn(serve)?;
        Ok(Worker { thread, orders })
    }
}

async fn serve(
    listeners: Vec<(Frontend, TcpListener)>,
    shared: Arc<Shared>,
    mut phase: watch::Receiver<Phase>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) {
    for (frontend, listener) in listeners {
        let (start, stop) = (until_serving(phase.clone()), until_draining(phase.clone()));
        let accepting = accept::run(Entrance::Http(frontend), listener, Arc::clone(&shared), stop);
        tokio::spawn(async move {
            start.await;
            accepting.await;
        });
    }
    tokio::spawn(observe::flush_often());
    let mut ports = FxHashMap::default();
    let mut sweeps = interval(SWEEP);
    loop {
        tokio::select! {
            Some(order) = orders.recv() => carry_out(order, &mut ports, &shared, &phase).await,
            _ = sweeps.tick() => {
                pool::sweep();
                observe::sweep();
            }
            changed = phase.changed() => match (changed, *phase.borrow_and_update()) {
                (Ok(()), Phase::Starting | Phase::Serving) => {}
                (Ok(()), Phase::Draining(end)) => break drain(end).await,
                // Whoever started the threads is gone.
                (Err(_), _) => break,
            }
        }
    }
}

async fn carry_out(
    order: Order,
    ports: &mut FxHashMap<u16, Accepting>,
    shared: &Arc<Shared>,
    phase: &watch::Receiver<Phase>,
) {
    match order {
        Order::Open { port, listener, done } => {
            let (stop, stopped) = oneshot::channel::<()>();
            let phase = phase.clone();
            let stop_accepting = async move {
                tokio::select! {
                    _ = stopped => {}
                    () = until_draining(phase) => {}
                }
            };
            let task = tokio::spawn(accept::run(Entrance::Tcp(port), listener, Arc::clone(shared), stop_accepting));
            ports.insert(port, Accepting { _stop: stop, task });
            drop(done);
        }
        Order::Close { port, done } => {
            if let Some(Accepting { _stop: stop, task }) = ports.remove(&port) {
                drop(stop);
                // A task that panicked accepts from nothing.
                let _ = task.await;
            }
            drop(done);
        }
    }
}

/// Ends when the world is made, or will not be any more.
async fn until_serving(mut phase: watch::Receiver<Phase>) {
    let _ = phase.wait_for(|phase| !matches!(phase, Phase::Starting)).await;
}

/// Ends when it is time to leave, or when whoever started the threads is gone.
async fn until_draining(mut phase: watch::Receiver<Phase>) {
    let _ = phase.wait_for(|phase| matches!(phase, Phase::Draining(_))).await;
}

/// Wakes idle connections so that they close, and waits for the others until `end`.
async fn drain(end: Instant) {
    pool::clear();
    let mut looks = interval(LOOK);
    while Instant::now() < end {
        looks.tick().await;
        CONNECTIONS.with_borrow(|connections| connections.wakers.iter().flatten().for_each(Waker::wake_by_ref));
        // The sockets are accepted from until they are empty, so a connection may still come in the first round.
        if Open::count() == 0 && accept::all_closed() {
            break;
        }
    }
}

impl Open {
    /// Takes a place for a connection that was just accepted: a draining thread waits for it from now on.
    pub(crate) fn take() -> Open {
        CONNECTIONS.with_borrow_mut(|connections| match connections.free.pop() {
            Some(place) => Open(place),
            None => {
                connections.wakers.push(None);
                Open(connections.wakers.len() - 1)
            }
        })
    }

    /// Gives the place to the current task: it is woken when it is time to leave.
    pub(crate) async fn register(&self) {
        poll_fn(|cx| {
            CONNECTIONS.with_borrow_mut(|connections| connections.wakers[self.0] = Some(cx.waker().clone()));
            Poll::Ready(())
        })
        .await;
    }

    fn count() -> usize {
        CONNECTIONS.with_borrow(|connections| connections.wakers.len() - connections.free.len())
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // A thread that is going takes the list with it before the last connection.
        let _ = CONNECTIONS.try_with(|connections| {
            let mut connections = connections.borrow_mut();
            connections.wakers[self.0] = None;
            connections.free.push(self.0);
        });
    }
}
