//! Words for errors: what happened, and what to do now. Every code of the commands has its sentence.

use pos_app::ErrorCode;
use serde_json::Value;

/// The sentences of an error. `params` has amounts and quantities as decimal strings.
pub(crate) fn of(code: ErrorCode, params: &Value) -> String {
    let lines = params.get("lines").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut words = filled(template(code), params);
    for line in lines {
        let each = match line.get("pieces") {
            Some(_) => "\n{code} {name}: {pieces} without a number",
            None => "\n{code} {name}: {asked} asked, {available} there",
        };
        words.push_str(&filled(each, line));
    }
    words
}

/// The text with each `{name}` replaced by the parameter of that name.
fn filled(template: &str, params: &Value) -> String {
    let mut words = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        words.push_str(before);
        let param = shown(params.get(name));
        // Problems are codes, and chosen so that they read as words: `not_a_number`.
        words.push_str(&if name == "problem" { param.replace('_', " ") } else { param });
        rest = after;
    }
    words + rest
}

fn shown(param: Option<&Value>) -> String {
    match param {
        None | Some(Value::Null) => "?".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(items)) => items.iter().map(|i| shown(Some(i))).collect::<Vec<_>>().join(", "),
        Some(other @ (Value::Bool(_) | Value::Number(_) | Value::Object(_))) => other.to_string(),
    }
}

/// What happened, and what to do now; parameters in braces.
#[expect(clippy::too_many_lines, reason = "a table: one row for each code")]
const fn template(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::NotSetUp => "There is no shop in this folder yet. Begin with `comptoir init`.",
        ErrorCode::AlreadySetUp => {
            "There is a shop in this folder already; nothing was changed. Give another --data folder."
        }
        ErrorCode::DataInUse => {
            "Another program works with this folder. Close it, or try again when it is done."
        }
        ErrorCode::UnknownCommand => "This program has no command {command}. Please report it.",
        ErrorCode::InputInvalid => {
            "{field}: {problem}. Nothing was changed; correct the value and try again."
        }
        ErrorCode::ProductNotFound => {
            "No product has the code {code}. Look it up with `comptoir product search`."
        }
        ErrorCode::ProductDuplicateCode => "{code} belongs to {name} already. Choose another code.",
        ErrorCode::ProductArchived => "{code} {name} is no longer sold.",
        ErrorCode::PictureRefused => {
            "No picture was taken: {reason}. Give a JPEG, PNG or WebP file of at most {max_mib} MiB."
        }
        ErrorCode::CategoryNotFound => "There is no such category.",
        ErrorCode::CategoryDuplicateName => "There is a category {name} already.",
        ErrorCode::CustomerNotFound => "There is no such customer.",
        ErrorCode::CustomerDuplicatePhone => "{phone} belongs to {name} already.",
        ErrorCode::CustomerDuplicateCode => "The code {code} belongs to {name} already. Choose another code.",
        ErrorCode::CustomerAmbiguous => {
            "{count} customers fit {text}: {names}. Give a code, a telephone number or the whole name."
        }
        ErrorCode::AccountLimitExceeded => {
            "{name} owes {balance} and may owe {limit}: this sale is {excess} beyond it. Nothing was sold. Take {excess} in \
             another way, or let somebody sell who may give credit."
        }
        ErrorCode::AccountNoCredit => {
            "The shop owes {name} {credit}, not {asked}. Nothing was sold. Take the rest in another way."
        }
        ErrorCode::AccountOverpaid => {
            "{name} owes {debt}: {amount} is {excess} too much. Nothing was recorded. Pay less, or keep the rest as store \
             credit with --credit."
        }
        ErrorCode::AccountNotSettled => {
            "The account of {name} stands at {balance}. Nobody is deleted before it is even."
        }
        ErrorCode::CashierNotFound => "There is no such person.",
        ErrorCode::CartEmpty => "There is nothing to sell. Give at least one line.",
        ErrorCode::CartLineNotFound => "This line is gone.",
        ErrorCode::CartNotFound => "This held cart is gone.",
        ErrorCode::CartFull => "A sale holds at most {max} lines. Split it.",
        ErrorCode::CartNothingToUndo => "There is nothing to take back.",
        ErrorCode::SaleInsufficientStock => "Not sold: there is not enough. Sell less, or count the stock.",
        ErrorCode::SaleBlockedOffline => {
            "Not sold: the server cannot be asked, and these goods are not sold below the known stock."
        }
        ErrorCode::SaleNeedsServer => {
            "Not sold: this shop sells only with its server, and it did not answer. Try again."
        }
        ErrorCode::SaleUnderpaid => "Not sold: {missing} is still to be paid. Add a --tender.",
        ErrorCode::SaleOverpaid => {
            "Not sold: {excess} too much by card or mobile money, which give no change. Correct the --tender."
        }
        ErrorCode::SaleTenderInvalid => "Not sold: tender {index}: {problem}. Correct the --tender.",
        ErrorCode::SaleRefused => "Not sold: the server refused the sale: {reason} {field}.",
        ErrorCode::SaleNotFound => "No sale has the number {number}. Look it up with `comptoir sales`.",
        ErrorCode::RefundBeyond => "Not given back: this is more than is left of the sale.",
        ErrorCode::RefundTender => {
            "Not given back: money goes back as it was paid, by {kind} at most {most}. Correct the --tender."
        }
        ErrorCode::SaleNotVoidable => {
            "This sale cannot be voided ({reason}). Give its goods back with `comptoir refund`."
        }
        ErrorCode::SerialNotThere => {
            "Not noted: this does not follow what happened to {serial} before ({last})."
        }
        ErrorCode::SaleSerialMissing => {
            "Not sold: a line lacks the serial number or IMEI of each of its pieces."
        }
        ErrorCode::ImportUnreadable => "The file is not readable as CSV: {problem}. Nothing was loaded.",
        ErrorCode::ImportMissingColumn => {
            "The file has no column for {column}. Name it with --column {column}=HEADER. Nothing was loaded."
        }
        ErrorCode::JoinCodeRefused => {
            "The server does not take this code. Codes hold for ten minutes and once: make a new one with `comptoir-server pair`."
        }
        ErrorCode::JoinBadAddress => {
            "This is not the address of a server: {problem}. Copy it from `comptoir-server pair`."
        }
        ErrorCode::JoinPlainHttp => "Plain HTTP is only for a server on this machine. Use its https address.",
        ErrorCode::JoinBusinessNotEmpty => {
            "The business on this server has goods or sales already. Join it with `comptoir init --join`."
        }
        ErrorCode::JoinAlreadyJoined => "This shop has a server already.",
        ErrorCode::SyncNotJoined => "This shop has no server. Give it one with `comptoir connect`.",
        ErrorCode::SyncUnreachable => {
            "The server does not answer: {detail}. What waits stays here and is sent later."
        }
        ErrorCode::SyncNotTheServer => {
            "Something else answered instead of the server: {detail}. Is this network asking for a login?"
        }
        ErrorCode::SyncWrongCertificate => {
            "The server shows another certificate than the one that was joined: {detail}. Nothing was sent."
        }
        ErrorCode::SyncRefused => "The server refused the request: {code}: {detail}.",
        ErrorCode::SyncNotDiscardable => {
            "This operation cannot be given up ({reason}). Try it again with `comptoir queue retry`."
        }
        ErrorCode::SyncNotRetryable => "There is nothing to try again ({reason}).",
        ErrorCode::SyncNotEditable => "No corrected operation can take the place of this one ({reason}).",
        ErrorCode::SyncOperationNotFound => "There is no such operation. List them with `comptoir queue`.",
        ErrorCode::ConflictNotFound => "There is no such conflict. List them with `comptoir conflicts`.",
        ErrorCode::ConflictChoiceNotOffered => "{choice} is no choice here. Choose one of: {choices}.",
        ErrorCode::ConflictAlreadyResolved => "This was decided already: {choice}.",
        ErrorCode::ConflictNotReversible => "This decision cannot be taken back: it made a final document.",
        ErrorCode::SettingInvalid => "{key}: {problem}.",
        ErrorCode::PersonDuplicateName => "There is a person {name} already. Choose another name.",
        ErrorCode::PersonOwnerOnly => {
            "Only an owner changes an owner, and an owner may always do everything."
        }
        ErrorCode::PersonLastOwner => "The shop needs an owner. Make somebody else one first.",
        ErrorCode::PersonAtRegister => "This person sits at the register. Give --as somebody else.",
        ErrorCode::SessionLocked => {
            "The register is locked. Say who you are with --as NAME, and --pin-file for a PIN."
        }
        ErrorCode::SessionNoPins => "Nobody has a PIN on this register, so it cannot be locked.",
        ErrorCode::PinNeeded => "{name} has a PIN. Give it with --pin-file FILE, or - for standard input.",
        ErrorCode::PinMissing => {
            "{name} has no PIN on this register, and needs one because others have. Set one with `comptoir people set-pin`."
        }
        ErrorCode::PinWrong => {
            "This is another PIN. {tries} more tries are free, then each one waits; {seconds} seconds to wait now."
        }
        ErrorCode::PinWait => "Too many wrong PINs. Wait {seconds} seconds, then try again.",
        ErrorCode::ApprovalRefused => "This yes is not to what is done ({reason}). Nothing was changed.",
        ErrorCode::PermissionDenied => "The person at this register may not do this ({permission}).",
        ErrorCode::PrintFailed => "The receipt could not be printed: {detail}. The sale stands.",
        ErrorCode::ShiftNotOpen => {
            "The shop sells with an open drawer only. Open it: `comptoir shift open FLOAT`."
        }
        ErrorCode::ShiftAlreadyOpen => "The drawer is open already ({number}, {cashier}).",
        ErrorCode::ReportNotFound => "There is no such Z.",
        ErrorCode::ShiftNothingToClose => "Nothing was done since the last Z, and the drawer is not open.",
        ErrorCode::PrintNoPrinter => "No printer is set.",
        ErrorCode::PrintJobNotFound => {
            "There is no print job {job_no}. List them with `comptoir print list`."
        }
        ErrorCode::PrintJobClosed => "Print job {job_no} is {state}: there is nothing to change.",
        ErrorCode::FileFailed => "{path}: {detail}.",
        ErrorCode::BackupNotFound => "There is no backup {name}. List them with `comptoir backup list`.",
        ErrorCode::BackupUnsound => {
            "The backup {name} is damaged: {detail}. Nothing was changed; choose an older one."
        }
        ErrorCode::BackupOtherRegister => "The backup {name} is of another register. Nothing was changed.",
        ErrorCode::RecoveryNotFenced => {
            "The server takes what this register sends. There is nothing to decide."
        }
        ErrorCode::StorageDiskLow => {
            "There is too little room on the disk: {free_mib} MiB are free, {needed_mib} MiB are needed. Make room; sales made so far are kept."
        }
        ErrorCode::StorageDiskFull => "The disk is full. Make room and try again.",
        ErrorCode::StorageCorrupt => {
            "The database file {path} is damaged. Keep the folder as it is and restore a backup."
        }
        ErrorCode::StorageNewerFile => {
            "This folder was written by a newer version of the program. Update it."
        }
        ErrorCode::StorageUnknownOutcome => {
            "The disk failed while writing. Look whether it was done before doing it again."
        }
        ErrorCode::StorageFailed => "The database did not do it: {detail}.",
        ErrorCode::Internal => "This program has a fault: {detail}. Please report it.",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refusal_for_stock_says_what_is_there() {
        let lines =
            json!({ "lines": [{ "code": "RIZ", "name": "Riz 5 kg", "asked": "6", "available": "5" }] });
        assert_eq!(
            of(ErrorCode::SaleInsufficientStock, &lines),
            "Not sold: there is not enough. Sell less, or count the stock.\nRIZ Riz 5 kg: 6 asked, 5 there"
        );
    }

    #[test]
    fn parameters_stand_in_the_sentence() {
        let params = json!({ "choice": "merge", "choices": ["keep_mine", "keep_theirs"] });
        assert_eq!(
            of(ErrorCode::ConflictChoiceNotOffered, &params),
            "merge is no choice here. Choose one of: keep_mine, keep_theirs."
        );
        assert!(of(ErrorCode::SaleUnderpaid, &json!({})).contains('?'), "a parameter that is missing shows");
    }

    #[test]
    fn every_code_has_a_whole_sentence() {
        for code in ErrorCode::ALL {
            let words = of(*code, &json!({}));
            assert!(words.ends_with(['.', '?']) && words.contains(' '), "{}: {words}", code.as_str());
        }
    }
}
