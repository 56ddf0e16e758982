//! A small blocking HTTP client: real bytes over a real socket, without another crate's idea of retries and pools.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme, StreamOwned};
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// Long enough that a slow machine never meets it; a hanging server fails the test instead of stopping the suite.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> T {
        let text = match self.header("content-encoding") {
            Some("zstd") => zstd::decode_all(self.body.as_slice()).unwrap(),
            Some(other) => panic!("{other} was not asked for"),
            None => self.body.clone(),
        };
        serde_json::from_slice(&text)
            .unwrap_or_else(|fault| panic!("{fault}: {}", String::from_utf8_lossy(&text)))
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    pub(crate) encoding: Option<&'static str>,
    pub(crate) accept: Option<&'static str>,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn get(path: &str, token: &str) -> Ask {
    Ask { method: "GET", path: path.to_owned(), token: Some(token.to_owned()), ..Ask::default() }
}

pub(crate) fn post(path: &str, token: &str, body: Vec<u8>) -> Ask {
    Ask { method: "POST", path: path.to_owned(), token: Some(token.to_owned()), body, ..Ask::default() }
}

/// One request on a connection of its own.
pub(crate) fn send(address: SocketAddr, ask: &Ask) -> std::io::Result<Reply> {
    exchange(connect(address)?, ask, "close")
}

pub(crate) fn connect(address: SocketAddr) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// One request on an open connection.
pub(crate) fn exchange(mut stream: impl Read + Write, ask: &Ask, connection: &str) -> std::io::Result<Reply> {
    write_request(&mut stream, ask, connection)?;
    read_reply(&mut stream)
}

pub(crate) fn write_request(stream: &mut impl Write, ask: &Ask, connection: &str) -> std::io::Result<()> {
    let mut head =
        format!("{} {} HTTP/1.1\r\nhost: test\r\nconnection: {connection}\r\n", ask.method, ask.path);
    for (name, value) in [
        ("authorization", ask.token.as_ref().map(|token| format!("Bearer {token}"))),
        ("content-encoding", ask.encoding.map(str::to_owned)),
        ("accept-encoding", ask.accept.map(str::to_owned)),
    ] {
        if let Some(value) = value {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", ask.body.len()));
    let mut bytes = head.into_bytes();
    bytes.extend_from_slice(&ask.body);
    // A server that refuses a large body may close before it was read whole; its answer still counts.
    match stream.write_all(&bytes) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

fn read_reply(stream: &mut impl Read) -> std::io::Result<Reply> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        read_more(stream, &mut bytes)?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let mut body = bytes.split_off(head_end);
    let length = headers.iter().find(|(name, _)| name == "content-length");
    if let Some((_, length)) = length {
        let length: usize = length.parse().unwrap();
        while body.len() < length {
            read_more(stream, &mut body)?;
        }
    } else {
        while !body.ends_with(b"0\r\n\r\n") {
            read_more(stream, &mut body)?;
        }
        body = unchunk(&body);
    }
    Ok(Reply { status, headers, body })
}

fn read_more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> std::io::Result<()> {
    let mut piece = [0; 16 * 1024];
    match stream.read(&mut piece)? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        read => {
            bytes.extend_from_slice(&piece[..read]);
            Ok(())
        }
    }
}

fn unchunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = rest.windows(2).position(|window| window == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..at]).unwrap(), 16).unwrap();
        body.extend_from_slice(&rest[at + 2..at + 2 + size]);
        rest = &rest[at + 2 + size + 2..];
    }
    body
}

/// A TLS connection that accepts exactly the certificate with this pin (SHA-256 of SubjectPublicKeyInfo).
pub(crate) fn connect_pinned(
    address: SocketAddr,
    pin: [u8; 32],
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Pinned { pin });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).map_err(std::io::Error::other)?;
    Ok(StreamOwned::new(connection, connect(address)?))
}

#[derive(Debug)]
struct Pinned {
    pin: [u8; 32],
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = ParsedCertificate::try_from(end_entity)?.subject_public_key_info();
        let found: [u8; 32] = Sha256::digest(key.as_ref()).into();
        if found == self.pin {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::General("another certificate than the pinned one".to_owned()))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = rustls::crypto::ring::default_provider().signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}
