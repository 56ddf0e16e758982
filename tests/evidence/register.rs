//! A register's file, changed a thousand times.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use pos_app::view::VerifyReport;
use pos_app::{App, AppOptions, Clock, OpenAccess};
use pos_testkit::chance::seeded;
use rand::RngExt;
use rusqlite::Connection;

use crate::change::{Evidence, on_a_copy};
use crate::history::{gathered, live};

/// Changes that are made, each on a fresh copy.
const CHANGES: u64 = 1_000;
/// Where they come from.
const SEED: u64 = 0x7A3_9E12;
/// Changes that go through the real program, for its exit code and its words.
const SHOWN: usize = 5;
/// The file of a register.
const FILE: &str = "register.db";

/// What is no evidence, and why. A table, or a table's column.
const NOT_EVIDENCE: &[(&str, &str)] = &[
    ("schema_migration", "compared with the program at each opening"),
    ("audit", "tells who did what; what it tells of guards itself"),
    ("receipt_print", "a copy of a receipt that says that it is one"),
    ("print_job", "what a printer still owes; receipts guard themselves"),
    ("sale_rollback.code", "why a sale came to nothing; that it did is guarded"),
    ("sale_rollback.params", "why a sale came to nothing; that it did is guarded"),
    ("cart", "nothing that was sold yet"),
    ("held_cart", "nothing that was sold yet"),
    ("pin", "who may sit here; a yes stands in its document"),
    ("approval", "that a yes is used once; it stands in its document"),
    ("account_entry.number", "repeated from the chain once the server has it"),
    ("account_entry.rev", "how the sync goes"),
    ("account_entry.seq", "how the sync goes"),
    ("account_entry.server_fields", "how the sync goes"),
    ("account_entry.extra", "how the sync goes"),
    ("serial_event.number", "repeated from the chain once the server has it"),
    ("serial_event.rev", "how the sync goes"),
    ("serial_event.seq", "how the sync goes"),
    ("serial_event.server_fields", "how the sync goes"),
    ("serial_event.extra", "how the sync goes"),
    ("request", "presses of buttons; each sale guards itself"),
    ("import_job", "how far a file was read"),
    ("replay_progress", "how far a file was read; each document guards itself"),
    ("device_setting", "language, printer"),
    ("device.id", "the one row of its table"),
    ("device.tenant_id", "to whom it belongs; the server knows"),
    ("device.outlet_id", "where it stands; documents say so themselves"),
    ("device.name", "printed on the next receipt; documents say so themselves"),
    ("device.hlc_wall_ms", "a clock"),
    ("device.hlc_counter", "a clock"),
    ("device.cashier_id", "who stands there now; documents say so themselves"),
    ("device.server_url", "the way to the server, which proves by its key who it is"),
    ("device.server_pins", "the way to the server"),
    ("device.authority", "compared with what the server says of itself at each greeting"),
    ("device.server_epoch", "compared with what the server says of itself at each greeting"),
    ("device.created_at_ms", "when the file was made"),
    ("device_epoch.began_at_ms", "when a life began"),
    ("setting", "the catalogue: the server's, compared with it; documents carry their own prices and texts"),
    ("category", "the catalogue"),
    ("product", "the catalogue"),
    ("product_barcode", "the catalogue"),
    ("product_word", "the catalogue"),
    ("customer", "the catalogue"),
    ("cashier", "the catalogue"),
    ("parked_row", "the catalogue of a newer program"),
    ("attachment", "pictures: each is named by the digest of its bytes"),
    ("conflict", "the server's, which proves its own"),
    ("conflict_event", "the server's, which proves its own"),
    ("id_mapping.mapped_at_ms", "when an id was mapped"),
    ("sync_queue.priority", "in which order it leaves"),
    ("sync_queue.entity", "an index over the body"),
    ("sync_queue.entity_id", "an index over the body"),
    ("sync_queue.waits_for", "in which order it leaves"),
    ("sync_queue.state", "how the sending goes: what is sent twice is taken once"),
    ("sync_queue.generation", "how the sending goes"),
    ("sync_queue.lease_until_ms", "how the sending goes"),
    ("sync_queue.attempts", "how the sending goes"),
    ("sync_queue.next_due_at_ms", "how the sending goes"),
    ("sync_queue.error_class", "how the sending goes"),
    ("sync_queue.error_code", "how the sending goes"),
    ("sync_queue.error_params", "how the sending goes"),
    ("sync_queue.feed_seq", "how the sending goes: what it decides stands in stock_pending"),
    ("sync_queue.finished_at_ms", "how the sending goes"),
    ("sync_dependency", "in which order operations leave"),
    ("sync_lease", "who sends just now"),
    ("sync_cursor", "how the sync goes"),
    ("sync_checkpoint", "how the sync goes"),
    ("sync_snapshot", "how the sync goes"),
    ("sync_state", "how the sync goes"),
    ("sync_run", "how the sync goes"),
    ("sync_success", "how the sync goes"),
    ("health_sample", "how the sync goes"),
];

/// Columns that are evidence in some rows only.
const ROWS: &[(&str, &str)] = &[
    // Edits of the catalogue are no evidence either; what takes stock or money is.
    (
        "sync_queue",
        "op_id IN (SELECT op_id FROM stock_movement UNION SELECT op_id FROM sale UNION SELECT op_id FROM till_document)",
    ),
    // The server has answered: how it was asked is history.
    (
        "sync_queue.mode",
        "state = 'pending' AND op_id IN
            (SELECT op_id FROM sale WHERE state = 'final' UNION SELECT op_id FROM till_document)",
    ),
    // A sale's body is its document; another's may be dropped once the server has it.
    (
        "sync_queue.body",
        "state = 'pending' AND op_id IN (SELECT op_id FROM stock_movement) AND body IS NOT NULL",
    ),
    // A life without a document has nothing to prove.
    ("device_epoch", "epoch IN (SELECT epoch FROM chain_record)"),
    // What no line and no movement was made under yet can be mapped in any way.
    ("id_mapping", "entity = 'product' AND server_id IN (SELECT product_id FROM sale_line)"),
    // Of other registers' documents and of people's notes there is nothing here to compare them with: the server has it.
    ("account_entry", OWN_DOCUMENTS),
    ("serial_event", OWN_DOCUMENTS),
];

/// Rows that a document of this register made.
const OWN_DOCUMENTS: &str =
    "document_id IN (SELECT sale_id FROM sale UNION SELECT document_id FROM till_document)";

/// All of it.
///
/// A mapping of an id under which nothing was made maps nothing; an entry of a document that is not here is another
/// register's.
const EVIDENCE: Evidence = Evidence { not: NOT_EVIDENCE, rows: ROWS, more: &["id_mapping", "account_entry"] };

#[test]
fn a_thousand_random_changes_of_a_registers_file_are_all_found_and_named() -> Result<()> {
    let history = live()?;
    let folder = history.register.data();
    let (file, original) = (folder.join(FILE), gathered(folder, FILE)?);
    let guarded = EVIDENCE.columns(&Connection::open(&original)?)?;
    let runtime = tokio::runtime::Runtime::new()?;
    assert_eq!(runtime.block_on(verify(folder))?.findings, [], "before anybody touches it");

    let mut chance = seeded(SEED);
    let (mut made, mut missed) = (BTreeMap::<String, u64>::new(), Vec::new());
    while made.values().sum::<u64>() < CHANGES {
        let column = &guarded[chance.random_range(0..guarded.len())];
        let Some(change) = on_a_copy(&original, &file, column, &mut chance)? else { continue };
        *made.entry(change.table.clone()).or_default() += 1;
        let findings = runtime.block_on(verify(folder))?.findings;
        let words =
            |finding: &pos_app::view::VerifyFinding| format!("{}: {}", finding.subject, finding.detail);
        let words: Vec<String> = findings.iter().map(words).collect();
        if !words.iter().any(|words| change.is_named_in(words)) {
            missed.push(format!("{change}: told {words:?}"));
        }
    }
    println!("{} columns guarded; changes by table: {made:?}", guarded.len());
    assert!(missed.is_empty(), "{} of {CHANGES} not named:\n{}", missed.len(), missed.join("\n"));

    for n in 0..SHOWN {
        let column = &guarded[n * guarded.len() / SHOWN];
        let Some(change) = on_a_copy(&original, &file, column, &mut chance)? else { continue };
        let told = history.register.run(&["verify"])?.document(4)?;
        assert_eq!(told["ok"], false, "{change}: the program says so too: {told}");
        println!("{change}\n  {}", told["findings"][0]["detail"]);
    }
    Ok(())
}

#[test]
fn every_column_of_a_registers_file_is_guarded_or_no_evidence_for_a_reason() -> Result<()> {
    let register = pos_testkit::register::Register::shop("EUR", "fr-FR")?;
    EVIDENCE.check_lists(&Connection::open(register.data().join(FILE))?)
}

/// What `comptoir verify` says of a folder, without a process for each.
async fn verify(folder: &Path) -> Result<VerifyReport> {
    let options = AppOptions {
        dir: folder.to_owned(),
        access: OpenAccess::Read,
        background_sync: false,
        clock: Clock::system(),
    };
    let app = App::open(options).await?;
    let report = app.verify(true).await?.value;
    app.close().await?;
    Ok(report)
}
