//! Running the product's futures one at a time, so that a run can be repeated.
//!
//! The stores of registers and server are real threads, and how fast they are is not in our hands. So no time passes
//! and nothing else runs while one of them works: a task is polled until it has ended, or until it waits for something
//! that only the simulator gives (an answer of the network, a later time) and every thread rests. What runs between two
//! such rests is a stretch; kills are drawn by the number of stretches, and by the calls of the disk within one.

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
    /// Threads, and answers of the server while it has asked: what happens where no store tells whether it rests.
    ThreadsAndAnswers,
    /// Also the simulator: an answer, a later time.
    Anything,
}

/// What the world around a task is doing.
pub(crate) struct Around<'a> {
    /// No thread works for it.
    pub(crate) rests: &'a dyn Fn() -> bool,
    /// Its register has asked the server and has no answer yet.
    pub(crate) has_asked: &'a dyn Fn() -> bool,
}

/// Rings when a task can go on.
struct Bell {
    rung: AtomicBool,
    thread: Thread,
}

impl Bell {
    fn new() -> Arc<Self> {
        Arc::new(Self { rung: AtomicBool::new(true), thread: thread::current() })
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

impl<T> Task<T> {
    pub(crate) fn new(waits_for: WaitsFor, future: impl Future<Output = T> + 'static) -> Self {
        Self { future: Box::pin(future), bell: Bell::new(), waits_for }
    }

    /// Whether it can go on.
    pub(crate) fn is_rung(&self) -> bool {
        self.bell.rung.load(Ordering::SeqCst)
    }

    /// Runs it as far as it goes: one stretch. `None` while it waits for the simulator.
    pub(crate) fn run(&mut self, around: &Around<'_>) -> Option<T> {
        let waker = Waker::from(Arc::clone(&self.bell));
        let mut context = Context::from_waker(&waker);
        loop {
            self.bell.rung.store(false, Ordering::SeqCst);
            if let Poll::Ready(value) = self.future.as_mut().poll(&mut context) {
                wait_for(around.rests);
                return Some(value);
            }
            while !self.is_rung() && self.must_go_on(around) {
                thread::park_timeout(GLANCE);
            }
            // All of them, so that it does not matter which one was quicker.
            wait_for(around.rests);
            if !self.is_rung() {
                return None;
            }
        }
    }

    /// Whether only a thread can ring for it.
    fn must_go_on(&self, around: &Around<'_>) -> bool {
        match self.waits_for {
            WaitsFor::Threads => true,
            WaitsFor::ThreadsAndAnswers => !(around.has_asked)(),
            WaitsFor::Anything => false,
        }
    }
}

/// Runs to its end what waits for nothing but threads.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let bell = Bell::new();
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
