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

/// How many writes a program still lives.
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
        let bell = Bell { rung: AtomicBool::new(true), thread: thread::current() };
        Self { future: Box::pin(future), bell: Arc::new(bell) }
    }

    /// Whether it can go on.
    pub(crate) fn is_rung(&self) -> bool {
        self.bell.rung.load(Ordering::SeqCst)
    }

    /// Runs it as far as it goes. `rests` says that no thread works for it; `doom` counts down whenever it waits for
    /// one, and at nothing the work of the thread is done and nobody hears of it.
    pub(crate) fn run(&mut self, rests: &dyn Fn() -> bool, doom: &mut Doom) -> Run<T> {
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut context = Context::from_waker(&waker);
        loop {
            self.bell.rung.store(false, Ordering::SeqCst);
            if let Poll::Ready(value) = self.future.as_mut().poll(&mut context) {
                wait_for(rests);
                return Run::Ended(value);
            }
            let worked = !rests() || self.is_rung();
            while !self.is_rung() && !rests() {
                thread::park_timeout(GLANCE);
            }
            if worked && let Some(left) = doom {
                if *left == 0 {
                    wait_for(rests);
                    return Run::Doomed;
                }
                *left -= 1;
            }
            if !self.is_rung() {
                return Run::Waits;
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

fn wait_for(rests: &dyn Fn() -> bool) {
    while !rests() {
        thread::park_timeout(GLANCE);
    }
}
