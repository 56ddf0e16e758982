//! A network between a register and its server that misbehaves on order.
//!
//! It reads whole requests, so that a test says "lose the reply to the next push" and knows what the server has seen.
//! A request has a connection of its own in both directions.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Barrier;
use tokio::task::{JoinHandle, JoinSet};

use crate::http::Request;
use crate::process::free_port;

/// What a captive portal says to whoever asks for whatever.
const PORTAL: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 51\r\n\
                      connection: close\r\n\r\n<html><body><h1>Wi-Fi: please log in</h1></body>\n\n\n";
/// The request that carries operations.
const PUSH: &str = "POST /v1/sync/push";

/// What may happen to a request on its way.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It is lost on the way to the server, and the connection breaks.
    LoseRequest,
    /// The server has answered; the answer is lost, and the connection breaks.
    LoseReply,
    /// The server gets it twice, one after the other. The register gets the second answer.
    Twice,
    /// The server gets it twice at the same moment. The register gets the answer that comes first.
    TwiceAtOnce,
    /// The connection breaks, and the request travels later: see [`Proxy::deliver_held`].
    Hold,
    /// It travels after so long.
    Delay(Duration),
    /// It travels when as many as the barrier wants have arrived, all at the same moment.
    Meet(Arc<Barrier>),
    /// A captive portal answers with a page of its own.
    Portal,
    /// Half open: it is taken and nothing ever comes back.
    Silence,
    /// The server has answered, and nothing ever comes back.
    SilenceAfter,
    /// The server gets half of it.
    CutRequest,
    /// Half of the answer arrives.
    CutReply,
}

/// A proxy to one server. All that it carries ends with it.
#[derive(Debug)]
pub struct Proxy {
    runtime: Option<Runtime>,
    from: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    plan: Mutex<Plan>,
    /// Told when a silence begins.
    fell_silent: Condvar,
}

#[derive(Debug, Default)]
struct Plan {
    /// One for each of the next pushes; none lets it pass.
    pushes: VecDeque<Option<Fault>>,
    /// What happens to every other request.
    always: Option<Fault>,
    requests: u64,
    silences: u64,
    held: Vec<Request>,
}

impl Proxy {
    /// Lays a way to a server. It is open and carries everything as it should.
    pub fn lay(to: SocketAddr) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("a runtime for the proxy")?;
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let shared = Arc::new(Shared { to, plan: Mutex::default(), fell_silent: Condvar::new() });
        let mut proxy = Self { runtime: Some(runtime), from, shared, listening: None };
        proxy.plug()?;
        Ok(proxy)
    }

    /// The address at which a register finds the server through this proxy.
    pub fn url(&self) -> String {
        format!("http://{}", self.from)
    }

    /// Pulls the cable out: everything under way breaks, and whoever asks is refused a connection.
    pub fn pull(&mut self) -> Result<()> {
        if let Some(listening) = self.listening.take() {
            listening.abort();
            let runtime = self.runtime.as_ref().context("a running proxy")?;
            // Ended by us: the only answer is that it was.
            let _ended = block_on(runtime, listening);
        }
        Ok(())
    }

    /// Plugs the cable in again.
    pub fn plug(&mut self) -> Result<()> {
        let listener = std::net::TcpListener::bind(self.from).context("the proxy's own port is taken")?;
        listener.set_nonblocking(true)?;
        let (runtime, shared) = (self.runtime.as_ref().context("a running proxy")?, Arc::clone(&self.shared));
        let _context = runtime.enter();
        let listener = TcpListener::from_std(listener)?;
        self.listening = Some(runtime.spawn(carry(listener, shared)));
        Ok(())
    }

    /// Orders a fault for the next push that has none yet.
    pub fn next_push(&self, fault: Fault) {
        self.shared.plan().pushes.push_back(Some(fault));
    }

    /// Orders that the next push that has no order yet arrives as it should.
    pub fn next_push_passes(&self) {
        self.shared.plan().pushes.push_back(None);
    }

    /// Orders a fault for every request that has no other order, until it is taken back with `None`.
    pub fn always(&self, fault: Option<Fault>) {
        self.shared.plan().always = fault;
    }

    /// Orders for pushes that have not come yet.
    pub fn orders_left(&self) -> usize {
        self.shared.plan().pushes.len()
    }

    /// Takes all orders back.
    pub fn behave(&self) {
        let mut plan = self.shared.plan();
        plan.pushes.clear();
        plan.always = None;
    }

    /// Requests of every kind that have come so far.
    pub fn requests(&self) -> u64 {
        self.shared.plan().requests
    }

    /// Waits until so many requests, counted from the beginning, have got as far as they will: [`Fault::Silence`] or
    /// [`Fault::SilenceAfter`] keeps their registers waiting. Fails when that takes longer than `at_most`.
    pub fn wait_for_silences(&self, count: u64, at_most: Duration) -> Result<()> {
        let too_few = |plan: &mut Plan| plan.silences < count;
        let waited = self.shared.fell_silent.wait_timeout_while(self.shared.plan(), at_most, too_few);
        let (plan, _) = waited.unwrap_or_else(PoisonError::into_inner);
        ensure!(plan.silences >= count, "{} silences of {count} after {at_most:?}", plan.silences);
        Ok(())
    }

    /// Sends the requests that were held, last one first, and waits for the server's answers, which nobody hears. How
    /// many there were.
    pub fn deliver_held(&self) -> Result<usize> {
        let held = std::mem::take(&mut self.shared.plan().held);
        let (count, to) = (held.len(), self.shared.to);
        let runtime = self.runtime.as_ref().context("a running proxy")?;
        let delivered = runtime.spawn(async move {
            for request in held.into_iter().rev() {
                ask(to, &request.bytes()).await?;
            }
            anyhow::Ok(())
        });
        block_on(runtime, delivered)??;
        Ok(count)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Without waiting: what it still carries is of no interest any more.
            runtime.shutdown_background();
        }
    }
}

/// Waits for a task, also on a thread of another runtime.
fn block_on<T: Send + 'static>(runtime: &Runtime, task: JoinHandle<T>) -> Result<T> {
    let (tell, told) = std::sync::mpsc::channel();
    runtime.spawn(async move { tell.send(task.await) });
    Ok(told.recv()??)
}

impl Shared {
    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order_for(&self, request: &Request) -> Option<Fault> {
        let mut plan = self.plan();
        plan.requests += 1;
        let own = if request.is(PUSH) { plan.pushes.pop_front() } else { None };
        own.unwrap_or_else(|| plan.always.clone())
    }
}

/// Accepts until it is dropped, and every connection with it.
async fn carry(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move {
            // Broken connections are this proxy's trade.
            let _broken = pass(near, &shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Takes one request on its way.
async fn pass(mut near: TcpStream, shared: &Shared) -> Result<()> {
    let Some(request) = Request::read(&mut near).await? else { return Ok(()) };
    let bytes = request.bytes();
    let to = shared.to;
    match shared.order_for(&request) {
        None => relay(near, to, &bytes).await,
        Some(Fault::Delay(pause)) => {
            tokio::time::sleep(pause).await;
            relay(near, to, &bytes).await
        }
        Some(Fault::Meet(barrier)) => {
            barrier.wait().await;
            relay(near, to, &bytes).await
        }
        Some(Fault::LoseRequest) => Ok(()),
        Some(Fault::LoseReply) => ask(to, &bytes).await.map(drop),
        Some(Fault::Twice) => {
            ask(to, &bytes).await?;
            Ok(near.write_all(&ask(to, &bytes).await?).await?)
        }
        Some(Fault::TwiceAtOnce) => {
            let second = bytes.clone();
            let mut both = JoinSet::new();
            both.spawn(async move { ask(to, &bytes).await });
            both.spawn(async move { ask(to, &second).await });
            let first = both.join_next().await.context("an answer")???;
            near.write_all(&first).await?;
            near.shutdown().await?;
            // The slower one arrives all the same.
            both.join_next().await.context("an answer")??.map(drop)
        }
        Some(Fault::Hold) => {
            shared.plan().held.push(request);
            Ok(())
        }
        Some(Fault::Portal) => Ok(near.write_all(PORTAL.as_bytes()).await?),
        Some(Fault::Silence) => stay_silent(near, shared).await,
        Some(Fault::SilenceAfter) => {
            ask(to, &bytes).await?;
            stay_silent(near, shared).await
        }
        Some(Fault::CutRequest) => {
            let (half, _) = bytes.split_at(bytes.len() - half_of_body(&bytes));
            let mut far = TcpStream::connect(to).await?;
            Ok(far.write_all(half).await?)
        }
        Some(Fault::CutReply) => {
            let reply = ask(to, &bytes).await?;
            let (half, _) = reply.split_at(reply.len() - half_of_body(&reply));
            Ok(near.write_all(half).await?)
        }
    }
}

/// Half of the bytes behind the head, rounded up.
fn half_of_body(bytes: &[u8]) -> usize {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    (bytes.len() - head).div_ceil(2)
}

/// Sends a request, and gives the answer as it comes, until either side has enough.
async fn relay(mut near: TcpStream, to: SocketAddr, request: &[u8]) -> Result<()> {
    let mut far = TcpStream::connect(to).await?;
    far.write_all(request).await?;
    let (mut from_near, mut to_near) = near.split();
    let (mut from_far, _to_far) = far.split();
    tokio::select! {
        done = tokio::io::copy(&mut from_far, &mut to_near) => drop(done?),
        // Nothing more may come from there: the register hangs up, or breaks HTTP.
        _gone = from_near.read_u8() => {}
    }
    Ok(())
}

/// Sends a request, and collects the whole answer.
async fn ask(to: SocketAddr, request: &[u8]) -> Result<Vec<u8>> {
    let mut far = TcpStream::connect(to).await?;
    far.write_all(request).await?;
    let mut reply = Vec::new();
    far.read_to_end(&mut reply).await?;
    Ok(reply)
}

/// Keeps a connection open until the other side leaves.
async fn stay_silent(mut near: TcpStream, shared: &Shared) -> Result<()> {
    shared.plan().silences += 1;
    shared.fell_silent.notify_all();
    let _left = near.read_u8().await;
    Ok(())
}
