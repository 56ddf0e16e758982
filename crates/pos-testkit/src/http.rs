//! Just enough HTTP/1.1 to find where one request ends.

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncRead, AsyncReadExt};

/// Most bytes of a request's head, 64 KiB.
const MAX_HEAD: usize = 64 << 10;

/// One whole request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    /// Reads one request; `None` when the connection ends before one begins.
    pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Self>> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if bytes.len() > MAX_HEAD {
                bail!("this is no request");
            }
            if from.read_buf(&mut bytes).await? == 0 {
                return if bytes.is_empty() { Ok(None) } else { bail!("a request ended in its head") };
            }
        };
        let mut body = bytes.split_off(end);
        let head = String::from_utf8(bytes).context("a head of text")?;
        let length = length_of(&head)?;
        while body.len() < length {
            if from.read_buf(&mut body).await? == 0 {
                bail!("a request ended in its body");
            }
        }
        Ok(Some(Self { head, body }))
    }

    /// Whether it asks for this path with this method, such as `POST /v1/sync/push`.
    pub(crate) fn is(&self, method_and_path: &str) -> bool {
        self.head.strip_prefix(method_and_path).is_some_and(|rest| rest.starts_with([' ', '?']))
    }

    /// The bytes to send on. The server is asked to close afterwards, so that the end of the connection is the end of
    /// the answer and each request has a connection of its own.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let head = self.head.trim_end_matches("\r\n");
        let mut bytes = format!("{head}\r\nconnection: close\r\n\r\n").into_bytes();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

fn length_of(head: &str) -> Result<usize> {
    for line in head.lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            return value.trim().parse().context("the length of a body");
        }
        if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("a register sends bodies of known length");
        }
    }
    Ok(0)
}
