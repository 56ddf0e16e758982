//! Identities of things that live for ever.
//!
//! Every key is a UUIDv7 made on the device, so no row ever waits for the server to be named. The types are
//! distinct so that a product can never be passed where a customer is meant. Making new ids is the caller's
//! business (see `pos_app::ids`): this crate has no clock and no randomness.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use uuid::Uuid;

macro_rules! id_type {
    ($(#[$doc:meta] $name:ident),+ $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, TS)]
        #[serde(transparent)]
        #[ts(type = "string")]
        pub struct $name(pub Uuid);

        impl $name {
            /// The 16 bytes, as stored in a BLOB column.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// From the 16 bytes of a BLOB column.
            pub fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(s: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(s).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

id_type!(
    /// One business; everything on a server belongs to exactly one.
    TenantId,
    /// One shop of a business.
    OutletId,
    /// One register (till).
    DeviceId,
    /// A product of the catalogue.
    ProductId,
    /// A category of products.
    CategoryId,
    /// A customer.
    CustomerId,
    /// A person who sells, manages or owns.
    CashierId,
    /// An open or held cart.
    CartId,
    /// A line of a cart, kept by the sale that the cart becomes.
    LineId,
    /// A sale, refund or void.
    SaleId,
    /// A final document of any kind; for sales, refunds and voids the bytes of their [`SaleId`].
    DocumentId,
    /// What happens in a drawer between its opening and its close.
    ShiftId,
    /// A manager's yes to one thing that somebody else does.
    ApprovalId,
    /// One event in the life of a serial number.
    SerialEventId,
    /// One movement of the stock ledger.
    MovementId,
    /// A queued business command; also its idempotency key.
    OpId,
    /// A disagreement that a person or a rule decides.
    ConflictId,
    /// A user's one press of a button, so that pressing twice does the thing once.
    RequestId,
);

impl From<SaleId> for DocumentId {
    fn from(id: SaleId) -> Self {
        Self(id.0)
    }
}

impl From<DocumentId> for SaleId {
    fn from(id: DocumentId) -> Self {
        Self(id.0)
    }
}
