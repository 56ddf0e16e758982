//! Use cases of a register: what a cashier, a manager, an owner or a script does.
//!
//! Owns: the order of steps, who may do what, and the real clock, ids and keys. Must not know: SQL (pos-store), the
//! network (pos-sync), windows or command lines (their hosts).

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted bugs are for tests: no release build has them");

mod account_pages;
mod app;
mod cart_edit;
pub mod cash;
pub mod clock;
mod code;
pub mod demo;
mod drawer_page;
pub mod error;
pub mod ids;
pub mod import;
mod keeper;
mod keys;
mod link;
mod outcome;
mod pin;
mod printer;
pub mod quote;
pub mod replay;
mod room;
mod session;
mod usecase;
pub mod view;
mod world;

pub use app::{App, AppOptions, OpenAccess};
pub use clock::Clock;
pub use code::ErrorCode;
pub use error::AppError;
pub use outcome::{Outcome, Topic};
pub use pin::PinDigits;
pub use pos_domain::Permission;
pub use pos_store::audit::AuditFilter;
pub use session::Door;
pub use usecase::{
    AccountMoney, CashMove, Close, Counted, Days, ProductFilter, RefundWish, TradeIn, WhatBack,
};
pub use world::World;
