//! Journeys through the real window, with the real server behind it over real sockets.
//!
//! A journey is told in steps that a person takes. What other registers do in the meantime is done from the shell.
#![cfg(target_os = "linux")]

mod access;
mod after;
mod books;
mod cash;
mod conflict;
mod counter;
mod customers;
mod day;
mod disagree;
mod goods;
mod hand;
mod login;
mod office;
mod offline;
mod people;
mod pictures;
mod printing;
mod safety;
mod sale;
mod serials;
mod trouble;
mod upkeep;
