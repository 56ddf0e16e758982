//! A month of a real wholesaler, when its file is there: rung up, killed, synced, and added up by hand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use pos_testkit::process::Running;
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use serde_json::Value;

use crate::books;

/// Replays that are killed before one is let through: each after its folder has grown by so many bytes.
const REPLAYS_KILLED_AFTER: [u64; 3] = [200_000, 3_000_000, 6_000_000];
/// Uploads that are killed before one is let through: each after the server's folder has grown by so many bytes.
const UPLOADS_KILLED_AFTER: [u64; 4] = [100_000, 1_000_000, 2_000_000, 1_000_000];
/// How often a folder's size is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);

#[test]
fn a_month_of_invoices_killed_again_and_again_is_on_both_sides_to_the_penny() -> Result<()> {
    let Some(file) = real("retail-2010-12.csv") else { return Ok(()) };
    let month = Month::read(&file)?;
    let mut server = Server::start()?;
    let register = Register::shop("GBP", "en-GB")?;
    register.connect(&server, &server.url())?;

    let mut killed = 0;
    for bytes in REPLAYS_KILLED_AFTER {
        let mut replay = register.begin(&["replay", &file])?;
        killed += usize::from(runs_until_growth(&mut replay, register.data(), bytes)?);
        replay.cut_short()?;
        assert_eq!(register.tell(&["verify"])?["ok"], true, "what a killed replay leaves is right");
    }
    assert_eq!(killed, REPLAYS_KILLED_AFTER.len(), "each replay was killed while it worked");
    let report = register.tell(&["replay", &file])?;
    let expected_pence = month.pence_without(&report)?;
    assert_eq!(report["invoices"], month.pence.len(), "every invoice of the file is accounted for");
    assert_eq!(books::minor(books::text(&report, "total")), expected_pence, "the file's own total");

    for (n, bytes) in UPLOADS_KILLED_AFTER.into_iter().enumerate() {
        let mut upload = register.begin(&["sync"])?;
        let at_work = runs_until_growth(&mut upload, server.data(), bytes)?;
        assert!(at_work, "upload {n} was killed while it worked");
        if n % 2 == 0 {
            upload.cut_short()?;
        } else {
            server.kill()?;
            let said = upload.finish()?;
            assert_eq!(said.code, Some(4), "a lost server is told: {said:?}");
            server.start_again()?;
        }
    }
    assert_eq!(register.tell(&["sync"])?["refused"], 0, "the server takes every document");
    let agreed = books::agree(&server, &[&register])?;
    assert_eq!(agreed.total(), expected_pence, "register, server and file have the same total");
    let count = |name: &str| report[name].as_u64().with_context(|| format!("{name}: {report}"));
    let documents = count("sales")? + count("returns")?;
    assert_eq!(u64::try_from(agreed.documents.len())?, documents, "nothing is lost, nothing doubled");
    println!(
        "{} invoices, {documents} documents, {expected_pence} pence; {killed} replays and {} uploads killed",
        month.pence.len(),
        UPLOADS_KILLED_AFTER.len(),
    );
    Ok(())
}

/// Waits until a folder has grown by so many bytes. False when the program ended before.
fn runs_until_growth(running: &mut Running, folder: &Path, bytes: u64) -> Result<bool> {
    let before = size(folder)?;
    while running.is_running()? {
        if size(folder)? >= before + bytes {
            return Ok(true);
        }
        // A folder tells nobody that it grows.
        std::thread::sleep(LOOK_EVERY);
    }
    Ok(false)
}

/// Bytes of all files of a folder.
fn size(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in std::fs::read_dir(folder)? {
        // A file that has gone since it was listed has no bytes.
        sum += entry?.metadata().map_or(0, |about| about.len());
    }
    Ok(sum)
}

/// The path of a real file; without it the test says so and ends.
fn real(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(name);
    if path.is_file() {
        return Some(path.to_string_lossy().into_owned());
    }
    println!("SKIPPED: {name} is not in the folder of real data beside the project");
    None
}

/// The month, computed by nothing of the product.
struct Month {
    /// Total of each invoice in pence.
    pence: BTreeMap<String, i64>,
}

impl Month {
    fn read(file: &str) -> Result<Self> {
        let mut tenths: BTreeMap<String, i64> = BTreeMap::new();
        for line in std::fs::read_to_string(file)?.lines().skip(1) {
            let fields = fields(line);
            let quantity: i64 = fields[3].parse().with_context(|| line.to_owned())?;
            // Prices have at most three decimals; in tenths of a penny they are whole.
            let (pounds, fraction) = fields[5].split_once('.').unwrap_or((&fields[5], ""));
            let price: i64 = format!("{pounds}{fraction:0<3}").parse().with_context(|| line.to_owned())?;
            *tenths.entry(fields[0].clone()).or_default() += quantity * price;
        }
        assert!(tenths.values().all(|sum| sum % 10 == 0), "every invoice is whole pence");
        Ok(Self { pence: tenths.into_iter().map(|(invoice, sum)| (invoice, sum / 10)).collect() })
    }

    /// The total without the invoices that a replay refused, each with its reason.
    fn pence_without(&self, report: &Value) -> Result<i64> {
        let mut left = self.pence.clone();
        for refused in report["refused"].as_array().context("a list of what was refused")? {
            assert!(!books::text(refused, "code").is_empty(), "a refusal has a reason: {refused}");
            let invoice = books::text(refused, "invoice");
            left.remove(invoice).with_context(|| format!("{invoice} is an invoice of the file"))?;
        }
        Ok(left.values().sum())
    }
}

/// The fields of a CSV line, quotes resolved.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => fields.last_mut().unwrap().push(c),
        }
    }
    fields
}
