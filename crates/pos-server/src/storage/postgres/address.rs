//! Where a PostgreSQL database is and which of its businesses is meant. Its password shows nowhere.

use std::fmt;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::fault::PostgresError;

/// Longest wait for a connection, per host.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long sent bytes may stay unacknowledged before a line counts as broken.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(15);
/// A silent line is asked after this time.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);

/// A database, and the name of a business in it.
#[derive(Clone)]
pub(crate) struct Address {
    config: Config,
    line: Line,
    business: Option<String>,
}

/// How the line to the database is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Loopback or a socket in the file system: the bytes never leave the machine.
    Plain,
    /// Encrypted, the server's certificate checked against the machine's list.
    Encrypted,
}

impl Address {
    /// Reads a URL, `postgres://user:password@host:port/database`, or PostgreSQL's own `key=value` form.
    pub(crate) fn parse(url: &str, business: Option<&str>) -> Result<Self, PostgresError> {
        let mut config: Config = url.parse().map_err(PostgresError::Address)?;
        config
            .application_name("comptoir-server")
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_user_timeout(TCP_USER_TIMEOUT)
            .keepalives(true)
            .keepalives_idle(KEEPALIVE_IDLE);
        let line = match (is_local(&config), config.get_ssl_mode()) {
            (false, SslMode::Disable) => return Err(PostgresError::Plain),
            (true, SslMode::Disable | SslMode::Prefer) => Line::Plain,
            (_, _) => Line::Encrypted,
        };
        config.ssl_mode(match line {
            Line::Plain => SslMode::Disable,
            Line::Encrypted => SslMode::Require,
        });
        Ok(Self { config, line, business: business.map(str::to_owned) })
    }

    /// The name of the business that was asked for.
    pub(crate) fn business(&self) -> Option<&str> {
        self.business.as_deref()
    }

    pub(super) fn config(&self) -> &Config {
        &self.config
    }

    pub(super) fn line(&self) -> Line {
        self.line
    }

    pub(super) fn user(&self) -> String {
        self.config.get_user().unwrap_or("(unnamed)").to_owned()
    }

    pub(super) fn database(&self) -> String {
        self.config.get_dbname().map_or_else(|| self.user(), str::to_owned)
    }

    /// Hosts and ports, for people.
    pub(super) fn at(&self) -> String {
        let port = self.config.get_ports().first().copied().unwrap_or(5432);
        let hosts: Vec<String> =
            self.config.get_hosts().iter().map(|host| format!("{}:{port}", name(host))).collect();
        if hosts.is_empty() { "an address without a host".to_owned() } else { hosts.join(", ") }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("at", &self.at())
            .field("business", &self.business)
            .finish_non_exhaustive()
    }
}

fn name(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(path) => path.display().to_string(),
    }
}

fn is_local(config: &Config) -> bool {
    let local_name = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(local_name)
        && config.get_hostaddrs().iter().all(std::net::IpAddr::is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_that_never_leaves_the_machine_is_plain() {
        let line = |url: &str| Address::parse(url, None).map(|address| address.line());
        assert_eq!(line("postgres://a:b@127.0.0.1/c").unwrap(), Line::Plain);
        assert_eq!(line("postgres://a:b@localhost/c?sslmode=require").unwrap(), Line::Encrypted);
        assert_eq!(line("postgres://a:b@db.example/c").unwrap(), Line::Encrypted);
        assert_eq!(line("postgres://a:b@127.0.0.1,10.0.0.2/c").unwrap(), Line::Encrypted);
        assert!(matches!(line("postgres://a:b@db.example/c?sslmode=disable"), Err(PostgresError::Plain)));
    }

    #[test]
    fn no_word_about_an_address_holds_its_password() {
        let address = Address::parse("postgres://till:geheim@127.0.0.1:5433/shop", Some("Kaloum")).unwrap();
        for words in [format!("{address:?}"), address.at(), address.user(), address.database()] {
            assert!(!words.contains("geheim"), "{words}");
        }
        let fault = Address::parse("postgres://till:geheim@[::1/shop?port=geheim", None).unwrap_err();
        assert!(!crate::error::in_words(&fault).contains("geheim"), "{fault:?}");
    }
}
