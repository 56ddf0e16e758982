//! A network cable between a register and its server, which can be pulled out.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A cable from an own port of this machine to the server's. Pulled out, every connection through it breaks.
#[derive(Debug)]
pub struct Cable {
    from: SocketAddr,
    to: SocketAddr,
    current: Option<JoinHandle<()>>,
}

impl Cable {
    /// Lays a cable to a server, plugged in.
    pub async fn lay(to: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.context("no free port")?;
        let from = listener.local_addr()?;
        Ok(Self { from, to, current: Some(tokio::spawn(carry(listener, to))) })
    }

    /// The address at which a register finds the server through this cable.
    pub fn url(&self) -> String {
        format!("http://{}", self.from)
    }

    /// Pulls the cable out.
    pub async fn pull(&mut self) {
        if let Some(current) = self.current.take() {
            current.abort();
            // Ended by us: the only answer is that it was.
            let _ended = current.await;
        }
    }

    /// Plugs the cable in again.
    pub async fn plug(&mut self) -> Result<()> {
        let listener = TcpListener::bind(self.from).await.context("the cable's own port is taken")?;
        self.current = Some(tokio::spawn(carry(listener, self.to)));
        Ok(())
    }
}

/// Carries bytes both ways until it is dropped, and every connection with it.
async fn carry(listener: TcpListener, to: SocketAddr) {
    let mut connections = JoinSet::new();
    while let Ok((mut near, _)) = listener.accept().await {
        connections.spawn(async move {
            let mut far = TcpStream::connect(to).await?;
            copy_bidirectional(&mut near, &mut far).await
        });
        while connections.try_join_next().is_some() {}
    }
}
