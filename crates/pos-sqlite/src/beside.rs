//! Work that belongs to a file and that none of its own threads does: copies of it, notes beside it.
//!
//! It may block for as long as a disk takes, so it runs on the runtime's threads for such work. It is counted, because
//! whoever simulates time lets none pass while anything works.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::oneshot;

/// The work beside one file. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    working: Arc<AtomicUsize>,
    in_step: Arc<AtomicBool>,
}

/// A job ended without an answer.
#[derive(Debug, thiserror::Error)]
#[error("a job beside the database panicked, or its runtime is ending")]
pub struct BesideDied;

/// Counts one job until it is dropped.
struct Working(Arc<AtomicUsize>);

impl Beside {
    /// Begins `job` at once; it runs to its end even when the future is dropped. Call it from within a runtime.
    ///
    /// # Errors
    /// [`BesideDied`]
    pub fn run<T, F>(&self, job: F) -> impl Future<Output = Result<T, BesideDied>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        self.working.fetch_add(1, Ordering::SeqCst);
        let working = Working(Arc::clone(&self.working));
        let (reply, answer) = oneshot::channel();
        let work = move || {
            // Dropped last: whoever finds nothing at work finds every answer given.
            let _working = working;
            let done = job();
            drop(reply.send(done));
        };
        if self.in_step.load(Ordering::SeqCst) {
            // Unwind safe: all that a panic leaves is an answer that never comes.
            drop(catch_unwind(AssertUnwindSafe(work)));
        } else {
            drop(tokio::task::spawn_blocking(work));
        }
        async move { answer.await.map_err(|_| BesideDied) }
    }

    /// From now on each job ends before the call that begins it returns, so that nothing depends on how quick a thread is.
    pub fn work_in_step(&self) {
        self.in_step.store(true, Ordering::SeqCst);
    }

    /// Whether nothing of it runs: every answer has been given.
    pub fn is_idle(&self) -> bool {
        self.working.load(Ordering::SeqCst) == 0
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn work_counts_until_its_answer_is_given_also_when_nobody_waits_for_it_or_it_panics() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let beside = Beside::default();
        let (go, gate) = mpsc::channel::<()>();
        runtime.block_on(async {
            let answer = beside.run(move || gate.recv().is_ok());
            assert!(!beside.is_idle(), "it works");
            drop(answer);
            assert!(!beside.is_idle(), "also when nobody waits for it");
            go.send(()).unwrap();
            assert_eq!(beside.run(|| 7).await.ok(), Some(7));
            assert!(beside.run(|| panic!("planted")).await.is_err(), "a panic is an answer");
        });
        drop(runtime);
        assert!(beside.is_idle(), "and no job is counted for ever");
    }

    #[test]
    fn in_step_a_job_has_ended_when_it_was_begun_also_when_it_panics() {
        let beside = Beside::default();
        beside.work_in_step();
        let here = std::thread::current().id();
        let answer = beside.run(move || std::thread::current().id() == here);
        assert!(beside.is_idle(), "it is over before anybody waits for it");
        drop(beside.run(|| panic!("planted")));
        assert!(beside.is_idle());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(answer).ok(), Some(true));
    }
}
