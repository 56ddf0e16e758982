//! The queue of the printers: order, tries, what counts as paper, and what a restart makes of it.

use pos_domain::SaleId;
use pos_store::print_jobs::{self, Job, NewJob, Printer, State, Trouble, Work};
use pos_store::queue::OpMode;
use pos_store::sales;

use crate::kit::{NOW, Register, confirm, stocked};

const GIVE_UP: i64 = NOW + 900_000;

fn page(title: &str) -> NewJob {
    NewJob {
        printer: Printer::Receipts,
        work: Work::Page(title.as_bytes().to_vec()),
        title: title.to_owned(),
        open_drawer: false,
        asked_at_ms: NOW,
        give_up_at_ms: GIVE_UP,
    }
}

fn receipt(sale_id: SaleId) -> NewJob {
    NewJob { work: Work::Receipt(sale_id), ..page("R1-000001") }
}

fn ask(register: &Register, job: NewJob) -> i64 {
    register.write(move |tx| print_jobs::ask(tx, &job))
}

fn claim(register: &Register, now_ms: i64) -> Option<Job> {
    register.write(move |tx| print_jobs::claim(tx, Printer::Receipts, now_ms))
}

fn sold_once(register: &Register) -> SaleId {
    let bread = stocked(register, 10, 5, 1);
    let sale = confirm(&[(&bread, 1)]);
    let sale_id = sale.sale_id;
    register.write(move |tx| {
        sale.insert(tx, OpMode::Fact)?;
        sale.finalise(tx)
    });
    sale_id
}

fn prints(register: &Register, sale_id: SaleId) -> u32 {
    register.read(move |conn| sales::print_count(conn, sale_id))
}

#[test]
fn no_job_overtakes_another_and_one_printer_does_not_hold_up_the_other() {
    let register = Register::new();
    let first = ask(&register, page("first"));
    let second = ask(&register, page("second"));
    let label = ask(&register, NewJob { printer: Printer::Labels, ..page("label") });
    let taken = claim(&register, NOW).unwrap();
    assert_eq!((taken.job_no, taken.attempts), (first, 1), "the oldest job is first");
    assert!(claim(&register, NOW).is_none(), "while one is on its way, none follows");
    register.write(move |tx| print_jobs::put_off(tx, &taken, Trouble::PaperOut, NOW + 5_000, NOW));
    assert!(claim(&register, NOW + 4_999).is_none(), "the second waits behind the first one's next try");
    let labels = register.write(move |tx| print_jobs::claim(tx, Printer::Labels, NOW)).unwrap();
    assert_eq!(labels.job_no, label, "another printer goes on");
    let again = claim(&register, NOW + 5_000).unwrap();
    assert_eq!((again.job_no, again.attempts), (first, 2));
    register.write(move |tx| print_jobs::done(tx, &again, NOW + 5_100));
    assert_eq!(claim(&register, NOW + 5_100).unwrap().job_no, second);
    let kept = register.read(move |conn| print_jobs::find(conn, first)).unwrap();
    assert_eq!(
        (kept.state, kept.work),
        (State::Done, Work::Page(Vec::new())),
        "what was printed is not kept twice"
    );
}

#[test]
fn paper_that_may_be_out_counts_and_a_printer_that_was_never_reached_does_not() {
    let register = Register::new();
    let sale_id = sold_once(&register);
    ask(&register, receipt(sale_id));
    let mut printed = 0;
    for (trouble, counts) in Trouble::ALL.map(|trouble| (trouble, u32::from(trouble.may_have_printed()))) {
        let job = claim(&register, NOW).unwrap();
        register.write(move |tx| print_jobs::put_off(tx, &job, trouble, NOW, NOW));
        printed += counts;
        assert_eq!(prints(&register, sale_id), printed, "{trouble:?}");
    }
    assert_eq!(printed, 3, "broken off, stuck and interrupted");
    let job = claim(&register, NOW).unwrap();
    register.write(move |tx| print_jobs::done(tx, &job, NOW));
    assert_eq!(prints(&register, sale_id), printed + 1, "and so does what was printed whole");
}

#[test]
fn a_job_that_was_on_its_way_when_the_program_ended_is_printed_again_as_a_duplicate() {
    let register = Register::new();
    let sale_id = sold_once(&register);
    let job_no = ask(&register, receipt(sale_id));
    ask(&register, page("behind it"));
    claim(&register, NOW).unwrap();
    assert_eq!(register.write(move |tx| print_jobs::resume(tx, NOW + 60_000)), 1);
    assert_eq!(prints(&register, sale_id), 1, "a paper may be out: the next one says so");
    let job = claim(&register, NOW + 60_000).unwrap();
    assert_eq!((job.job_no, job.trouble), (job_no, Some(Trouble::Interrupted)), "it is still the first");
    assert_eq!(register.write(move |tx| print_jobs::resume(tx, NOW + 61_000)), 1, "however often it happens");
}

#[test]
fn people_ask_again_for_what_was_given_up_and_nothing_else() {
    let register = Register::new();
    let job_no = ask(&register, page("Z 12"));
    assert_eq!(register.write(move |tx| print_jobs::retry(tx, 99, NOW, GIVE_UP)), None, "no such job");
    let job = claim(&register, NOW).unwrap();
    assert_eq!(register.write(move |tx| print_jobs::cancel(tx, job_no, NOW)), Some(State::Printing));
    register.write(move |tx| print_jobs::fail(tx, &job, Trouble::NoAnswer, NOW + 1));
    let standing = register.read(print_jobs::standing);
    assert_eq!((standing.open, standing.failed), (0, 1), "a job on its way cannot be called back");
    assert!(claim(&register, GIVE_UP * 2).is_none(), "what was given up rests");

    assert_eq!(
        register.write(move |tx| print_jobs::retry(tx, job_no, NOW + 2, GIVE_UP)),
        Some(State::Failed)
    );
    let job = claim(&register, NOW + 2).unwrap();
    assert_eq!(job.work, Work::Page(b"Z 12".to_vec()), "it still knows what to print");
    assert_eq!(job.attempts, 1, "and is tried as patiently as at first");
    register.write(move |tx| print_jobs::put_off(tx, &job, Trouble::CoverOpen, NOW + 9_000, NOW + 3));
    assert_eq!(register.read(print_jobs::standing).trouble, Some(Trouble::CoverOpen));
    assert_eq!(register.read(print_jobs::next_due_ms), Some(NOW + 9_000));
    assert_eq!(register.write(move |tx| print_jobs::cancel(tx, job_no, NOW + 4)), Some(State::Waiting));
    assert_eq!(register.read(print_jobs::next_due_ms), None);
    assert_eq!(
        register.write(move |tx| print_jobs::retry(tx, job_no, NOW + 5, GIVE_UP)),
        Some(State::Cancelled)
    );
    assert!(claim(&register, GIVE_UP * 2).is_none(), "cancelled is for good");
}

#[test]
fn ended_jobs_are_forgotten_and_open_or_failed_ones_never() {
    let register = Register::new();
    for (title, end) in [("done", true), ("failed", false)] {
        ask(&register, page(title));
        let job = claim(&register, NOW).unwrap();
        register.write(move |tx| match end {
            true => print_jobs::done(tx, &job, NOW),
            false => print_jobs::fail(tx, &job, Trouble::Unprintable, NOW),
        });
    }
    ask(&register, page("waiting"));
    assert_eq!(
        register.write(move |tx| print_jobs::forget(tx, NOW)),
        0,
        "it ended at this moment, not before"
    );
    assert_eq!(register.write(move |tx| print_jobs::forget(tx, NOW + 1)), 1);
    let left: Vec<String> =
        register.read(move |conn| print_jobs::list(conn, 10)).into_iter().map(|j| j.title).collect();
    assert_eq!(left, ["waiting", "failed"], "the newest first");
}

#[test]
fn every_trouble_is_read_as_it_was_written() {
    let register = Register::new();
    for trouble in Trouble::ALL {
        let job_no = ask(&register, page("x"));
        let job = claim(&register, NOW).unwrap();
        register.write(move |tx| print_jobs::fail(tx, &job, trouble, NOW));
        assert_eq!(register.read(move |conn| print_jobs::find(conn, job_no)).unwrap().trouble, Some(trouble));
    }
}
