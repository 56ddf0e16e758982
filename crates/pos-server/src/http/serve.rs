//! Listening: plain HTTP on loopback, TLS elsewhere, and an orderly end.

use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use axum_server::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::routes::router;
use super::tls::{Certificate, Pin};
use crate::error::ServerError;
use crate::server::Server;

/// How long an orderly end waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(10);
/// A handshake that takes longer is not a register's.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Never reached; only asks the system which of its addresses leads outside. RFC 5737 documentation range.
const SOMEWHERE_ELSE: &str = "192.0.2.1:9";

/// Where to listen.
#[derive(Debug, Clone)]
pub struct Listen {
    /// Address and port; port 0 lets the system choose.
    pub address: SocketAddr,
    /// The data folder, where the certificate is kept.
    pub data: PathBuf,
    /// TLS on loopback too. Elsewhere there is always TLS.
    pub tls: bool,
}

/// A server that listens.
#[derive(Debug)]
pub struct HttpServer {
    address: SocketAddr,
    url: String,
    pin: Option<Pin>,
    stop: CancellationToken,
    handle: Handle<SocketAddr>,
    task: JoinHandle<std::io::Result<()>>,
}

impl HttpServer {
    /// Binds and begins to answer on the current runtime.
    ///
    /// # Errors
    /// [`ServerError::Io`] when the address is taken, [`ServerError::Certificate`].
    pub fn start(server: Server, listen: &Listen) -> Result<Self, ServerError> {
        let failed = |source| ServerError::Io {
            what: "listening",
            path: PathBuf::from(listen.address.to_string()),
            source,
        };
        let listener = TcpListener::bind(listen.address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let public = public_address(address);
        let certificate = if listen.tls || !address.ip().is_loopback() {
            Some(Certificate::open(&listen.data, &[public.ip()])?)
        } else {
            None
        };
        let (stop, handle) = (CancellationToken::new(), Handle::new());
        let service = router(server, stop.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let task = match &certificate {
            None => {
                let serving = axum_server::from_tcp(listener).map_err(failed)?.handle(handle.clone());
                tokio::spawn(serving.serve(service))
            }
            Some(certificate) => {
                let serving = axum_server::from_tcp_rustls(listener, certificate.rustls_config())
                    .map_err(failed)?
                    .map(|acceptor| acceptor.handshake_timeout(HANDSHAKE_TIMEOUT))
                    .handle(handle.clone());
                tokio::spawn(serving.serve(service))
            }
        };
        let pin = certificate.map(|certificate| certificate.pin());
        let url = match pin {
            None => format!("http://{public}"),
            Some(pin) => format!("https://{public}#{}", pin.to_fragment()),
        };
        Ok(Self { address, url, pin, stop, handle, task })
    }

    /// Where it really listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What registers type: with the pin as a fragment when there is TLS.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What registers pin; none for plain HTTP.
    pub fn pin(&self) -> Option<Pin> {
        self.pin
    }

    /// Stops accepting, lets requests finish, and ends.
    ///
    /// # Errors
    /// [`ServerError::Io`] when serving had failed.
    pub async fn stop(self) -> Result<(), ServerError> {
        self.stop.cancel();
        self.handle.graceful_shutdown(Some(GRACE));
        let ended = self.task.await.unwrap_or(Ok(()));
        let path = PathBuf::from(self.address.to_string());
        ended.map_err(|source| ServerError::Io { what: "serving", path, source })
    }
}

/// The address to tell registers: for "all addresses" the one that leads outside.
fn public_address(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    let outside = || -> std::io::Result<IpAddr> {
        let socket = UdpSocket::bind((address.ip(), 0))?;
        socket.connect(SOMEWHERE_ELSE)?;
        Ok(socket.local_addr()?.ip())
    };
    SocketAddr::new(outside().unwrap_or(address.ip()), address.port())
}
