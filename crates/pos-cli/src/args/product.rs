//! The words of the catalogue.

use std::path::PathBuf;

use clap::Subcommand;

use crate::sale_text::decimal;

/// `comptoir product`
#[derive(Debug, Subcommand)]
pub(crate) enum Product {
    /// Load a product list. Rows that cannot be sold are reported and left out, the others are loaded.
    Import {
        /// CSV file with a header line.
        file: PathBuf,
        /// Write nothing, only report.
        #[arg(long)]
        dry_run: bool,
        /// Take a field from this column: price="PV TTC". Fields that are not named are found by their header.
        #[arg(long = "column", value_name = "FIELD=HEADER", value_parser = column)]
        columns: Vec<(String, String)>,
    },
    /// Products by part of their name, code, barcode or category.
    Search {
        /// What to look for; accents and capitals do not matter.
        text: String,
        /// Most entries.
        #[arg(long, value_name = "N")]
        limit: Option<usize>,
    },
    /// One product.
    Show {
        /// Code or barcode.
        code: String,
    },
    /// Change a product's price or name.
    Set {
        /// Code or barcode.
        code: String,
        /// New price of one unit.
        #[arg(long, value_parser = decimal, required_unless_present = "name")]
        price: Option<String>,
        /// New name.
        #[arg(long)]
        name: Option<String>,
    },
    /// Give a product a picture, or take it away.
    Picture {
        /// Code or barcode.
        code: String,
        /// A JPEG, PNG or WebP file of at most 12 MiB; it is made smaller.
        #[arg(required_unless_present = "remove")]
        file: Option<PathBuf>,
        /// The product has no picture any more.
        #[arg(long, conflicts_with = "file")]
        remove: bool,
    },
}

fn column(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, header)) if !field.is_empty() && !header.is_empty() => Ok((field.into(), header.into())),
        Some(_) | None => Err("give FIELD=HEADER, such as price=\"PV TTC\"".to_owned()),
    }
}
