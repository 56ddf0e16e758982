//! Errors of use cases: a stable code with its parameters for the person, and the source for the log.

use pos_domain::cart::PriceFault;
use pos_domain::catalogue::RowFault;
use pos_domain::tender::SettlementFault;
use pos_domain::{DecimalFault, DocumentFault, TillFault};
use pos_store::StoreError;
use serde_json::{Value, json};
use thiserror::Error;

use crate::code::ErrorCode;

/// A use case that was not done.
#[derive(Debug, Error)]
#[error("{}", code.as_str())]
pub struct AppError {
    /// What happened.
    pub code: ErrorCode,
    /// Parameters by name, as the code's documentation says; an object.
    pub params: Value,
    /// Why, for the log.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl AppError {
    /// An error without parameters.
    pub fn new(code: ErrorCode) -> Self {
        Self { code, params: json!({}), source: None }
    }

    /// An error with parameters.
    pub fn with(code: ErrorCode, params: Value) -> Self {
        Self { code, params, source: None }
    }

    /// A value of a request that is wrong. The problem is a stable code such as `empty` or `negative`, which the window
    /// says in words; anything else is told as "not understood".
    pub fn input(field: &str, problem: impl std::fmt::Display) -> Self {
        Self::with(ErrorCode::InputInvalid, json!({ "field": field, "problem": problem.to_string() }))
    }

    /// With the error behind it.
    #[must_use]
    pub fn caused_by(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// A bug, told with what is known of it.
    pub fn internal(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::with(ErrorCode::Internal, json!({ "detail": source.to_string() })).caused_by(source)
    }

    /// A file that could not be read or written.
    pub fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        let code = if source.kind() == std::io::ErrorKind::StorageFull {
            ErrorCode::StorageDiskFull
        } else {
            ErrorCode::FileFailed
        };
        Self::with(code, json!({ "path": path.display().to_string(), "detail": source.to_string() }))
            .caused_by(source)
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        let detail = || json!({ "detail": error.to_string() });
        let (code, params) = match &error {
            StoreError::NoDevice => (ErrorCode::NotSetUp, json!({})),
            StoreError::Held(_) => (ErrorCode::DataInUse, json!({})),
            StoreError::DiskFull(_) => (ErrorCode::StorageDiskFull, json!({})),
            StoreError::NewerFile { .. } => (ErrorCode::StorageNewerFile, json!({})),
            StoreError::Corrupt { .. } => {
                (ErrorCode::StorageCorrupt, json!({ "path": pos_store::FILE_NAME }))
            }
            StoreError::CommitUnknown(_) | StoreError::Poisoned => {
                (ErrorCode::StorageUnknownOutcome, json!({}))
            }
            StoreError::JobFault(_) => (ErrorCode::Internal, detail()),
            StoreError::Sql(_)
            | StoreError::Unreadable { .. }
            | StoreError::Unwritable { .. }
            | StoreError::Missing { .. }
            | StoreError::WrongState { .. }
            | StoreError::Chain(_)
            | StoreError::Body(_)
            | StoreError::TransactionLost(_)
            | StoreError::Open(_)
            | StoreError::Overloaded
            | StoreError::ReadOnly
            | StoreError::Closed => (ErrorCode::StorageFailed, detail()),
        };
        Self::with(code, params).caused_by(error)
    }
}

impl From<PriceFault> for AppError {
    fn from(fault: PriceFault) -> Self {
        let field = match fault {
            PriceFault::ZeroQuantity { .. } => "qty",
            PriceFault::NegativePrice { .. } | PriceFault::Overflow { .. } => "unit_price",
            PriceFault::BadDiscount { .. } => "discount",
            PriceFault::TooManyLines => {
                return Self::with(ErrorCode::CartFull, json!({ "max": pos_domain::cart::MAX_LINES }));
            }
        };
        Self::input(field, fault.code()).caused_by(fault)
    }
}

impl From<SettlementFault> for AppError {
    fn from(fault: SettlementFault) -> Self {
        match &fault {
            SettlementFault::NotEnough { missing } => {
                Self::with(ErrorCode::SaleUnderpaid, json!({ "missing": missing }))
            }
            SettlementFault::NonCashExceedsTotal { excess } => {
                Self::with(ErrorCode::SaleOverpaid, json!({ "excess": excess }))
            }
            SettlementFault::WrongSign { index, .. } => tender_invalid(*index, "wrong_sign"),
            SettlementFault::MissingReference { index } => tender_invalid(*index, "missing_reference"),
            SettlementFault::BadReference { index } => tender_invalid(*index, "bad_reference"),
            SettlementFault::CardNumber { index } => tender_invalid(*index, "card_number"),
            SettlementFault::Rounding(_) => Self::input("cash_rounding", "too_large"),
        }
        .caused_by(fault)
    }
}

fn tender_invalid(index: usize, problem: &str) -> AppError {
    AppError::with(ErrorCode::SaleTenderInvalid, json!({ "index": index, "problem": problem }))
}

impl From<DocumentFault> for AppError {
    fn from(fault: DocumentFault) -> Self {
        match fault {
            DocumentFault::NoLines => Self::new(ErrorCode::CartEmpty),
            DocumentFault::CustomerMissing => Self::input("customer", "empty").caused_by(fault),
            DocumentFault::Overflow(_) => Self::input("cart", "too_large").caused_by(fault),
            DocumentFault::Price(fault) => fault.into(),
            DocumentFault::Settlement(fault) => fault.into(),
            fault @ (DocumentFault::DuplicateLine { .. }
            | DocumentFault::PackSize { .. }
            | DocumentFault::WrongDirection { .. }
            | DocumentFault::Differs { .. }
            | DocumentFault::TextTooLong { .. }) => Self::input("cart", &fault).caused_by(fault),
        }
    }
}

impl From<TillFault> for AppError {
    fn from(fault: TillFault) -> Self {
        match fault {
            TillFault::Settlement(fault) => fault.into(),
            fault @ (TillFault::NotPositive { .. }
            | TillFault::Negative { .. }
            | TillFault::ExpenseBringsIn
            | TillFault::Text { .. }
            | TillFault::PaidFromAccount
            | TillFault::ShiftMissing
            | TillFault::Differs { .. }
            | TillFault::Overflow(_)) => Self::input(fault.field(), fault.code()).caused_by(fault),
        }
    }
}

impl From<RowFault> for AppError {
    fn from(fault: RowFault) -> Self {
        Self::input(fault.field(), fault.code()).caused_by(fault)
    }
}

/// A decimal typed by a person.
pub fn decimal(field: &'static str) -> impl Fn(DecimalFault) -> AppError {
    move |fault| AppError::input(field, fault.code()).caused_by(fault)
}
