//! Shows the till without a person: one sale for those who have no display, and the pictures of the documentation.

mod floor;
mod pictures;
mod sale;

use std::path::PathBuf;

use clap::Parser;

use crate::pictures::Choice;

/// Shows the till without a person.
#[derive(Debug, Parser)]
#[command(name = "comptoir-show")]
enum Show {
    /// Rings up one sale in a window on a virtual display, and leaves a picture of the receipt.
    Sale {
        /// Data folder of a register with the demo shop.
        data: PathBuf,
        /// Where the picture goes, PNG.
        picture: PathBuf,
    },
    /// Takes a picture of each screen, in both languages and both themes.
    Pictures {
        /// Folder of the pictures.
        folder: PathBuf,
        /// Each screen in every language, theme and size, instead of those that the album shows.
        #[arg(long)]
        every_look: bool,
    },
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match Show::parse() {
        Show::Sale { data, picture } => sale::show(&data, &picture).await,
        Show::Pictures { folder, every_look: false } => pictures::take(&folder, Choice::Album).await,
        Show::Pictures { folder, every_look: true } => pictures::take(&folder, Choice::EveryLook).await,
    }
}
