//! The real lists and invoices, when their folder is there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::json;

use crate::server::Server;
use crate::shell::Shell;

/// The path of a real file; without it the test says so and ends.
fn real(name: &str) -> Option<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    if path.is_file() {
        return Some(path.to_str().unwrap().to_owned());
    }
    println!("SKIPPED: {name} is not in the folder of real data beside the project");
    None
}

#[test]
fn the_catalogue_of_20_000_products_is_loaded_whole() {
    let Some(file) = real("catalogue-fr-20k.csv") else { return };
    let shell = Shell::shop("GNF", "fr-GN");
    let report = shell.done(&["product", "import", &file]);
    assert_eq!((&report["loaded"], &report["rejected"]), (&json!(20_000), &json!([])));
    assert_eq!(shell.done(&["product", "show", "3261680730916"])["price"], "49000");
    shell.verify();
}

#[test]
fn of_the_dirty_catalogue_every_row_is_loaded_or_named() {
    let Some(file) = real("catalogue-fr-dirty-1500.csv") else { return };
    let shell = Shell::shop("GNF", "fr-GN");
    let report = shell.done(&["product", "import", &file]);
    let rejected = report["rejected"].as_array().unwrap();
    let remarks = report["warnings"].as_array().unwrap();
    assert!(!rejected.is_empty() || !remarks.is_empty(), "it is dirty");
    assert_eq!(report["loaded"].as_u64().unwrap() + u64::try_from(rejected.len()).unwrap(), 1_500);
    for fault in rejected.iter().chain(remarks) {
        let told =
            ["field", "code"].iter().all(|name| fault[name].as_str().is_some_and(|text| !text.is_empty()));
        assert!(told && fault["line"].as_u64().unwrap() > 1, "{fault}");
    }
}

#[test]
fn a_month_of_invoices_adds_up_to_the_same_total() {
    let Some(file) = real("retail-2010-12.csv") else { return };
    let shell = Shell::shop("GBP", "en-GB");
    let expected = Month::read(&file);
    let report = shell.done(&["replay", &file]);
    assert_eq!(report["invoices"], expected.invoices);
    let refused = report["refused"].as_array().unwrap();
    assert!(refused.iter().all(|r| !r["code"].as_str().unwrap().is_empty()), "each with its reason");
    let done: u64 = ["sales", "returns", "adjustments"].iter().map(|n| report[n].as_u64().unwrap()).sum();
    assert_eq!(done + u64::try_from(refused.len()).unwrap(), report["invoices"].as_u64().unwrap());
    let left_out: i64 = refused
        .iter()
        .map(|r| expected.pence.get(r["invoice"].as_str().unwrap()).copied().unwrap_or(0))
        .sum();
    let total = expected.pence.values().sum::<i64>() - left_out;
    assert_eq!(
        report["total"],
        format!("{}.{:02}", total / 100, total % 100),
        "computed from the file alone"
    );
    shell.verify();

    let server = Server::start();
    server.connect(&shell);
    assert_eq!(shell.done(&["status"])["pending"], 0, "everything is on the server");
    assert_eq!(report["total"], server.total(), "and adds up to the same there");
    server.verify();
    shell.verify();
}

/// The month, computed by nothing of the program.
struct Month {
    invoices: usize,
    /// Total of each invoice in pence.
    pence: BTreeMap<String, i64>,
}

impl Month {
    fn read(file: &str) -> Self {
        let mut pence: BTreeMap<String, i64> = BTreeMap::new();
        for line in std::fs::read_to_string(file).unwrap().lines().skip(1) {
            let fields = fields(line);
            let quantity: i64 = fields[3].parse().unwrap();
            // Prices have at most three decimals; in tenths of a penny they are whole.
            let (whole, fraction) = fields[5].split_once('.').unwrap_or((&fields[5], ""));
            let price: i64 = format!("{whole}{fraction:0<3}").parse().unwrap();
            *pence.entry(fields[0].clone()).or_default() += quantity * price;
        }
        assert!(pence.values().all(|tenths| tenths % 10 == 0), "every invoice is whole pence");
        pence.values_mut().for_each(|tenths| *tenths /= 10);
        Self { invoices: pence.len(), pence }
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
