//! Exit codes: what a script may conclude without reading a word.

use std::process::ExitCode;

use pos_app::ErrorCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done.
    Done,
    /// 2: the command line, or what came on standard input, is not one of ours.
    Usage,
    /// 3: understood, and refused by a rule of the shop. Trying the same again is of no use until something changes.
    Refused,
    /// 4: the machine or the network did not play along: disk, file, server.
    Environment,
}

impl Exit {
    /// The number that the shell sees.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Environment => 4,
        }
    }

    /// How a command ends that was answered with this error.
    #[expect(clippy::too_many_lines, reason = "a table: one row for each code")]
    pub(crate) const fn of(code: ErrorCode) -> Self {
        match code {
            ErrorCode::NotSetUp
            | ErrorCode::AlreadySetUp
            | ErrorCode::InputInvalid
            | ErrorCode::ProductNotFound
            | ErrorCode::ProductDuplicateCode
            | ErrorCode::ProductArchived
            | ErrorCode::PictureRefused
            | ErrorCode::CategoryNotFound
            | ErrorCode::CategoryDuplicateName
            | ErrorCode::CustomerNotFound
            | ErrorCode::CustomerDuplicatePhone
            | ErrorCode::CustomerDuplicateCode
            | ErrorCode::CustomerAmbiguous
            | ErrorCode::AccountLimitExceeded
            | ErrorCode::AccountNoCredit
            | ErrorCode::AccountOverpaid
            | ErrorCode::AccountNotSettled
            | ErrorCode::CashierNotFound
            | ErrorCode::CartEmpty
            | ErrorCode::CartLineNotFound
            | ErrorCode::CartNotFound
            | ErrorCode::CartFull
            | ErrorCode::CartNothingToUndo
            | ErrorCode::SaleInsufficientStock
            | ErrorCode::SaleBlockedOffline
            | ErrorCode::SaleNeedsServer
            | ErrorCode::SaleUnderpaid
            | ErrorCode::SaleOverpaid
            | ErrorCode::SaleTenderInvalid
            | ErrorCode::SaleRefused
            | ErrorCode::SaleNotFound
            | ErrorCode::RefundBeyond
            | ErrorCode::SerialNotThere
            | ErrorCode::SaleSerialMissing
            | ErrorCode::RefundTender
            | ErrorCode::SaleNotVoidable
            | ErrorCode::ImportMissingColumn
            | ErrorCode::JoinCodeRefused
            | ErrorCode::JoinBadAddress
            | ErrorCode::JoinPlainHttp
            | ErrorCode::JoinBusinessNotEmpty
            | ErrorCode::JoinAlreadyJoined
            | ErrorCode::SyncNotJoined
            | ErrorCode::SyncRefused
            | ErrorCode::SyncOperationNotFound
            | ErrorCode::SyncNotDiscardable
            | ErrorCode::SyncNotEditable
            | ErrorCode::SyncNotRetryable
            | ErrorCode::ConflictNotFound
            | ErrorCode::ConflictChoiceNotOffered
            | ErrorCode::ConflictAlreadyResolved
            | ErrorCode::ConflictNotReversible
            | ErrorCode::SettingInvalid
            | ErrorCode::BackupNotFound
            | ErrorCode::BackupOtherRegister
            | ErrorCode::RecoveryNotFenced
            | ErrorCode::PermissionDenied
            | ErrorCode::ApprovalRefused
            | ErrorCode::PersonDuplicateName
            | ErrorCode::PersonOwnerOnly
            | ErrorCode::PersonLastOwner
            | ErrorCode::PersonAtRegister
            | ErrorCode::SessionLocked
            | ErrorCode::SessionNoPins
            | ErrorCode::PinNeeded
            | ErrorCode::PinMissing
            | ErrorCode::PinWrong
            | ErrorCode::PinWait
            | ErrorCode::ShiftNotOpen
            | ErrorCode::ShiftAlreadyOpen
            | ErrorCode::ShiftNothingToClose
            | ErrorCode::ReportNotFound
            | ErrorCode::PrintNoPrinter
            | ErrorCode::PrintJobNotFound
            | ErrorCode::PrintJobClosed => Self::Refused,
            ErrorCode::DataInUse
            | ErrorCode::UnknownCommand
            | ErrorCode::ImportUnreadable
            | ErrorCode::SyncUnreachable
            | ErrorCode::SyncNotTheServer
            | ErrorCode::SyncWrongCertificate
            | ErrorCode::PrintFailed
            | ErrorCode::FileFailed
            | ErrorCode::BackupUnsound
            | ErrorCode::StorageDiskLow
            | ErrorCode::StorageDiskFull
            | ErrorCode::StorageCorrupt
            | ErrorCode::StorageNewerFile
            | ErrorCode::StorageUnknownOutcome
            | ErrorCode::StorageFailed
            | ErrorCode::Internal => Self::Environment,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_names_the_disk_the_network_or_a_file_is_the_environment() {
        for code in ErrorCode::ALL {
            let name = code.as_str();
            let outside = name.starts_with("storage.")
                || name.starts_with("file.")
                || ["sync.unreachable", "sync.not_the_server", "sync.wrong_certificate", "app.data_in_use"]
                    .contains(&name);
            if outside {
                assert_eq!(Exit::of(*code), Exit::Environment, "{name}: a script may try again later");
            }
        }
    }

    #[test]
    fn whatever_a_rule_of_the_shop_says_is_a_refusal() {
        for code in ErrorCode::ALL {
            let name = code.as_str();
            let ruled = ["sale.", "cart.", "product.", "customer.", "conflict.", "permission.", "join."];
            if ruled.iter().any(|area| name.starts_with(area)) {
                assert_eq!(Exit::of(*code), Exit::Refused, "{name}: the same again is refused again");
            }
        }
    }

    #[test]
    fn the_numbers_are_a_contract() {
        let numbers = [Exit::Done, Exit::Usage, Exit::Refused, Exit::Environment].map(Exit::number);
        assert_eq!(numbers, [0, 2, 3, 4]);
    }
}
