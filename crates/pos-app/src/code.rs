//! Codes of errors: append-only, each with its parameters, each with words in the window and the shell.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

macro_rules! codes {
    ($($(#[$doc:meta])+ $variant:ident = $text:literal,)+) => {
        /// A stable error code. Its parameters are named in each variant's documentation.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
        pub enum ErrorCode {
            $($(#[$doc])+ #[serde(rename = $text)] $variant,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As written in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }
    };
}

codes! {
    /// No shop on this machine yet. No parameters.
    NotSetUp = "app.not_set_up",
    /// There is a shop on this machine already. No parameters.
    AlreadySetUp = "app.already_set_up",
    /// Another program works with this data folder. No parameters.
    DataInUse = "app.data_in_use",
    /// No such command. `command`
    UnknownCommand = "app.unknown_command",
    /// A value of the request is wrong. `field`, `problem`
    InputInvalid = "input.invalid",
    /// No product has this code. `code`
    ProductNotFound = "product.not_found",
    /// Another product has this code or barcode. `code`, `name` of the other
    ProductDuplicateCode = "product.duplicate_code",
    /// The product is no longer sold. `code`, `name`
    ProductArchived = "product.archived",
    /// The file became no picture. `reason`: `file_too_large`, `not_a_picture`, `too_many_pixels`, `damaged`; `max_mib`
    PictureRefused = "picture.refused",
    /// No such category. No parameters.
    CategoryNotFound = "category.not_found",
    /// Another category has this name. `name` of the other
    CategoryDuplicateName = "category.duplicate_name",
    /// No such customer. No parameters.
    CustomerNotFound = "customer.not_found",
    /// Another customer has this telephone number. `phone`, `name` of the other
    CustomerDuplicatePhone = "customer.duplicate_phone",
    /// Another customer has this code. `code`, `name` of the other
    CustomerDuplicateCode = "customer.duplicate_code",
    /// Several customers fit what was asked. `text`, `count`, `names[]`
    CustomerAmbiguous = "customer.ambiguous",
    /// On account beyond the limit. `name`, `balance`, `limit`, `excess`; and as [`Self::PermissionDenied`] what to ask for
    AccountLimitExceeded = "account.limit_exceeded",
    /// The shop does not owe the customer so much. `name`, `credit`, `asked`
    AccountNoCredit = "account.no_credit",
    /// More is paid than is owed: somebody has to say that the rest is store credit. `name`, `debt`, `amount`, `excess`
    AccountOverpaid = "account.overpaid",
    /// The account is not even: nobody is deleted who owes or is owed. `name`, `balance`
    AccountNotSettled = "account.not_settled",
    /// No such person. No parameters.
    CashierNotFound = "cashier.not_found",
    /// Another person has this name. `name` of the other
    PersonDuplicateName = "person.duplicate_name",
    /// Only an owner changes an owner, and an owner's rights are not changed. No parameters.
    PersonOwnerOnly = "person.owner_only",
    /// The shop would have no owner. No parameters.
    PersonLastOwner = "person.last_owner",
    /// Nobody removes whoever sits at this register. No parameters.
    PersonAtRegister = "person.at_register",
    /// The register is locked: say who you are. No parameters.
    SessionLocked = "session.locked",
    /// Nobody has a PIN on this register, so it cannot be locked. No parameters.
    SessionNoPins = "session.no_pins",
    /// This person has a PIN, and it was not given. `name`
    PinNeeded = "pin.needed",
    /// This person has no PIN on this register, and needs one because others have. `name`
    PinMissing = "pin.missing",
    /// The PIN is another one. `tries` before the first wait, `seconds` to wait now
    PinWrong = "pin.wrong",
    /// Too many wrong PINs. `seconds` to wait
    PinWait = "pin.wait",
    /// Nothing to sell. No parameters.
    CartEmpty = "cart.empty",
    /// The line is gone. No parameters.
    CartLineNotFound = "cart.line_not_found",
    /// The held cart is gone. No parameters.
    CartNotFound = "cart.not_found",
    /// The cart holds no more lines. `max`
    CartFull = "cart.full",
    /// Nothing to take back. No parameters.
    CartNothingToUndo = "cart.nothing_to_undo",
    /// The server has less than asked; the cart was given back. `lines[]`: `code, name, asked, available`
    SaleInsufficientStock = "sale.insufficient_stock",
    /// Offline, and this product may then not be sold below the known stock. `lines[]` as above
    SaleBlockedOffline = "sale.blocked_offline",
    /// Setting "sales need the server": it did not answer; the cart is kept. No parameters.
    SaleNeedsServer = "sale.needs_server",
    /// Something is still to be paid. `missing`
    SaleUnderpaid = "sale.underpaid",
    /// More than due by card or mobile money. `excess`
    SaleOverpaid = "sale.overpaid",
    /// A tender is wrong. `index`, `problem`
    SaleTenderInvalid = "sale.tender_invalid",
    /// The server refused the sale for good; the cart was given back. `reason`, `field`
    SaleRefused = "sale.refused",
    /// No such sale. `number`
    SaleNotFound = "sale.not_found",
    /// More than was sold, or than is left of it. `lines[]`: `code, name, asked, available`
    RefundBeyond = "refund.beyond",
    /// Money goes back as it was paid. `kind`, `most`
    RefundTender = "refund.tender",
    /// The sale cannot be voided any more. `reason`: `other_register`, `not_a_sale`, `refunded`, `closed`
    SaleNotVoidable = "sale.not_voidable",
    /// A number is missing on what must bear one. `lines[]`: `line_id, code, name`, and `pieces` without one
    SaleSerialMissing = "sale.serial_missing",
    /// What is to be noted does not follow what happened to this number before. `serial`, `last`
    SerialNotThere = "serial.not_there",
    /// The file is not readable as CSV. `problem`
    ImportUnreadable = "import.unreadable",
    /// A required column is missing. `column`
    ImportMissingColumn = "import.missing_column",
    /// The server does not take this code. No parameters.
    JoinCodeRefused = "join.code_refused",
    /// The address is not one of a server. `problem`
    JoinBadAddress = "join.bad_address",
    /// Plain HTTP beyond this machine. No parameters.
    JoinPlainHttp = "join.plain_http",
    /// The business on the server is not empty. No parameters.
    JoinBusinessNotEmpty = "join.business_not_empty",
    /// The shop has a server already. No parameters.
    JoinAlreadyJoined = "join.already_joined",
    /// The shop has no server. No parameters.
    SyncNotJoined = "sync.not_joined",
    /// The server cannot be reached. `detail`
    SyncUnreachable = "sync.unreachable",
    /// Something else answered, such as a portal. `detail`
    SyncNotTheServer = "sync.not_the_server",
    /// The certificate is not the one that was joined. `detail`
    SyncWrongCertificate = "sync.wrong_certificate",
    /// The server refused the request. `code`, `detail`
    SyncRefused = "sync.refused",
    /// No such operation. No parameters.
    SyncOperationNotFound = "sync.operation_not_found",
    /// This operation cannot be given up. `reason`: `not_dead`, `document`, `alarm`, `awaited`
    SyncNotDiscardable = "sync.not_discardable",
    /// No corrected operation can take the place of this one. `reason`: `not_dead`, `document`, `alarm`, `kind`, `gone`
    SyncNotEditable = "sync.not_editable",
    /// There is nothing to try again. `reason`: `not_dead`, or `awaiting` when another one was refused that it waits for
    SyncNotRetryable = "sync.not_retryable",
    /// No such conflict. No parameters.
    ConflictNotFound = "conflict.not_found",
    /// This conflict does not offer this choice. `choice`, `choices[]`
    ConflictChoiceNotOffered = "conflict.choice_not_offered",
    /// Decided already. `choice`
    ConflictAlreadyResolved = "conflict.already_resolved",
    /// This decision cannot be taken back. No parameters.
    ConflictNotReversible = "conflict.not_reversible",
    /// A setting's value is wrong. `key`, `problem`
    SettingInvalid = "setting.invalid",
    /// This person may not. `permission`; where another person may say yes to it also `subject`, `line_id`, `amount`
    PermissionDenied = "permission.denied",
    /// This yes is not to what is done. `reason`: `unknown`, `used`, `other`, `same_person`, `may_not`
    ApprovalRefused = "approval.refused",
    /// The shop sells with an open drawer only. No parameters.
    ShiftNotOpen = "shift.not_open",
    /// The drawer is open already. `number`, `cashier`
    ShiftAlreadyOpen = "shift.already_open",
    /// Nothing was done since the last Z, and the drawer is not open. No parameters.
    ShiftNothingToClose = "shift.nothing_to_close",
    /// No Z report has this number. `z`
    ReportNotFound = "report.not_found",
    /// The receipt could not be printed. `detail`
    PrintFailed = "print.failed",
    /// No printer is set. No parameters.
    PrintNoPrinter = "print.no_printer",
    /// No such job of a printer. `job_no`
    PrintJobNotFound = "print.job_not_found",
    /// The job is on its way or has ended. `job_no`, `state`: `printing`, `done`, `cancelled`
    PrintJobClosed = "print.job_closed",
    /// A file could not be read or written. `path`, `detail`
    FileFailed = "file.failed",
    /// No backup of this name. `name`
    BackupNotFound = "backup.not_found",
    /// The backup is damaged; nothing was changed. `name`, `detail`
    BackupUnsound = "backup.unsound",
    /// The backup is of another register; nothing was changed. `name`
    BackupOtherRegister = "backup.other_register",
    /// The server takes what this register sends: nobody has to decide anything. No parameters.
    RecoveryNotFenced = "recovery.not_fenced",
    /// There is too little room on the disk to begin this. `free_mib`, `needed_mib`
    StorageDiskLow = "storage.disk_low",
    /// The disk is full. No parameters.
    StorageDiskFull = "storage.disk_full",
    /// The database file is damaged. `path`
    StorageCorrupt = "storage.corrupt",
    /// The database file is of a newer program. No parameters.
    StorageNewerFile = "storage.newer_file",
    /// The disk failed while writing; look whether it was done before doing it again. No parameters.
    StorageUnknownOutcome = "storage.unknown_outcome",
    /// The database did not do it. `detail`
    StorageFailed = "storage.failed",
    /// A bug. `detail`
    Internal = "internal",
}

impl ErrorCode {
    /// Whether the same request may succeed later without anybody changing it.
    pub const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::DataInUse
                | Self::SaleNeedsServer
                | Self::SaleBlockedOffline
                | Self::SyncUnreachable
                | Self::SyncNotTheServer
                | Self::PrintFailed
                | Self::FileFailed
                | Self::StorageDiskLow
                | Self::StorageDiskFull
                | Self::StorageFailed
        )
    }
}
