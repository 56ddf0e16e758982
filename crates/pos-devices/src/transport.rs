//! Brings bytes to a printer: a file, a device file, or a socket of a network printer.
//!
//! Everything has an end: a printer that is off, out of paper or stuck costs at most the [`Patience`], never the till.
//! A network printer is asked how it stands before it gets a byte of a receipt, so that one without paper is known for
//! what it is and nothing is half printed; one that does not answer such questions gets the receipt all the same. What has
//! left this machine may still lie unprinted in the printer; the ESC/POS language does not promise more.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;
use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// "Transmit real-time status", which printers answer at once with one byte.
const ASK_STATUS: [u8; 2] = [0x10, 0x04];
/// Number of the status of what keeps it from printing, and its bits.
const OFFLINE_STATUS: u8 = 2;
const COVER_IS_OPEN: u8 = 0x04;
const STOPPED_WITHOUT_PAPER: u8 = 0x20;
const ERROR_OCCURRED: u8 = 0x40;
/// Number of the status of the paper's sensors, and their bits.
const PAPER_STATUS: u8 = 4;
const PAPER_IS_OUT: u8 = 0x60;
/// Bits that are the same in every answer, and their values: what does not have them is no answer.
const FIXED_BITS: (u8, u8) = (0x93, 0x12);

/// Port on which printers take raw bytes, used when none is given.
pub const RAW_PORT: u16 = 9100;

/// Where a printer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrinterAddress {
    /// A device file such as `/dev/usb/lp0`, which is written to; or a regular file, which is replaced as a whole.
    Path(PathBuf),
    /// A network printer.
    Network {
        /// Name or IP address.
        host: String,
        /// Usually [`RAW_PORT`].
        port: u16,
    },
}

/// How long a printer may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// To look up the name and answer the connection.
    pub connect: Duration,
    /// To say how it stands. Cheap printers never do, so this is what each job costs there.
    pub status: Duration,
    /// To take all bytes.
    pub write: Duration,
}

impl Default for Patience {
    /// Three seconds to connect, a third of one to say how it stands, ten for the bytes: a slow serial bridge needs a few
    /// for a long receipt.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            status: Duration::from_millis(300),
            write: Duration::from_secs(10),
        }
    }
}

/// A text that names no printer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{text:?} is neither tcp://HOST[:PORT] nor a path")]
pub struct AddressFault {
    /// As given.
    pub text: String,
}

/// Why bytes did not reach a printer.
#[derive(Debug, Error)]
pub enum TransportFault {
    /// The device cannot be opened, or the file cannot be written. Nothing was printed.
    #[error("{path} cannot be written")]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The network printer refused or does not exist.
    #[error("the printer at {host}:{port} cannot be reached")]
    Unreachable {
        /// As given.
        host: String,
        /// As given.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The network printer did not answer in time.
    #[error("the printer at {host}:{port} does not answer")]
    NoAnswer {
        /// As given.
        host: String,
        /// As given.
        port: u16,
    },
    /// The network printer says that it has no paper. Nothing was printed.
    #[error("the printer has no paper")]
    PaperOut,
    /// The network printer says that its cover is open. Nothing was printed.
    #[error("the printer's cover is open")]
    CoverOpen,
    /// The network printer says that it cannot print, such as after a jam of its cutter. Nothing was printed.
    #[error("the printer is out of order")]
    OutOfOrder,
    /// The printer hung up before it had all bytes; part of the receipt may be on paper.
    #[error("the printer broke off")]
    BrokenOff(#[source] io::Error),
    /// The printer stopped taking bytes: no paper, or stuck. Part of the receipt may be on paper.
    #[error("the printer takes no more bytes")]
    Stuck,
}

impl FromStr for PrinterAddress {
    type Err = AddressFault;

    /// Reads `tcp://192.168.1.50`, `tcp://printer:9100`, `tcp://[fe80::1]:9100`, or a path.
    fn from_str(text: &str) -> Result<Self, AddressFault> {
        let fault = || AddressFault { text: text.to_owned() };
        let Some(authority) = text.strip_prefix("tcp://") else {
            return if text.is_empty() || text.contains("://") {
                Err(fault())
            } else {
                Ok(Self::Path(PathBuf::from(text)))
            };
        };
        let (host, port) = match authority.strip_prefix('[') {
            Some(rest) => rest.split_once(']').ok_or_else(fault)?,
            None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
        };
        let port = match port.strip_prefix(':') {
            Some(digits) => digits.parse().map_err(|_| fault())?,
            None if port.is_empty() => RAW_PORT,
            None => return Err(fault()),
        };
        if host.is_empty() || port == 0 {
            Err(fault())
        } else {
            Ok(Self::Network { host: host.to_owned(), port })
        }
    }
}

/// Sends all of `bytes` to a printer.
pub async fn send(address: &PrinterAddress, bytes: &[u8], patience: Patience) -> Result<(), TransportFault> {
    match address {
        PrinterAddress::Path(path) => send_to_path(path, bytes, patience).await,
        PrinterAddress::Network { host, port } => send_to_host(host, *port, bytes, patience).await,
    }
}

async fn send_to_path(path: &Path, bytes: &[u8], patience: Patience) -> Result<(), TransportFault> {
    let fault = |source| TransportFault::File { path: path.to_owned(), source };
    let is_device = match tokio::fs::metadata(path).await {
        Ok(metadata) => !metadata.is_file(),
        Err(e) if e.kind() == io::ErrorKind::NotFound => false,
        Err(e) => return Err(fault(e)),
    };
    let write = async {
        if !is_device {
            return replace_file(path, bytes).await.map_err(fault);
        }
        let mut device = OpenOptions::new().write(true).open(path).await.map_err(fault)?;
        device.write_all(bytes).await.map_err(TransportFault::BrokenOff)?;
        device.flush().await.map_err(TransportFault::BrokenOff)
    };
    timeout(patience.write, write).await.unwrap_or(Err(TransportFault::Stuck))
}

/// Writes beside the file, then takes its place, so that no reader ever sees half a receipt.
async fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut part_name = std::ffi::OsString::from(".");
    part_name.push(name);
    part_name.push(".part");
    let part = path.with_file_name(part_name);
    let mut file = File::create(&part).await?;
    file.write_all(bytes).await?;
    file.sync_all().await?;
    tokio::fs::rename(&part, path).await
}

async fn send_to_host(host: &str, port: u16, bytes: &[u8], patience: Patience) -> Result<(), TransportFault> {
    let connected = timeout(patience.connect, TcpStream::connect((host, port))).await;
    let mut stream = connected
        .map_err(|_| TransportFault::NoAnswer { host: host.to_owned(), port })?
        .map_err(|source| TransportFault::Unreachable { host: host.to_owned(), port, source })?;
    ask_how_it_stands(&mut stream, patience.status).await?;
    let write = async {
        stream.write_all(bytes).await?;
        // Half a close tells the printer that the receipt is complete; what it still holds is not thrown away.
        stream.shutdown().await
    };
    match timeout(patience.write, write).await {
        Ok(done) => done.map_err(TransportFault::BrokenOff)?,
        Err(_) => return Err(TransportFault::Stuck),
    }
    // What the printer still says is read: closing on unread bytes would take back what it has not read itself.
    let hear = async { while matches!(stream.read(&mut [0; 64]).await, Ok(1..)) {} };
    // One that keeps the line open has all the same taken everything.
    drop(timeout(patience.status, hear).await);
    Ok(())
}

/// Refuses a printer that says that it cannot print.
async fn ask_how_it_stands(stream: &mut TcpStream, patience: Duration) -> Result<(), TransportFault> {
    let Some(offline) = ask(stream, OFFLINE_STATUS, patience).await? else { return Ok(()) };
    if offline & STOPPED_WITHOUT_PAPER != 0 {
        return Err(TransportFault::PaperOut);
    }
    if offline & COVER_IS_OPEN != 0 {
        return Err(TransportFault::CoverOpen);
    }
    if offline & ERROR_OCCURRED != 0 {
        return Err(TransportFault::OutOfOrder);
    }
    match ask(stream, PAPER_STATUS, patience).await? {
        Some(paper) if paper & PAPER_IS_OUT != 0 => Err(TransportFault::PaperOut),
        Some(_) | None => Ok(()),
    }
}

/// One status byte; none from a printer that does not answer such questions.
async fn ask(stream: &mut TcpStream, status: u8, patience: Duration) -> Result<Option<u8>, TransportFault> {
    let [first, second] = ASK_STATUS;
    stream.write_all(&[first, second, status]).await.map_err(TransportFault::BrokenOff)?;
    let (mask, value) = FIXED_BITS;
    match timeout(patience, stream.read_u8()).await {
        Ok(Ok(answer)) if answer & mask == value => Ok(Some(answer)),
        // Something else that a printer says, or nothing: it is asked no more and judged by how it takes the bytes.
        Ok(Ok(_) | Err(_)) | Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_or_refused() {
        let network = |host: &str, port| Ok(PrinterAddress::Network { host: host.into(), port });
        assert_eq!("tcp://192.168.1.50".parse(), network("192.168.1.50", RAW_PORT));
        assert_eq!("tcp://printer:9101".parse(), network("printer", 9101));
        assert_eq!("tcp://[fe80::1]:9100".parse(), network("fe80::1", RAW_PORT));
        assert_eq!("/dev/usb/lp0".parse(), Ok(PrinterAddress::Path("/dev/usb/lp0".into())));
        for text in
            ["", "tcp://", "tcp://:9100", "tcp://a:b", "tcp://a:0", "tcp://[::1", "tcp://[::1]9", "http://a"]
        {
            assert!(text.parse::<PrinterAddress>().is_err(), "{text}");
        }
    }
}
