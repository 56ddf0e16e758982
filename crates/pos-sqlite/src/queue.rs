//! A bounded queue of jobs with two urgencies, shared by the threads that own connections.
//!
//! Knows nothing of SQLite. A condition variable wakes the takers, so an idle thread costs nothing; every taker
//! is woken for every job because some takers refuse patient jobs and must not swallow the signal of one.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Most jobs that may wait in one queue. A job that waits is memory and latency; at a hundred commits per second
/// this is already 40 s of backlog, so what comes after is told to try again instead of piling up.
pub(crate) const MAX_WAITING_JOBS: usize = 4_096;

/// Which of the two lines a job stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Taken before every patient job.
    Urgent,
    /// Taken when no urgent job waits.
    Patient,
}

/// Which jobs a thread accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Urgent jobs only: this thread is never busy with a patient one.
    UrgentOnly,
    /// Urgent jobs first, then patient ones.
    Everything,
}

/// Why a job was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// [`MAX_WAITING_JOBS`] already wait.
    Full,
    /// The queue was closed.
    Closed,
}

/// The queue itself. First in, first out within an urgency.
pub(crate) struct JobQueue<J> {
    lines: Mutex<Lines<J>>,
    changed: Condvar,
}

struct Lines<J> {
    urgent: VecDeque<J>,
    patient: VecDeque<J>,
    closed: bool,
    /// Whoever appends a job waits until it has ended.
    in_step: bool,
    /// Jobs that were taken and have not ended.
    running: usize,
}

impl<J> Lines<J> {
    fn are_idle(&self) -> bool {
        self.urgent.is_empty() && self.patient.is_empty() && self.running == 0
    }
}

impl<J> JobQueue<J> {
    pub(crate) fn new() -> Self {
        let (urgent, patient) = (VecDeque::new(), VecDeque::new());
        let lines = Lines { urgent, patient, closed: false, in_step: false, running: 0 };
        Self { lines: Mutex::new(lines), changed: Condvar::new() }
    }

    /// Appends a job to its line.
    pub(crate) fn push(&self, urgency: Urgency, job: J) -> Result<(), Refusal> {
        let mut lines = self.lock();
        if lines.closed {
            return Err(Refusal::Closed);
        }
        if lines.urgent.len() + lines.patient.len() >= MAX_WAITING_JOBS {
            return Err(Refusal::Full);
        }
        match urgency {
            Urgency::Urgent => lines.urgent.push_back(job),
            Urgency::Patient => lines.patient.push_back(job),
        }
        self.changed.notify_all();
        while lines.in_step && !lines.are_idle() {
            lines = self.changed.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// From now on whoever appends a job waits until it has ended, and nothing depends on how quick a thread is.
    pub(crate) fn work_in_step(&self) {
        self.lock().in_step = true;
    }

    /// Waits for the next job. `None` once the queue is closed and holds nothing this thread takes: what was
    /// accepted before the closing is still done.
    pub(crate) fn pop(&self, takes: Takes) -> Option<J> {
        let mut lines = self.lock();
        loop {
            let patient = |lines: &mut Lines<J>| match takes {
                Takes::Everything => lines.patient.pop_front(),
                Takes::UrgentOnly => None,
            };
            if let Some(job) = lines.urgent.pop_front().or_else(|| patient(&mut lines)) {
                lines.running += 1;
                return Some(job);
            }
            if lines.closed {
                return None;
            }
            lines = self.changed.wait(lines).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A job that was popped has ended.
    pub(crate) fn ended(&self) {
        let mut lines = self.lock();
        lines.running -= 1;
        if lines.in_step {
            self.changed.notify_all();
        }
    }

    /// Whether no job waits and none runs.
    pub(crate) fn is_idle(&self) -> bool {
        self.lock().are_idle()
    }

    /// Refuses further jobs and lets the takers end when they have emptied it.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The lines are valid after a panic of another holder: no step between lock and unlock leaves them half done.
    fn lock(&self) -> MutexGuard<'_, Lines<J>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgent_jobs_overtake_patient_ones_and_each_line_keeps_its_order() {
        let queue = JobQueue::new();
        for (urgency, job) in [
            (Urgency::Patient, "sync 1"),
            (Urgency::Urgent, "till 1"),
            (Urgency::Patient, "sync 2"),
            (Urgency::Urgent, "till 2"),
        ] {
            queue.push(urgency, job).unwrap();
        }
        queue.close();
        let order: Vec<_> = std::iter::from_fn(|| queue.pop(Takes::Everything)).collect();
        assert_eq!(order, ["till 1", "till 2", "sync 1", "sync 2"], "till work goes before sync work");
    }

    #[test]
    fn in_step_jobs_end_in_the_order_in_which_they_were_appended_whatever_their_line() {
        let queue = JobQueue::new();
        queue.work_in_step();
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while let Some(job) = queue.pop(Takes::Everything) {
                    // A slow thread changes nothing.
                    std::thread::yield_now();
                    done.lock().unwrap().push(job);
                    queue.ended();
                }
            });
            for job in 0..200 {
                let urgency = if job % 2 == 0 { Urgency::Patient } else { Urgency::Urgent };
                queue.push(urgency, job).unwrap();
                assert_eq!(done.lock().unwrap().len(), job + 1, "it has ended when the next is appended");
            }
            queue.close();
        });
        assert!(done.into_inner().unwrap().is_sorted(), "no urgent job overtakes a patient one");
    }

    #[test]
    fn a_reserved_taker_never_takes_a_patient_job() {
        let queue = JobQueue::new();
        queue.push(Urgency::Patient, "report").unwrap();
        queue.close();
        assert_eq!(queue.pop(Takes::UrgentOnly), None, "the reserved thread must stay free");
        assert_eq!(queue.pop(Takes::Everything), Some("report"), "the other thread still finds the report");
    }

    #[test]
    fn a_full_queue_refuses_and_a_closed_one_still_hands_out_what_it_accepted() {
        let queue = JobQueue::new();
        for job in 0..MAX_WAITING_JOBS {
            queue.push(Urgency::Patient, job).unwrap();
        }
        assert_eq!(
            queue.push(Urgency::Urgent, 0),
            Err(Refusal::Full),
            "memory stays flat whatever the backlog"
        );
        queue.close();
        assert_eq!(queue.push(Urgency::Urgent, 0), Err(Refusal::Closed));
        let handed_out = std::iter::from_fn(|| queue.pop(Takes::Everything)).count();
        assert_eq!(handed_out, MAX_WAITING_JOBS, "an accepted job is never dropped");
    }
}
