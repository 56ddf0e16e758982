//! A printer that is off, without paper, or hangs up in the middle: the sale never waits, and no receipt is lost, printed
//! out of turn, or printed twice without saying so.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use pos_app::view::{DeviceSettings, PrintQueue, PrintState, PrintTrouble, PrinterSetting, SaleNotice};
use pos_app::{App, ErrorCode};
use rusqlite::Connection;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::shop::Till;

/// How a printer behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Good,
    NoPaper,
    /// Takes the beginning of a receipt and breaks off.
    HangsUp,
}

/// A network printer: answers how it stands, and keeps what it printed.
struct Printer {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    papers: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Printer {
    async fn start(mood: Mood) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), mood).await
    }

    async fn start_at(address: SocketAddr, mood: Mood) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (mood, papers) = (Arc::new(Mutex::new(mood)), Arc::new(Mutex::new(Vec::new())));
        let (mine, out) = (Arc::clone(&mood), Arc::clone(&papers));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let mood = *mine.lock().unwrap();
                if let Some(paper) = print(socket, mood).await {
                    out.lock().unwrap().push(paper);
                }
            }
        });
        Self { address, mood, papers }
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// What was printed whole, as text: receipts of these tests are ASCII enough.
    fn papers(&self) -> Vec<String> {
        let papers = self.papers.lock().unwrap();
        papers.iter().map(|paper| String::from_utf8_lossy(paper).into_owned()).collect()
    }
}

/// The bytes of one job, when the printer took all of them.
async fn print(mut socket: TcpStream, mood: Mood) -> Option<Vec<u8>> {
    for _ in 0..2 {
        socket.read_exact(&mut [0; 3]).await.ok()?;
        let state = if mood == Mood::NoPaper { 0x32 } else { 0x12 };
        socket.write_all(&[state]).await.ok()?;
    }
    if mood == Mood::HangsUp {
        socket.read_exact(&mut [0; 8]).await.ok()?;
        return None;
    }
    let mut paper = Vec::new();
    socket.read_to_end(&mut paper).await.ok()?;
    Some(paper)
}

fn on_network(address: SocketAddr) -> DeviceSettings {
    DeviceSettings {
        printer: PrinterSetting::Network { address: address.to_string() },
        print_automatically: true,
        ..DeviceSettings::default()
    }
}

async fn till_with(device: DeviceSettings) -> Till {
    let till = Till::demo().await;
    till.app.set_device(device).await.unwrap();
    till
}

/// The queue, once it is as `wanted`.
async fn queue_when(app: &App, wanted: impl Fn(&PrintQueue) -> bool) -> PrintQueue {
    let mut changes = app.subscribe();
    loop {
        let queue = app.list_prints(50).await.unwrap().value;
        if wanted(&queue) {
            return queue;
        }
        // Behind or closed, the queue is read again all the same.
        drop(changes.recv().await);
    }
}

async fn sell(till: &Till) -> pos_app::view::SaleCompleted {
    till.app.scan("SUCRE-1KG").await.unwrap();
    till.pay().await.unwrap()
}

/// An address at which nobody listens.
async fn nobody() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sale_stands_whatever_the_printer_does_and_is_printed_once_the_printer_is_back() {
    let address = nobody().await;
    let till = till_with(on_network(address)).await;
    let first = sell(&till).await;
    let queue = queue_when(&till.app, |q| q.trouble.is_some()).await;
    assert_eq!(
        (queue.open, queue.trouble),
        (1, Some(PrintTrouble::Unreachable)),
        "it waits, with its reason"
    );
    assert_eq!(queue.jobs[0].title, first.number, "and says what waits");
    let second = sell(&till).await;
    let said = second
        .notices
        .iter()
        .any(|n| matches!(n, SaleNotice::NotPrinted { detail } if detail == "unreachable"));
    assert!(said, "the next cashier is told at once: {:?}", second.notices);

    let printer = Printer::start_at(address, Mood::Good).await;
    till.app.retry_print(queue.jobs[0].job_no).await.unwrap();
    queue_when(&till.app, |q| q.open == 0).await;
    let papers = printer.papers();
    assert!(
        papers[0].contains(&first.number) && papers[1].contains(&second.number),
        "in the order of the sales"
    );
    assert_eq!(papers.len(), 2, "each once");
    assert!(!papers.concat().contains("DUPLICATA"), "nothing was out before, so neither is a duplicate");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_paper_nothing_is_half_printed_and_the_reason_is_in_sight() {
    let printer = Printer::start(Mood::NoPaper).await;
    let till = till_with(on_network(printer.address)).await;
    sell(&till).await;
    let queue = queue_when(&till.app, |q| q.trouble.is_some()).await;
    assert_eq!(queue.trouble, Some(PrintTrouble::PaperOut));
    printer.set(Mood::Good);
    till.app.retry_print(queue.jobs[0].job_no).await.unwrap();
    queue_when(&till.app, |q| q.open == 0).await;
    assert!(!printer.papers()[0].contains("DUPLICATA"), "no paper of it was out");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_be_half_on_paper_is_printed_again_as_a_duplicate() {
    let printer = Printer::start(Mood::HangsUp).await;
    let till = till_with(on_network(printer.address)).await;
    let sold = sell(&till).await;
    // A short receipt fits into the buffers of the line, so whether the break is noticed is the system's choice; a
    // reprint says that it is one in either case.
    queue_when(&till.app, |q| q.jobs.iter().any(|j| j.attempts > 0 && j.state != PrintState::Printing)).await;
    printer.set(Mood::Good);
    till.app.print_receipt(sold.sale_id).await.unwrap();
    let queue = till.app.list_prints(50).await.unwrap().value;
    if let Some(waiting) = queue.jobs.iter().find(|j| j.state == PrintState::Waiting && j.attempts > 0) {
        till.app.retry_print(waiting.job_no).await.unwrap();
    }
    queue_when(&till.app, |q| q.open == 0).await;
    let papers = printer.papers();
    assert!(!papers.is_empty() && papers.iter().all(|p| p.contains("DUPLICATA")), "{papers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queue_survives_a_restart_and_a_job_cut_off_in_the_middle_says_so() {
    let address = nobody().await;
    let till = till_with(on_network(address)).await;
    let (cut_off, waiting) = (sell(&till).await, sell(&till).await);
    queue_when(&till.app, |q| q.open == 2 && q.trouble.is_some()).await;
    let Till { folder, app } = till;
    app.close().await.unwrap();
    // As after a kill in the middle of the first one.
    let file = Connection::open(folder.path().join(pos_store::FILE_NAME)).unwrap();
    let changed = file.execute(
        "UPDATE print_job SET state = 'printing', next_due_at_ms = NULL WHERE title = ?1",
        [&cut_off.number],
    );
    assert_eq!(changed.unwrap(), 1);
    drop(file);

    let printer = Printer::start_at(address, Mood::Good).await;
    let app = App::open(crate::shop::options(folder.path())).await.unwrap();
    let till = Till { folder, app };
    let queue = till.app.list_prints(50).await.unwrap().value;
    for job in queue.jobs.iter().filter(|job| job.state == PrintState::Waiting) {
        till.app.retry_print(job.job_no).await.unwrap();
    }
    queue_when(&till.app, |q| q.open == 0).await;
    let papers = printer.papers();
    assert!(
        papers[0].contains(&cut_off.number) && papers[0].contains("DUPLICATA"),
        "a paper may be out already"
    );
    assert!(papers[1].contains(&waiting.number) && !papers[1].contains("DUPLICATA"), "of this one none is");
    let reprint = till.app.print_receipt(waiting.sale_id).await.unwrap().value;
    assert!(reprint.duplicate, "and from now on it has been printed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_drawer_opens_once_with_a_sale_for_cash_and_only_where_there_is_one() {
    const PULSE: &str = "\u{1b}p";
    let printer = Printer::start(Mood::Good).await;
    for (drawer, print_automatically) in [(true, true), (true, false), (false, true)] {
        printer.papers.lock().unwrap().clear();
        let device = DeviceSettings { drawer, print_automatically, ..on_network(printer.address) };
        let till = till_with(device).await;
        let sold = sell(&till).await;
        let queue = queue_when(&till.app, |q| !q.jobs.is_empty() && q.open == 0).await;
        let papers = printer.papers();
        assert_eq!((papers.len(), queue.jobs.len()), (1, 1), "drawer {drawer}, print {print_automatically}");
        assert_eq!(papers[0].contains(PULSE), drawer);
        assert_eq!(papers[0].contains(&sold.number), print_automatically);
        till.app.print_receipt(sold.sale_id).await.unwrap();
        queue_when(&till.app, |q| q.jobs.len() == 2 && q.open == 0).await;
        assert!(!printer.papers()[1].contains(PULSE), "a reprint opens no drawer");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_printer_gets_what_waits_and_what_was_cancelled_is_gone() {
    let till = till_with(on_network(nobody().await)).await;
    let (dropped, kept) = (sell(&till).await, sell(&till).await);
    let queue = queue_when(&till.app, |q| q.open == 2 && q.trouble.is_some()).await;
    let job_of = |number: &str| queue.jobs.iter().find(|j| j.title == number).unwrap().job_no;
    // While it is on its way it cannot be called back; then it is asked again.
    while let Err(error) = till.app.cancel_print(job_of(&dropped.number)).await {
        assert_eq!(error.code, ErrorCode::PrintJobClosed);
        assert_eq!(error.params["state"], "printing");
        queue_when(&till.app, |q| q.jobs.iter().all(|j| j.state != PrintState::Printing)).await;
    }
    let printer = Printer::start(Mood::Good).await;
    till.app.set_device(on_network(printer.address)).await.unwrap();
    queue_when(&till.app, |q| q.open == 0).await;
    let papers = printer.papers();
    assert!(papers.len() == 1 && papers[0].contains(&kept.number), "without waiting for the next try");
    let gone = till.app.retry_print(job_of(&dropped.number)).await.unwrap_err();
    assert_eq!((gone.code, &gone.params["state"]), (ErrorCode::PrintJobClosed, &"cancelled".into()));
    assert_eq!(till.app.retry_print(999).await.unwrap_err().code, ErrorCode::PrintJobNotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_printer_nothing_is_queued_and_asking_says_so() {
    let till = till_with(DeviceSettings { print_automatically: true, ..DeviceSettings::default() }).await;
    let sold = sell(&till).await;
    assert!(till.app.list_prints(50).await.unwrap().value.jobs.is_empty());
    let asked = till.app.print_receipt(sold.sale_id).await.unwrap_err();
    assert_eq!(asked.code, ErrorCode::PrintNoPrinter);
}
