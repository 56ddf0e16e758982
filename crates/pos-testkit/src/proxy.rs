//! A network between a register and its server that misbehaves on order.
//!
//! It reads whole requests, so that a test says "lose the reply to the next push" and knows what the server has seen.
//! A request has a connection of its own in both directions. A sealed way ends TLS here, by a certificate that its URL
//! pins, and goes on in the clear on this machine.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::Barrier;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::server::TlsStream;

use crate::http::Request;
use crate::process::free_port;
use crate::seal::Seal;

/// What a captive portal says to whoever asks for whatever.
const PORTAL: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: 51\r\n\
                      connection: close\r\n\r\n<html><body><h1>Wi-Fi: please log in</h1></body>\n\n\n";
/// What another one says, which sends everybody to its own page.
const REDIRECT: &str =
    "HTTP/1.1 302 Found\r\nlocation: /welcome\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
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
    /// The connection breaks, and a push travels later: see [`Proxy::deliver_held`]. Anything else is lost.
    Hold,
    /// It travels after so long.
    Delay(Duration),
    /// It travels when as many as the barrier wants have arrived, all at the same moment.
    Meet(Arc<Barrier>),
    /// A captive portal answers with a page of its own.
    Portal,
    /// A captive portal sends the register to another page.
    Redirect,
    /// On a sealed way, as a standing order: somebody else answers, with another certificate. Whoever goes on all the
    /// same gets nothing.
    Impostor,
    /// Half open: it is taken and nothing ever comes back.
    Silence,
    /// The server has answered, and nothing ever comes back.
    SilenceAfter,
    /// The server gets half of it.
    CutRequest,
    /// Half of the answer arrives.
    CutReply,
    /// The connection is reset (RST) before the server hears of it.
    Reset,
    /// Half of the answer arrives, then the connection is reset (RST).
    ResetReply,
    /// The answer comes byte by byte, with such a pause before each.
    Trickle(Duration),
}

/// A connection to a register, sealed or not.
trait Near: AsyncRead + AsyncWrite + Unpin + Send {
    /// What it runs on.
    fn socket(&self) -> &TcpStream;
}

impl Near for TcpStream {
    fn socket(&self) -> &TcpStream {
        self
    }
}

impl Near for TlsStream<TcpStream> {
    fn socket(&self) -> &TcpStream {
        self.get_ref().0
    }
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
    seal: Option<Seal>,
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
        Self::lay_as(to, None)
    }

    /// The same with TLS between the register and this proxy.
    pub fn lay_sealed(to: SocketAddr) -> Result<Self> {
        Self::lay_as(to, Some(Seal::make()?))
    }

    fn lay_as(to: SocketAddr, seal: Option<Seal>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .context("a runtime for the proxy")?;
        let from = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let shared = Arc::new(Shared { to, seal, plan: Mutex::default(), fell_silent: Condvar::new() });
        let mut proxy = Self { runtime: Some(runtime), from, shared, listening: None };
        proxy.plug()?;
        Ok(proxy)
    }

    /// The address at which a register finds the server through this proxy, with the pin of a sealed way.
    pub fn url(&self) -> String {
        match &self.shared.seal {
            Some(seal) => format!("https://{}#pin-sha256={}", self.from, seal.pin()),
            None => format!("http://{}", self.from),
        }
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

    /// Breaks everything under way, and carries whatever comes next.
    pub fn break_all(&mut self) -> Result<()> {
        self.pull()?;
        self.plug()
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
            let _broken = meet(near, &shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

/// Greets a register as the way is: in the clear, sealed, or as somebody else.
async fn meet(near: TcpStream, shared: &Shared) -> Result<()> {
    let Some(seal) = &shared.seal else { return pass(Box::new(near), shared).await };
    if matches!(shared.plan().always, Some(Fault::Impostor)) {
        return Ok(seal.as_another().accept(near).await.map(drop)?);
    }
    pass(Box::new(seal.as_pinned().accept(near).await?), shared).await
}

/// Takes one request on its way.
async fn pass(mut near: Box<dyn Near>, shared: &Shared) -> Result<()> {
    let Some(request) = Request::read(&mut near).await? else { return Ok(()) };
    let bytes = request.bytes();
    let to = shared.to;
    match shared.order_for(&request) {
        None => relay(near, to, &bytes, None).await,
        Some(Fault::Delay(pause)) => {
            tokio::time::sleep(pause).await;
            relay(near, to, &bytes, None).await
        }
        Some(Fault::Meet(barrier)) => {
            barrier.wait().await;
            relay(near, to, &bytes, None).await
        }
        Some(Fault::Trickle(pause)) => relay(near, to, &bytes, Some(pause)).await,
        Some(Fault::LoseRequest | Fault::Impostor) => Ok(()),
        Some(Fault::LoseReply) => ask(to, &bytes).await.map(drop),
        Some(Fault::Twice) => {
            ask(to, &bytes).await?;
            say(near, &ask(to, &bytes).await?).await
        }
        Some(Fault::TwiceAtOnce) => {
            let second = bytes.clone();
            let mut both = JoinSet::new();
            both.spawn(async move { ask(to, &bytes).await });
            both.spawn(async move { ask(to, &second).await });
            let first = both.join_next().await.context("an answer")???;
            say(near, &first).await?;
            // The slower one arrives all the same.
            both.join_next().await.context("an answer")??.map(drop)
        }
        Some(Fault::Hold) => {
            // Whatever else there is has nobody who would wait for it later.
            if request.is(PUSH) {
                shared.plan().held.push(request);
            }
            Ok(())
        }
        Some(Fault::Portal) => say(near, PORTAL.as_bytes()).await,
        Some(Fault::Redirect) => say(near, REDIRECT.as_bytes()).await,
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
            say(near, half).await
        }
        Some(Fault::Reset) => Ok(near.socket().set_zero_linger()?),
        Some(Fault::ResetReply) => {
            let reply = ask(to, &bytes).await?;
            let (half, _) = reply.split_at(reply.len() - half_of_body(&reply));
            near.write_all(half).await?;
            near.flush().await?;
            Ok(near.socket().set_zero_linger()?)
        }
    }
}

/// Says it, and ends the connection in order.
async fn say(mut near: Box<dyn Near>, words: &[u8]) -> Result<()> {
    near.write_all(words).await?;
    Ok(near.shutdown().await?)
}

/// Half of the bytes behind the head, rounded up.
fn half_of_body(bytes: &[u8]) -> usize {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    (bytes.len() - head).div_ceil(2)
}

/// Sends a request, and gives the answer as it comes or byte by byte, until either side has enough.
async fn relay(near: Box<dyn Near>, to: SocketAddr, request: &[u8], pause: Option<Duration>) -> Result<()> {
    let mut far = TcpStream::connect(to).await?;
    far.write_all(request).await?;
    let (mut from_near, mut to_near) = tokio::io::split(near);
    let (mut from_far, _to_far) = far.split();
    let answer = async {
        match pause {
            None => drop(tokio::io::copy(&mut from_far, &mut to_near).await?),
            Some(pause) => drip(&mut from_far, &mut to_near, pause).await?,
        }
        to_near.shutdown().await
    };
    tokio::select! {
        done = answer => Ok(done?),
        // Nothing more may come from there: the register hangs up, or breaks HTTP.
        _gone = from_near.read_u8() => Ok(()),
    }
}

/// Copies byte by byte, with a pause before each.
async fn drip(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    pause: Duration,
) -> std::io::Result<()> {
    let mut byte = [0];
    while from.read(&mut byte).await? > 0 {
        tokio::time::sleep(pause).await;
        to.write_all(&byte).await?;
        to.flush().await?;
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
async fn stay_silent(mut near: Box<dyn Near>, shared: &Shared) -> Result<()> {
    shared.plan().silences += 1;
    shared.fell_silent.notify_all();
    let _left = near.read_u8().await;
    Ok(())
}
