//! The store as its callers use it, on real files.

mod catalogue;
mod kit;
mod mappings;
mod plans;
mod queue;
mod queue_laws;
mod sales;
mod schema;
mod small;
mod stock_law;
mod sync;
mod tampering;
