//! What the window and the shell show: plain data, complete, with every amount already computed.
//!
//! Types only. They cross to TypeScript through `pos-api`; amounts are minor units, times are milliseconds since
//! 1970 UTC, quantities are thousandths.

mod cart;
mod catalogue;
mod conflict;
mod health;
mod picture;
mod queue;
mod recovery;
mod sale;
mod shop;
mod sync;

pub use cart::{
    CartLineView, CartView, HeldCart, LineNotice, QuoteAnswer, QuoteLine, QuoteLineAnswer, QuoteRequest,
    QuoteRounding, SettlePreview,
};
pub use catalogue::{
    ColumnMapping, CustomerView, ImportPreview, ImportReport, ImportRowFault, Page, ProductDraft,
    ProductView, Progress, ShownStock, StockView,
};
pub use conflict::{AuditEntry, ConflictView};
pub use health::{AlertThresholds, HealthSample, HealthView, TableSuccess};
pub use picture::{AddedPicture, OpenPicture, PictureChange, PictureCounts, PictureFile, PictureState};
pub use queue::{DeadOperation, Discarded, ExportFormat, ExportScope, OperationView, QueueExport, Retried};
pub use recovery::{
    BackupCause, BackupList, BackupView, BackupWarning, BackupWarningCode, Counts, LifeCause, ReadingReport,
    RecoveryReport, RecoveryView, Unverified,
};
pub use sale::{
    ReceiptFormat, ReceiptView, ReplayRefusal, ReplayReport, SaleCompleted, SaleNotice, SaleSummary,
    SaleSync, ShortLineView,
};
pub use shop::{
    AppPhase, AppState, DeviceSettings, Language, PaperWidth, PrinterSetting, ServerLink, ShopView,
    StrategyView, Theme,
};
pub use sync::{
    ComparisonOutcomeWord, ComparisonView, DifferenceView, DifferenceWord, DryRun, FirstSyncProgress,
    QueueEntry, QueueState, RoundReport, SyncRunView, SyncStateWord, SyncStatusView, VerifyFinding,
    VerifyReport,
};
