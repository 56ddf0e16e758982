//! What the window and the shell show: plain data, complete, with every amount already computed.
//!
//! Types only. They cross to TypeScript through `pos-api`; amounts are minor units, times are milliseconds since
//! 1970 UTC, quantities are thousandths.

mod account;
mod cart;
mod catalogue;
mod conflict;
mod display;
mod health;
mod people;
mod picture;
mod printing;
mod queue;
mod recovery;
mod refund;
mod sale;
mod serial;
mod shop;
mod sync;
mod till;

pub use account::{
    AccountOrder, AccountPaid, AccountStanding, BeyondDebt, CustomerFate, OpenAccount, OpenAccounts,
    Statement, StatementEntry,
};
pub use cart::{
    CartLineView, CartView, EmbeddedTrial, HeldCart, LineNotice, LineSize, QuoteAnswer, QuoteLine,
    QuoteLineAnswer, QuoteRequest, QuoteRounding, SettlePreview,
};
pub use catalogue::{
    ColumnMapping, CustomerDetails, CustomerView, ImportPreview, ImportReport, ImportRowFault, PackDraft,
    Page, ProductDraft, ProductView, Progress, ShownStock, StockView,
};
pub use conflict::{AuditEntry, ConflictView};
pub use display::{DisplayLine, DisplayScene, DisplayView};
pub use health::{AlertThresholds, HealthSample, HealthView, TableSuccess};
pub use people::{PersonView, RoleView, SessionView};
pub use picture::{AddedPicture, OpenPicture, PictureChange, PictureCounts, PictureFile, PictureState};
pub use printing::{
    LabelPaper, LabelsOf, PrintJob, PrintKind, PrintQueue, PrintState, PrintTrouble, PrinterName,
};
pub use queue::{DeadOperation, Discarded, ExportFormat, ExportScope, OperationView, QueueExport, Retried};
pub use recovery::{
    BackupCause, BackupList, BackupView, BackupWarning, BackupWarningCode, Counts, LifeCause, ReadingReport,
    RecoveryReport, RecoveryView, Unverified,
};
pub use refund::{
    GoodsBack, RefundDraft, RefundLineView, RefundQuote, RefundSource, ReturnReason, VoidRefusal,
};
pub use sale::{
    ReceiptFormat, ReceiptView, ReplayRefusal, ReplayReport, SaleCompleted, SaleNotice, SaleSummary,
    SaleSync, ShortLineView,
};
pub use serial::{SerialLife, SerialRow};
pub use shop::{
    AppPhase, AppState, CodePages, DeviceSettings, Language, PaperWidth, PrinterSetting, ServerLink,
    ShopView, StrategyView, Theme,
};
pub use sync::{
    ComparisonOutcomeWord, ComparisonView, DifferenceView, DifferenceWord, DryRun, FirstSyncProgress,
    QueueEntry, QueueState, RoundReport, SyncRunView, SyncStateWord, SyncStatusView, VerifyFinding,
    VerifyReport,
};
pub use till::{
    CashCount, CountedDrawer, CurrentShift, DrawerEntry, DrawerReport, DrawerReportKind, DrawerState,
    ShiftInProgress, ZSummary,
};
