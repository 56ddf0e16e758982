//! What the shop is promised when machines and networks fail: registers and a server as real processes on real
//! sockets, killed and cut off while they work.
//!
//! Each file is one promise. How often it is tried stands in named constants; what happened is printed at the end.
#![cfg(unix)]

#[cfg(test)]
mod books;
#[cfg(test)]
mod chaos;
#[cfg(test)]
mod chaos_till;
#[cfg(test)]
mod chaos_trouble;
#[cfg(test)]
mod drain;
#[cfg(test)]
mod invoices;
#[cfg(test)]
mod joining;
#[cfg(test)]
mod kills;
#[cfg(test)]
mod oversold;
#[cfg(test)]
mod put_back;
#[cfg(test)]
mod race;
#[cfg(test)]
mod recovery;
#[cfg(test)]
mod shared_database;
#[cfg(test)]
mod unreliable;
