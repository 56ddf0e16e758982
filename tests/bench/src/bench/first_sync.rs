//! A big catalogue comes in as a file, goes up to an empty server, and comes down to a new register.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use serde_json::json;

use super::catalogue::Catalogue;
use super::memory::Watch;
use super::report::{Report, announce};
use super::till::Till;

/// Imports the catalogue into a new shop, by the shell.
pub(super) fn import(catalogue: &Catalogue, report: &mut Report) -> Result<Register> {
    let products = catalogue.len();
    announce(&format!("importing {products} products"));
    let office = Register::shop("GNF", "fr-GN")?;
    let list = office.file("catalogue.csv", "")?;
    let mut out = BufWriter::new(File::create(&list)?);
    catalogue.write(&mut out)?;
    out.flush()?;
    let began = Instant::now();
    let imported = office.tell(&["product", "import", &list])?;
    let took = began.elapsed();
    ensure!(imported["loaded"] == products, "not everything was imported: {}", imported["loaded"]);
    report.row("CSV import, products").work(products, took);
    Ok(office)
}

/// Connects the shop to an empty server: every product goes up, with its opening stock.
pub(super) fn upload(
    office: &Register,
    server: &Server,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<()> {
    announce("uploading everything to an empty server");
    let memory = Watch::child("comptoir-server");
    let began = Instant::now();
    office.connect(server, &server.url())?;
    let took = began.elapsed();
    let memory = memory.end();
    let status = office.tell(&["status"])?;
    ensure!(status["pending"] == 0, "something was not uploaded: {status}");
    report.row("upload to an empty server, products with stock").work(catalogue.len(), took).server(&memory);
    report.course("server during the upload", &memory);
    Ok(())
}

/// Joins the shop with a new register, and measures until it has everything.
pub(super) async fn measure(
    data: &Path,
    server: &Server,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<Till> {
    announce("joining with a new register");
    let till = Till::open(data).await?;
    let (register, central) = (Watch::own(), Watch::child("comptoir-server"));
    let took = join(&till, server, &server.url(), "Caisse 2", catalogue).await?;
    let (register, central) = (register.end(), central.end());
    let row = report.row("first sync, products with stock");
    row.work(catalogue.len(), took).register(&register).server(&central);
    let rows = f64::from(catalogue.len()) * 2.0 / took.as_secs_f64();
    report.note(format!("a product with its stock is two rows of a first sync: {rows:.0} rows a second"));
    report.course("register during the first sync", &register);
    report.course("server during the first sync", &central);
    Ok(till)
}

/// Joins the shop by this address and loads everything; how long that took.
pub(super) async fn join(
    till: &Till,
    server: &Server,
    url: &str,
    name: &str,
    catalogue: &Catalogue,
) -> Result<Duration> {
    let request = json!({ "server": url, "code": server.pair()?, "register": name });
    let (_, took) = till.timed("shop.join", request).await?;
    let page = json!({ "search": "", "category_id": null, "after": null, "limit": 1 });
    let total = till.call("product.list", page).await?["total"].clone();
    ensure!(total == catalogue.len(), "not everything came: {total}");
    Ok(took)
}
