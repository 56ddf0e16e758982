//! The server as registers meet it: the real handlers, in process, over a real socket, and in the real program.
//! `tests/postgres` runs the same files on the other store.

#[cfg(test)]
mod attachments;
#[cfg(test)]
mod backups;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod client;
#[cfg(test)]
mod conflicts;
#[cfg(test)]
mod disputes;
#[cfg(test)]
mod edits;
#[cfg(test)]
mod feed;
#[cfg(test)]
mod floor;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod http;
#[cfg(test)]
mod invariants;
#[cfg(test)]
mod look_up;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod pairing;
#[cfg(test)]
mod program;
#[cfg(test)]
mod put_back;
#[cfg(test)]
mod sqlite;
#[cfg(test)]
mod stock;
#[cfg(test)]
mod store;
#[cfg(test)]
mod upkeep;
#[cfg(test)]
mod verdicts;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod wire;
