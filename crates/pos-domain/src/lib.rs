//! The rules of the shop, and nothing else.
//!
//! Owns: money, quantities, tax, discounts, cash rounding, carts, tenders, sale documents, shifts and their totals,
//! accounts, serial numbers, people, the chain of final documents, stock rules, products, customers, settings, attachments, conflicts and field merging.
//!
//! Must not know: files, sockets, clocks, randomness, floats. Whatever a rule needs is passed in, so each rule
//! gives the same answer on a register, on the server and in a test.

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted bugs are for tests: no release build has them");

pub mod account;
pub mod attachment;
pub mod authority;
pub mod barcode;
pub mod body;
pub mod cart;
pub mod catalogue;
pub mod chain;
pub mod conflict;
pub mod contested;
pub mod currency;
pub mod document;
pub mod hash;
pub mod ids;
pub mod merge;
pub mod money;
pub mod people;
pub mod quantity;
pub mod rate;
pub mod refund;
pub mod rounding;
pub mod serial;
pub mod settings;
pub mod shift;
pub mod stock;
pub mod tender;
pub mod till;

mod decimal;

pub use attachment::{AttachmentHash, MAX_ATTACHMENT_BYTES, MediaType};
pub use barcode::{BarcodeFault, Gtin};
pub use body::OperationBody;
pub use cart::{Cart, CartLine, Discount, PriceFault, PricedCart, PricedLine, TaxTotal};
pub use catalogue::{Cashier, Category, Customer, Product, Role};
pub use chain::{ChainFault, ChainRecord, DeviceKey, DevicePublicKey};
pub use conflict::{Conflict, ConflictChoice, ConflictKind};
pub use currency::{Currency, CurrencyFault};
pub use decimal::DecimalFault;
pub use document::{DocumentFault, DocumentKind, SaleDocument, SaleKind, SaleLine};
pub use hash::Hash32;
pub use ids::{
    ApprovalId, CartId, CashierId, CategoryId, ConflictId, CustomerId, DeviceId, DocumentId, LineId,
    MovementId, OpId, OutletId, ProductId, RequestId, SaleId, SerialEventId, ShiftId, TenantId,
};
pub use money::{Money, MoneyOverflow};
pub use people::{Approval, Permission};
pub use quantity::Quantity;
pub use rate::Rate;
pub use rounding::{CashRounding, RoundingMode, RoundingScope};
pub use settings::{FieldStrategy, OfflinePolicy};
pub use shift::{ShiftReport, ShiftTotals};
pub use tender::{Settlement, SettlementFault, Tender, TenderKind};
pub use till::{TillContent, TillDocument, TillFault};
