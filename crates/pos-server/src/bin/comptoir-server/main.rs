//! `comptoir-server`: the sync server's program.
//!
//! Exit codes: 0 done, 2 wrong usage, 3 refused by a rule, 4 environment (disk, network, file). With `--json` one
//! JSON document goes to standard output, also for a refusal.

mod commands;
mod output;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

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

/// Where the server's files are.
#[derive(Debug, clap::Args)]
struct Data {
    /// The data folder.
    #[arg(long, env = "COMPTOIR_SERVER_DATA", value_name = "DIR")]
    data: PathBuf,
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
        data: Data,
        /// Address and port; port 0 lets the system choose.
        #[arg(long, default_value = "127.0.0.1:7443")]
        listen: std::net::SocketAddr,
        /// TLS on loopback too; elsewhere there is always TLS.
        #[arg(long)]
        tls: bool,
    },
    /// Make a pairing code, also while the server runs.
    Pair {
        #[command(flatten)]
        data: Data,
    },
    /// The balance of a product, by its code or a barcode.
    Stock {
        #[command(flatten)]
        data: Data,
        /// Code or barcode.
        code: String,
    },
    /// Check every invariant that the file can show.
    Verify {
        #[command(flatten)]
        data: Data,
    },
    /// Documents by kind: how many, and their sums.
    Totals {
        #[command(flatten)]
        data: Data,
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
        data: Data,
    },
    /// Revoke one; what it still sends is kept aside.
    Revoke {
        #[command(flatten)]
        data: Data,
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
            commands::init(&data.data, &business, &currency, &locale)
        }
        Command::Serve { data, listen, tls } => {
            return output::finish_plain(
                serve::serve(&data.data, listen, tls, arguments.json),
                arguments.json,
            );
        }
        Command::Pair { data } => commands::pair(&data.data, !arguments.json),
        Command::Stock { data, code } => commands::stock(&data.data, &code),
        Command::Verify { data } => commands::verify(&data.data),
        Command::Totals { data } => commands::totals(&data.data),
        Command::Devices(Devices::List { data }) => commands::list_devices(&data.data),
        Command::Devices(Devices::Revoke { data, device }) => commands::revoke(&data.data, device),
    };
    output::finish(outcome, arguments.json)
}
