//! The one list of commands.
pub mod error;
pub mod request;

#[cfg(test)]
mod draft {
    use ts_rs::{Config, TS};
    #[test]
    fn export() {
        let c = Config::new().with_large_int("number").with_out_dir("../../ui/src/lib/host/bindings");
        macro_rules! e { ($($t:ty),* $(,)?) => { $( <$t as TS>::export_all(&c).unwrap(); )* } }
        use crate::request::*;
        use pos_app::view::*;
        e!(
            AppState,
            CartView,
            HeldCart,
            QuoteRequest,
            QuoteAnswer,
            Page<ProductView>,
            Page<CustomerView>,
            Page<SaleSummary>,
            Page<QueueEntry>,
            ProductView,
            CustomerView,
            SaleSummary,
            QueueEntry,
            ImportPreview,
            ImportReport,
            SaleCompleted,
            ReceiptView,
            ReplayReport,
            SyncStatusView,
            DryRun,
            RoundReport,
            HealthView,
            SyncRunView,
            VerifyReport,
            ConflictView,
            AuditEntry,
            ShortLineView,
            pos_domain::Category,
            crate::error::ApiError,
            Nothing,
            CreateDemo,
            CreateShop,
            JoinShop,
            ConnectShop,
            SwitchCashier,
            ScanCode,
            AddProduct,
            SetLine,
            SetCartDiscount,
            SetCartCustomer,
            SetCartNote,
            RecallCart,
            CompleteSale,
            ListSales,
            GetReceipt,
            SaveReceipt,
            ListProducts,
            OneProduct,
            CreateProduct,
            UpdateProduct,
            GetPicture,
            PreviewImport,
            RunImport,
            ListCustomers,
            CreateCustomer,
            UpdateCustomer,
            DeleteCustomer,
            ListQueue,
            RetryOperation,
            Latest,
            ListConflicts,
            OneConflict,
            ResolveConflict,
            ReopenConflict,
            SetSetting,
            SetDevice,
            RunVerify
        );
    }
}
