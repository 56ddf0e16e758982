//! Printers of every temper, each a real socket or file.

use std::time::Duration;

use pos_devices::transport::{Patience, PrinterAddress, TransportFault, send};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Long enough that only a printer that never answers uses it up.
const LONG: Patience = Patience {
    connect: Duration::from_secs(60),
    status: Duration::from_secs(60),
    write: Duration::from_secs(60),
};
/// For printers that never answer: any value gives the same outcome.
const SHORT: Patience = Patience {
    connect: Duration::from_millis(100),
    status: Duration::from_millis(1),
    write: Duration::from_millis(100),
};
/// The question for each of the two states, and an answer without complaint.
const ASKS: [[u8; 3]; 2] = [[0x10, 0x04, 2], [0x10, 0x04, 4]];
const FINE: u8 = 0x12;
/// More than all socket buffers of a loopback connection hold.
const FLOOD: usize = 64 << 20;

async fn listen() -> (TcpListener, PrinterAddress) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, PrinterAddress::Network { host: "127.0.0.1".into(), port })
}

/// Reads the two questions and answers that all is well.
async fn answer_well(socket: &mut TcpStream) {
    for ask in ASKS {
        let mut asked = [0; 3];
        socket.read_exact(&mut asked).await.unwrap();
        assert_eq!(asked, ask);
        socket.write_all(&[FINE]).await.unwrap();
    }
}

#[tokio::test]
async fn a_printer_that_cannot_print_says_why_and_gets_no_byte_of_the_receipt() {
    for (answers, why) in [
        (vec![FINE | 0x20], "PaperOut"),
        (vec![FINE | 0x04], "CoverOpen"),
        (vec![FINE | 0x40], "OutOfOrder"),
        (vec![FINE, FINE | 0x60], "PaperOut"),
    ] {
        let (listener, address) = listen().await;
        let asked = answers.len() * 3;
        let printer = tokio::spawn(async move {
            let mut socket = listener.accept().await.unwrap().0;
            for answer in answers {
                socket.read_exact(&mut [0; 3]).await.unwrap();
                socket.write_all(&[answer]).await.unwrap();
            }
            let mut rest = Vec::new();
            socket.read_to_end(&mut rest).await.unwrap();
            rest
        });
        let fault = send(&address, b"receipt", LONG).await.unwrap_err();
        assert_eq!(format!("{fault:?}"), why, "after {asked} bytes of questions");
        assert!(printer.await.unwrap().is_empty(), "{why}: nothing is half printed");
    }
}

#[tokio::test]
async fn a_printer_that_answers_no_questions_or_nonsense_prints_all_the_same() {
    for nonsense in [None, Some(0xFF)] {
        let (listener, address) = listen().await;
        let printer = tokio::spawn(async move {
            let mut socket = listener.accept().await.unwrap().0;
            if let Some(byte) = nonsense {
                socket.write_all(&[byte]).await.unwrap();
            }
            let mut paper = Vec::new();
            socket.read_to_end(&mut paper).await.unwrap();
            paper
        });
        let patience = Patience { status: Duration::from_millis(1), ..LONG };
        send(&address, b"receipt", patience).await.unwrap();
        assert_eq!(printer.await.unwrap(), [&ASKS[0][..], b"receipt"].concat(), "it is asked once");
    }
}

#[tokio::test]
async fn a_good_printer_gets_every_byte_and_the_end() {
    let (listener, address) = listen().await;
    let printer = tokio::spawn(async move {
        let mut paper = Vec::new();
        let mut socket = listener.accept().await.unwrap().0;
        answer_well(&mut socket).await;
        socket.read_to_end(&mut paper).await.unwrap();
        paper
    });
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    send(&address, &bytes, LONG).await.unwrap();
    assert_eq!(printer.await.unwrap(), bytes);
}

#[tokio::test]
async fn a_slow_printer_gets_every_byte_too() {
    let (listener, address) = listen().await;
    let printer = tokio::spawn(async move {
        let mut socket = listener.accept().await.unwrap().0;
        answer_well(&mut socket).await;
        let mut buffer = vec![0; 64 << 10];
        let mut taken = 0;
        loop {
            match socket.read(&mut buffer).await.unwrap() {
                0 => return taken,
                count => taken += count,
            }
            tokio::task::yield_now().await;
        }
    });
    send(&address, &vec![b'x'; FLOOD], LONG).await.unwrap();
    assert_eq!(printer.await.unwrap(), FLOOD, "more than the buffers hold, and all of it arrived");
}

#[tokio::test]
async fn a_printer_that_stops_reading_costs_patience_and_no_more() {
    let (listener, address) = listen().await;
    let printer = tokio::spawn(async move { listener.accept().await.unwrap().0 });
    let fault = send(&address, &vec![b'x'; FLOOD], SHORT).await.unwrap_err();
    assert!(matches!(fault, TransportFault::Stuck), "{fault:?}");
    drop(printer.await.unwrap());
}

#[tokio::test]
async fn a_printer_that_hangs_up_in_the_middle_is_told_apart() {
    let (listener, address) = listen().await;
    let printer = tokio::spawn(async move {
        let mut socket = listener.accept().await.unwrap().0;
        answer_well(&mut socket).await;
        socket.read_exact(&mut [0; 16]).await.unwrap();
    });
    let fault = send(&address, &vec![b'x'; FLOOD], LONG).await.unwrap_err();
    assert!(matches!(fault, TransportFault::BrokenOff(_)), "{fault:?}");
    printer.await.unwrap();
}

#[tokio::test]
async fn a_printer_that_is_not_there_is_unreachable() {
    let (listener, address) = listen().await;
    drop(listener);
    let fault = send(&address, b"x", LONG).await.unwrap_err();
    assert!(matches!(fault, TransportFault::Unreachable { .. }), "{fault:?}");
}

#[tokio::test]
async fn a_file_is_replaced_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("receipt.bin");
    let address = PrinterAddress::Path(path.clone());
    send(&address, &[1; 1000], LONG).await.unwrap();
    send(&address, &[2; 10], LONG).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), [2; 10], "nothing of the longer file before is left");
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["receipt.bin"], "no half-written file is left beside it");
}

#[tokio::test]
async fn a_file_that_cannot_be_written_names_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("receipt.bin");
    let fault = send(&PrinterAddress::Path(path.clone()), b"x", LONG).await.unwrap_err();
    assert!(matches!(&fault, TransportFault::File { path: named, .. } if *named == path), "{fault:?}");
    let fault = send(&PrinterAddress::Path(folder.path().into()), b"x", LONG).await.unwrap_err();
    assert!(matches!(fault, TransportFault::File { .. }), "a folder is no printer: {fault:?}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_device_is_written_to_and_its_errors_are_heard() {
    send(&PrinterAddress::Path("/dev/null".into()), b"receipt", LONG).await.unwrap();
    let fault = send(&PrinterAddress::Path("/dev/full".into()), b"receipt", LONG).await.unwrap_err();
    assert!(matches!(fault, TransportFault::BrokenOff(_)), "a full device is no success: {fault:?}");
}
