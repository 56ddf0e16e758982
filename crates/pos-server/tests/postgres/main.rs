//! The same server on PostgreSQL: every test of behaviour that runs on embedded SQLite runs here too, and those that
//! only a shared database needs. Without PostgreSQL on the machine the whole program says so and ends.

/// Nobody pulls a plug here: what a process leaves to the system stays.
#[cfg(test)]
const DISK: pos_testkit::postgres::Disk = pos_testkit::postgres::Disk::Trusted;

#[cfg(test)]
#[path = "../server/attachments.rs"]
mod attachments;
#[cfg(test)]
#[path = "../server/backups.rs"]
mod backups;
#[cfg(test)]
#[path = "../server/chain.rs"]
mod chain;
#[cfg(test)]
#[path = "../server/client.rs"]
mod client;
#[cfg(test)]
mod cluster;
#[cfg(test)]
#[path = "../server/conflicts.rs"]
mod conflicts;
#[cfg(test)]
#[path = "../server/disputes.rs"]
mod disputes;
#[cfg(test)]
#[path = "../server/edits.rs"]
mod edits;
#[cfg(test)]
#[path = "../server/feed.rs"]
mod feed;
#[cfg(test)]
#[path = "../server/floor.rs"]
mod floor;
#[cfg(test)]
#[path = "../server/harness.rs"]
mod harness;
#[cfg(test)]
#[path = "../server/http.rs"]
mod http;
#[cfg(test)]
#[path = "../server/invariants.rs"]
mod invariants;
#[cfg(test)]
#[path = "../server/look_up.rs"]
mod look_up;
#[cfg(test)]
mod moving;
#[cfg(test)]
#[path = "../server/pairing.rs"]
mod pairing;
#[cfg(test)]
#[path = "../server/program.rs"]
mod program;
#[cfg(test)]
#[path = "../server/put_back.rs"]
mod put_back;
#[cfg(test)]
mod shared;
#[cfg(test)]
#[path = "../server/stock.rs"]
mod stock;
#[cfg(test)]
mod store;
#[cfg(test)]
mod trouble;
#[cfg(test)]
#[path = "../server/upkeep.rs"]
mod upkeep;
#[cfg(test)]
#[path = "../server/verdicts.rs"]
mod verdicts;
