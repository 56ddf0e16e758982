//! Bodies of operations: the business commands that registers queue and the server applies.
//!
//! A body is written to JSON text once, by the register that makes it; that text is hashed, queued, sent and kept
//! verbatim. Kinds and versions are append-only.

use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

use crate::conflict::ConflictChoice;
use crate::document::SaleDocument;
use crate::hash::Hash32;
use crate::ids::{ConflictId, MovementId, ProductId, SaleId};
use crate::merge::{Fields, Hlc};
use crate::quantity::Quantity;
use crate::serial::SerialNote;
use crate::stock::MovementReason;
use crate::till::TillDocument;

/// Kinds of rows that registers and the server share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntityKind {
    /// [`crate::settings::ShopSettings`], one row per key: `{"key", "value"}`.
    Setting,
    /// [`crate::catalogue::Category`].
    Category,
    /// [`crate::catalogue::Product`].
    Product,
    /// [`crate::stock::StockLevel`]; written by the server only, its id is the product's.
    Stock,
    /// [`crate::catalogue::Customer`].
    Customer,
    /// [`crate::catalogue::Cashier`].
    Cashier,
    /// [`crate::conflict::Conflict`]; written by the server only.
    Conflict,
    /// [`crate::catalogue::HeldCart`].
    HeldCart,
    /// [`crate::account::AccountEntry`]; written by the server, and by the register that made the document.
    AccountEntry,
    /// [`crate::serial::SerialEvent`]; written by the server, and by the register that made it.
    SerialEvent,
}

impl EntityKind {
    /// All kinds in the order of a first sync: what selling needs comes first.
    pub const ALL: [Self; 10] = [
        Self::Setting,
        Self::Category,
        Self::Product,
        Self::Stock,
        Self::Cashier,
        Self::Customer,
        Self::HeldCart,
        Self::AccountEntry,
        Self::SerialEvent,
        Self::Conflict,
    ];

    /// The kind's name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Setting => "setting",
            Self::Category => "category",
            Self::Product => "product",
            Self::Stock => "stock",
            Self::Customer => "customer",
            Self::Cashier => "cashier",
            Self::Conflict => "conflict",
            Self::HeldCart => "held_cart",
            Self::AccountEntry => "account_entry",
            Self::SerialEvent => "serial_event",
        }
    }

    /// The kind of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Makes a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityCreate {
    /// Kind of row.
    pub entity: EntityKind,
    /// Its id.
    pub id: Uuid,
    /// All its fields.
    pub fields: Fields,
    /// Products: the first count, with the id of its movement.
    pub opening_stock: Option<OpeningStock>,
    /// When it was made, for last-write-wins.
    pub hlc: Hlc,
}

/// The first count of a new product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpeningStock {
    /// Id of the movement.
    pub movement_id: MovementId,
    /// Counted; not negative.
    pub qty: Quantity,
}

/// Changes fields of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityUpdate {
    /// Kind of row.
    pub entity: EntityKind,
    /// Its id.
    pub id: Uuid,
    /// The server's revision that the editor saw; 0 when the row was not yet acknowledged.
    pub base_rev: u64,
    /// The changed fields as the editor saw them before.
    pub base: Fields,
    /// The changed fields as the editor left them.
    pub changes: Fields,
    /// When it was changed, for last-write-wins.
    pub hlc: Hlc,
}

/// Deletes a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityDelete {
    /// Kind of row.
    pub entity: EntityKind,
    /// Its id.
    pub id: Uuid,
    /// The server's revision that the editor saw; 0 when the row was not yet acknowledged.
    pub base_rev: u64,
    /// When it was deleted, for last-write-wins.
    pub hlc: Hlc,
}

/// Moves stock for another reason than a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockAdjustment {
    /// Why.
    pub reason: MovementReason,
    /// At least one.
    pub lines: Vec<StockAdjustmentLine>,
    /// Number of the paper or the old system's document, when there is one.
    pub reference: Option<String>,
    /// The document's own date (`YYYY-MM-DDTHH:MM:SS`, local) when it was entered later.
    pub document_date: Option<String>,
    /// Remark.
    pub note: Option<String>,
}

/// One product of a stock adjustment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockAdjustmentLine {
    /// Id of the movement.
    pub movement_id: MovementId,
    /// Whose stock.
    pub product_id: ProductId,
    /// Positive when goods come in.
    pub delta: Quantity,
    /// The catalogue counts this product's stock; else the line only documents.
    pub track_stock: bool,
}

/// Decides a conflict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictResolution {
    /// Which.
    pub conflict_id: ConflictId,
    /// How.
    pub choice: ConflictChoice,
    /// For [`ConflictChoice::Merge`]: the value of each disputed field.
    pub fields: Fields,
    /// For [`ConflictChoice::Refund`]: the refund document made by the same register, queued before this.
    pub refund_sale_id: Option<SaleId>,
    /// Who decided, as shown.
    pub actor: String,
    /// Remark of the person.
    pub note: Option<String>,
    /// When it was decided, for last-write-wins.
    pub hlc: Hlc,
}

/// Takes the last resolution of a conflict back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConflictReopening {
    /// Which.
    pub conflict_id: ConflictId,
    /// Who, as shown.
    pub actor: String,
    /// Remark of the person.
    pub note: Option<String>,
    /// When it was taken back, for last-write-wins.
    pub hlc: Hlc,
}

/// Says that the server maps an id of this register to another row than it did before. A person decides which it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingDispute {
    /// Kind of row.
    pub entity: EntityKind,
    /// The id that this register once made.
    pub local_id: Uuid,
    /// The row that it was mapped to first, and is mapped to here.
    pub known: Uuid,
    /// The row that the server named now.
    pub told: Uuid,
}

/// A business command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperationBody {
    /// `sale.complete`: a sale, refund or void with its lines, tenders and movements; all or nothing.
    SaleComplete(Box<SaleDocument>),
    /// `till.record`: a document of the drawer or of an account.
    TillRecord(Box<TillDocument>),
    /// `serial.note`: what happened to a serial number without a document.
    SerialNote(SerialNote),
    /// `entity.create`
    EntityCreate(EntityCreate),
    /// `entity.update`
    EntityUpdate(EntityUpdate),
    /// `entity.delete`
    EntityDelete(EntityDelete),
    /// `stock.adjust`
    StockAdjust(StockAdjustment),
    /// `conflict.resolve`
    ConflictResolve(ConflictResolution),
    /// `conflict.reopen`
    ConflictReopen(ConflictReopening),
    /// `mapping.dispute`
    MappingDispute(MappingDispute),
}

/// A body as it is stored and sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedBody {
    /// Kind of command.
    pub kind: &'static str,
    /// Version of the kind.
    pub kind_version: u16,
    /// JSON text; these very bytes are hashed and sent.
    pub text: String,
    /// BLAKE3 of `text`.
    pub hash: Hash32,
}

/// Why a body cannot be read or written.
#[derive(Debug, Error)]
pub enum BodyFault {
    /// A kind or version that this program does not know: made by a newer one.
    #[error("operation kind {kind} version {version} is not known here")]
    Unknown {
        /// As given.
        kind: String,
        /// As given.
        version: u16,
    },
    /// The text is not a body of its kind.
    #[error("the body of {kind} is not readable")]
    Unreadable {
        /// The kind.
        kind: String,
        /// What and where.
        #[source]
        source: serde_json::Error,
    },
}

/// Version of all kinds so far.
const VERSION: u16 = 1;

impl OperationBody {
    /// The kind's name on the wire and in the queue.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::SaleComplete(_) => "sale.complete",
            Self::TillRecord(_) => "till.record",
            Self::SerialNote(_) => "serial.note",
            Self::EntityCreate(_) => "entity.create",
            Self::EntityUpdate(_) => "entity.update",
            Self::EntityDelete(_) => "entity.delete",
            Self::StockAdjust(_) => "stock.adjust",
            Self::ConflictResolve(_) => "conflict.resolve",
            Self::ConflictReopen(_) => "conflict.reopen",
            Self::MappingDispute(_) => "mapping.dispute",
        }
    }

    /// What it is about: the kind of row that it makes, changes, deletes or decides, `sale` or `till`.
    pub const fn table(&self) -> &'static str {
        match self {
            Self::SaleComplete(_) => "sale",
            Self::TillRecord(_) => "till",
            Self::SerialNote(_) => EntityKind::SerialEvent.as_str(),
            Self::EntityCreate(b) => b.entity.as_str(),
            Self::EntityUpdate(b) => b.entity.as_str(),
            Self::EntityDelete(b) => b.entity.as_str(),
            Self::StockAdjust(_) => EntityKind::Stock.as_str(),
            Self::ConflictResolve(_) | Self::ConflictReopen(_) => EntityKind::Conflict.as_str(),
            Self::MappingDispute(b) => b.entity.as_str(),
        }
    }

    /// Writes the body, once and for all.
    pub fn encode(&self) -> Result<EncodedBody, BodyFault> {
        let text = match self {
            Self::SaleComplete(b) => serde_json::to_string(b),
            Self::TillRecord(b) => serde_json::to_string(b),
            Self::SerialNote(b) => serde_json::to_string(b),
            Self::EntityCreate(b) => serde_json::to_string(b),
            Self::EntityUpdate(b) => serde_json::to_string(b),
            Self::EntityDelete(b) => serde_json::to_string(b),
            Self::StockAdjust(b) => serde_json::to_string(b),
            Self::ConflictResolve(b) => serde_json::to_string(b),
            Self::ConflictReopen(b) => serde_json::to_string(b),
            Self::MappingDispute(b) => serde_json::to_string(b),
        };
        let text = text.map_err(|source| BodyFault::Unreadable { kind: self.kind().to_owned(), source })?;
        let hash = Hash32::of(text.as_bytes());
        Ok(EncodedBody { kind: self.kind(), kind_version: VERSION, text, hash })
    }

    /// Reads a body of a kind and version.
    pub fn decode(kind: &str, version: u16, text: &str) -> Result<Self, BodyFault> {
        fn read<T: for<'de> Deserialize<'de>>(kind: &str, text: &str) -> Result<T, BodyFault> {
            serde_json::from_str(text)
                .map_err(|source| BodyFault::Unreadable { kind: kind.to_owned(), source })
        }
        match (kind, version) {
            ("sale.complete", VERSION) => read(kind, text).map(Box::new).map(Self::SaleComplete),
            ("till.record", VERSION) => read(kind, text).map(Box::new).map(Self::TillRecord),
            ("serial.note", VERSION) => read(kind, text).map(Self::SerialNote),
            ("entity.create", VERSION) => read(kind, text).map(Self::EntityCreate),
            ("entity.update", VERSION) => read(kind, text).map(Self::EntityUpdate),
            ("entity.delete", VERSION) => read(kind, text).map(Self::EntityDelete),
            ("stock.adjust", VERSION) => read(kind, text).map(Self::StockAdjust),
            ("conflict.resolve", VERSION) => read(kind, text).map(Self::ConflictResolve),
            ("conflict.reopen", VERSION) => read(kind, text).map(Self::ConflictReopen),
            ("mapping.dispute", VERSION) => read(kind, text).map(Self::MappingDispute),
            _ => Err(BodyFault::Unknown { kind: kind.to_owned(), version }),
        }
    }
}
