//! Replay of past invoices: a file becomes sales, refunds and stock adjustments through the register's own checkout.

mod invoice;

pub use invoice::{Invoice, InvoiceKind, InvoiceLine, ReadInvoices, read_invoices};
