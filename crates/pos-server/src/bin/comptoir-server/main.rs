//! `comptoir-server`: the sync server's program.
//!
//! Exit codes: 0 done, 2 wrong usage, 3 refused by a rule, 4 environment (disk, network, file). With `--json` one
//! JSON document goes to standard output, also for a refusal.

mod backups;
mod commands;
mod output;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pos_server::{Location, ServerError};
use tracing_subscriber::EnvFilter;

use crate::output::Stop;

/// The sync server of one business.
#[derive(Debug, Parser)]
#[command(name = "comptoir-server", version)]
struct Arguments {
    /// Print one JSON document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

/// Where the server's files and its database are.
#[derive(Debug, clap::Args)]
struct Data {
    /// The data folder.
    #[arg(long, env = "COMPTOIR_SERVER_DATA", value_name = "DIR")]
    data: PathBuf,
    /// A PostgreSQL database instead of the one in the folder, as postgres://user:password@host/database. In the
    /// environment other users of the machine do not see its password.
    #[arg(long, env = "COMPTOIR_DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: Option<String>,
}

/// Where a business is that was founded before.
#[derive(Debug, clap::Args)]
struct Place {
    #[command(flatten)]
    data: Data,
    /// Which business of a PostgreSQL database that holds several, by the name that it was founded with.
    #[arg(long, env = "COMPTOIR_BUSINESS", requires = "database_url", value_name = "NAME")]
    business: Option<String>,
}

impl Data {
    fn location(&self, business: Option<&str>) -> Result<Location, ServerError> {
        match &self.database_url {
            Some(url) => Location::postgres(&self.data, url, business),
            None => Ok(Location::embedded(&self.data)),
        }
    }
}

impl Place {
    fn location(&self) -> Result<Location, ServerError> {
        self.data.location(self.business.as_deref())
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Found a business in an empty folder.
    Init {
        #[command(flatten)]
        data: Data,
        /// Name of the business, as printed.
        #[arg(long)]
        business: String,
        /// Three-letter code of its currency (ISO 4217).
        #[arg(long)]
        currency: String,
        /// Language tag of the shop, such as fr-GN.
        #[arg(long)]
        locale: String,
    },
    /// Answer registers until told to stop. An empty folder becomes a GNF, fr-GN business.
    Serve {
        #[command(flatten)]
        place: Place,
        /// Address and port; port 0 lets the system choose.
        #[arg(long, default_value = "127.0.0.1:7443")]
        listen: std::net::SocketAddr,
        /// TLS on loopback too; elsewhere there is always TLS.
        #[arg(long)]
        tls: bool,
    },
    /// Make a verified backup now, also while the server runs. A running server makes one every hour by itself.
    Backup {
        #[command(flatten)]
        place: Place,
        /// The file to write; without it, a new one in the folder's backups.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// List the backups in the folder.
    Backups {
        #[command(flatten)]
        data: Data,
    },
    /// Put a backup in the place of the folder's business, while its server does not run. The old file is set aside, and
    /// registers send by themselves what the backup lacks.
    Restore {
        #[command(flatten)]
        data: Data,
        /// The backup, as listed or as a file elsewhere.
        backup: PathBuf,
    },
    /// Move the business of the folder into a PostgreSQL database, while its server does not run.
    Move {
        #[command(flatten)]
        data: Data,
        /// Its name there; the shop's own without it.
        #[arg(long, value_name = "NAME")]
        business: Option<String>,
    },
    /// Make a pairing code, also while the server runs.
    Pair {
        #[command(flatten)]
        place: Place,
    },
    /// The balance of a product, by its code or a barcode.
    Stock {
        #[command(flatten)]
        place: Place,
        /// Code or barcode.
        code: String,
    },
    /// Check every invariant that the file can show.
    Verify {
        #[command(flatten)]
        place: Place,
    },
    /// Documents by kind: how many, and their sums.
    Totals {
        #[command(flatten)]
        place: Place,
    },
    /// Registers that joined.
    #[command(subcommand)]
    Devices(Devices),
}

#[derive(Debug, Subcommand)]
enum Devices {
    /// List them.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Revoke one; what it still sends is kept aside.
    Revoke {
        #[command(flatten)]
        place: Place,
        /// Its id, as listed.
        device: uuid::Uuid,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // A server tells its story; a command only what went wrong.
    let level = if matches!(arguments.command, Command::Serve { .. }) { "info" } else { "warn" };
    let filter = EnvFilter::try_from_env("COMPTOIR_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(terminal).with_writer(std::io::stderr).init();
    let outcome = match arguments.command {
        Command::Init { data, business, currency, locale } => {
            at(data.location(None), |location| commands::init(location, &business, &currency, &locale))
        }
        Command::Serve { place, listen, tls } => {
            let served = at(place.location(), |location| serve::serve(location, listen, tls, arguments.json));
            return output::finish_plain(served, arguments.json);
        }
        Command::Backup { place, to } => {
            at(place.location(), |location| backups::make(location, to.as_deref()))
        }
        Command::Backups { data } => backups::list(&data.data),
        Command::Restore { data, backup } => backups::restore(&data, &backup),
        Command::Move { data, business } => {
            at(data.location(None), |location| commands::move_away(location, business.as_deref()))
        }
        Command::Pair { place } => at(place.location(), |location| commands::pair(location, !arguments.json)),
        Command::Stock { place, code } => at(place.location(), |location| commands::stock(location, &code)),
        Command::Verify { place } => at(place.location(), commands::verify),
        Command::Totals { place } => at(place.location(), commands::totals),
        Command::Devices(Devices::List { place }) => at(place.location(), commands::list_devices),
        Command::Devices(Devices::Revoke { place, device }) => {
            at(place.location(), |location| commands::revoke(location, device))
        }
    };
    output::finish(outcome, arguments.json)
}

fn at<T>(
    location: Result<Location, ServerError>,
    work: impl FnOnce(&Location) -> Result<T, Stop>,
) -> Result<T, Stop> {
    work(&location?)
}
