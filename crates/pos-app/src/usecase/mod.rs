//! The use cases, one file per room of the shop. Each is a method of [`crate::App`].

mod backups;
mod cart;
mod cart_price;
mod catalogue;
mod categories;
mod checkout;
mod comparing;
mod conflicts;
mod customers;
mod exporting;
mod health;
mod importing;
mod known_stock;
mod people;
mod pictures;
mod printing;
mod queue;
mod receipts;
mod records;
mod recovery;
mod refilling;
mod replaying;
mod ringing;
mod setup;
mod shell;
mod starting;
mod strategies;
mod sync;
mod verify;

pub use catalogue::ProductFilter;
pub(crate) use pictures::picture_counts;
pub(crate) use records::Stamp;
pub(crate) use starting::open_file;
