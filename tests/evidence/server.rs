//! A server's file, changed a thousand times.

use std::collections::BTreeMap;

use anyhow::Result;
use pos_server::Records;
use pos_testkit::chance::seeded;
use pos_testkit::process::{program, run};
use rand::RngExt;
use rusqlite::Connection;

use crate::change::{Evidence, on_a_copy};
use crate::history::{gathered, live};

/// Changes that are made, each on a fresh copy.
const CHANGES: u64 = 1_000;
/// Where they come from.
const SEED: u64 = 0x5E4_7E4;
/// Changes that go through the real program, for its exit code and its words.
const SHOWN: usize = 5;
/// The file of a server.
const FILE: &str = "server.db";

/// What is no evidence, and why. A table, or a table's column.
const NOT_EVIDENCE: &[(&str, &str)] = &[
    ("schema_migration", "compared with the program at each opening"),
    ("business", "who this is: registers compare it at each greeting; its counters stand against the rows"),
    ("device.name", "a name"),
    ("device.token_hash", "who may come in"),
    ("device.joined_at_ms", "when a register joined"),
    ("device.revoked_at_ms", "who may come in"),
    ("device.read_seq", "how far a register has read: when a deletion may be forgotten"),
    ("device.heard_at_ms", "when a register was last heard of"),
    ("device.met_epoch", "which life of this server a register has met: what waits for it"),
    ("awaited", "since when an operation waits for what another register must send again"),
    ("device_life.backed_up", "what a backup holds: how long registers keep what they sent"),
    (
        "incarnation",
        "which start of the server wrote what: another one only makes registers read everything anew",
    ),
    ("feed_clock", "how old places in the feed are: when a deletion may be forgotten"),
    ("backup", "which backups were made; each is checked by itself"),
    ("attachment", "pictures: each is named by the digest of its bytes"),
    ("attachment_piece", "pictures: each is named by the digest of its bytes"),
    ("device_seen", "how the sending goes: what is sent twice is taken once"),
    ("pairing_code", "who may come in"),
    (
        "entity_row",
        "the catalogue: each change of it is an operation; documents carry their own prices and texts",
    ),
    ("identity_key", "the catalogue"),
    ("id_alias", "the catalogue"),
    ("conflict", "what people were asked; what was sold and counted stands elsewhere"),
    ("conflict_event", "what people decided; what it moved stands in the ledger"),
    ("quarantine", "what was kept aside and not applied"),
    ("audit", "tells who did what; what it tells of guards itself"),
    ("operation.op_no", "the order in which operations came; nothing is decided by it"),
    ("operation.seal", "guards the others; rows from before there were seals have none"),
    ("stock_movement.seal", "guards the others; rows from before there were seals have none"),
    ("feed.seal", "guards the others; rows from before there were seals have none"),
    ("stock_level.seal", "guards the others; rows from before there were seals have none"),
    (
        "serial_step",
        "in which order numbers were heard of; what happened is told by documents and notes, which are guarded",
    ),
    (
        "sale.numbered_rows",
        "0 for a sale from before entries and events were kept; those are guarded themselves",
    ),
    ("approval", "that a yes is used once; it stands in its document"),
    ("shortage.shortage_no", "which shortage is settled first"),
];

/// Columns that are evidence in some rows only.
const ROWS: &[(&str, &str)] = &[
    // Edits of the catalogue are none; what takes stock or money is.
    (
        "operation",
        "op_id IN (SELECT op_id FROM stock_movement UNION SELECT op_id FROM sale UNION SELECT op_id FROM till_document
            UNION SELECT op_id FROM serial_step)",
    ),
    // A register without a document has nothing to prove.
    ("device", "device_id IN (SELECT device_id FROM chain_record)"),
    ("device_life", "chain_number > 0"),
];

/// All of it.
const EVIDENCE: Evidence = Evidence { not: NOT_EVIDENCE, rows: ROWS, more: &[] };

#[test]
fn a_thousand_random_changes_of_a_servers_file_are_all_found_and_named() -> Result<()> {
    let history = live()?;
    let folder = history.server.data();
    let (file, original) = (folder.join(FILE), gathered(folder, FILE)?);
    let conn = Connection::open(&original)?;
    EVIDENCE.check_lists(&conn)?;
    let guarded = EVIDENCE.columns(&conn)?;
    drop(conn);

    let mut chance = seeded(SEED);
    let (mut made, mut missed) = (BTreeMap::<String, u64>::new(), Vec::new());
    while made.values().sum::<u64>() < CHANGES {
        let column = &guarded[chance.random_range(0..guarded.len())];
        let Some(change) = on_a_copy(&original, &file, column, &mut chance)? else { continue };
        *made.entry(change.table.clone()).or_default() += 1;
        let words: Vec<String> =
            Records::open(folder)?.verify()?.into_iter().map(|fault| fault.detail).collect();
        if !words.iter().any(|words| change.is_named_in(words)) {
            missed.push(format!("{change}: told {words:?}"));
        }
    }
    println!("{} columns guarded; changes by table: {made:?}", guarded.len());
    assert!(missed.is_empty(), "{} of {CHANGES} not named:\n{}", missed.len(), missed.join("\n"));

    let data = folder.to_string_lossy();
    for n in 0..SHOWN {
        let column = &guarded[n * guarded.len() / SHOWN];
        let Some(change) = on_a_copy(&original, &file, column, &mut chance)? else { continue };
        let told = run(&program("comptoir-server")?, ["verify", "--json", "--data", &data])?.document(3)?;
        assert_eq!(told["ok"], false, "{change}: the program says so too: {told}");
        println!("{change}\n  {told}");
    }
    Ok(())
}
