//! Running the product's futures one at a time, so that a run can be repeated.
//!
//! The stores of registers and server are real threads, and how fast they are is not in our hands. So no time passes
//! and nothing else runs while one of them works: a task is polled until it has ended, or until it waits for something
//! that only the simulator gives (an answer of the network, a later time) and every thread rests.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// How long to look away while a thread works. Its answer ends it at once.
const GLANCE: Duration = Duration::from_micros(50);

/// Something that was begun.
pub(crate) struct Task<T> {
    future: Pin<Box<dyn Future<Output = T>>>,
    bell: Arc<Bell>,
    waits_for: WaitsFor,
}

/// What a task may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    /// Threads only, those that no store owns among them: it runs to its end.
    Threads,
    /// Also the simulator: an answer, a later time.
    Anything,
}

/// Rings when a task can go on.
struct Bell {
    rung: AtomicBool,
    thread: Thread,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

/// How often a program still gets to wait for something before it is killed.
pub(crate) type Doom = Option<u32>;

/// Where a task stands after it was run as far as it goes.
#[derive(Debug)]
pub(crate) enum Run<T> {
    Ended(T),
    Waits,
    /// The program was to be killed here.
    Doomed,
}

impl<T> Task<T> {
    pub(crate) fn new(future: impl Future<Output = T> + 'static) -> Self {
        Self::that_waits_for(WaitsFor::Anything, future)
    }

    pub(crate) fn that_waits_for(waits_for: WaitsFor, future: impl Future<Output = T> + 'static) -> Self {
        let bell = Bell { rung: AtomicBool::new(true), thread: thread::current() };
        Self { future: Box::pin(future), bell: Arc::new(bell), waits_for }
    }

    /// Whether it can go on.
    pub(crate) fn is_rung(&self) -> bool {
        self.bell.rung.load(Ordering::SeqCst)
    }

    /// Runs it as far as it goes. `rests` says that no thread works for it; `doom` counts down whenever it waits, and
    /// at nothing the program is killed: its question may be under way, its answer finds nobody.
    pub(crate) fn run(&mut self, rests: &dyn Fn() -> bool, doom: &mut Doom) -> Run<T> {
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut context = Context::from_waker(&waker);
        loop {
            self.bell.rung.store(false, Ordering::SeqCst);
            if let Poll::Ready(value) = self.future.as_mut().poll(&mut context) {
                wait_for(rests);
                return Run::Ended(value);
            }
            while self.waits_for == WaitsFor::Threads && !self.is_rung() {
                thread::park_timeout(GLANCE);
            }
            // All of them, so that it does not matter which one was quicker.
            wait_for(rests);
            if !self.is_rung() {
                return wait_or_die(doom);
            }
        }
    }
}

/// Runs to its end what waits for nothing but threads.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let bell = Arc::new(Bell { rung: AtomicBool::new(true), thread: thread::current() });
    let waker = Waker::from(Arc::clone(&bell));
    let mut context = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        bell.rung.store(false, Ordering::SeqCst);
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        while !bell.rung.load(Ordering::SeqCst) {
            thread::park_timeout(GLANCE);
        }
    }
}

/// Counts down. Only here, where no thread works: how often a task is polled depends on how quick they are.
fn wait_or_die<T>(doom: &mut Doom) -> Run<T> {
    match doom {
        Some(0) => return Run::Doomed,
        Some(left) => *left -= 1,
        None => {}
    }
    Run::Waits
}

fn wait_for(rests: &dyn Fn() -> bool) {
    while !rests() {
        thread::park_timeout(GLANCE);
    }
}
