//! Whoever changes one field of what was sold, counted or paid with another tool is found out, in words: a thousand
//! random changes of a register's file, and a thousand of a server's.
//!
//! No column escapes: each one of the schema is guarded, or stands in a short list with the reason why it is no
//! evidence. A column that is new and in neither way accounted for fails the test.
#![cfg(unix)]

#[cfg(test)]
mod change;
#[cfg(test)]
mod floor;
#[cfg(test)]
mod history;
#[cfg(test)]
mod register;
#[cfg(test)]
mod server;
