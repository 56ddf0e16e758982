//! What a command that was not done tells: a document for programs, a sentence for people, an exit code for both.

use pos_api::ApiError;
use pos_app::{AppError, ErrorCode};
use serde_json::{Value, json};

use crate::amount::{Currency, Milli, Minor};
use crate::exit::Exit;
use crate::words;

/// Parameters that are amounts of money.
const MONEY: [&str; 9] =
    ["amount", "asked", "balance", "credit", "debt", "excess", "limit", "missing", "most"];
/// Parameters of a line that are quantities.
const QUANTITIES: [&str; 2] = ["asked", "available"];

/// A command that was not done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line or the document on standard input is not one of ours: why, in words.
    Usage(String),
    /// Refused, or hindered by the machine.
    Error(ApiError),
}

impl Failure {
    /// Its exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Error(error) => Exit::of(error.code),
        }
    }

    /// For programs: `{"error": {"code", "params", "retryable"}}`.
    pub(crate) fn document(&self) -> Value {
        match self {
            Self::Usage(message) => {
                json!({ "error": { "code": "usage", "params": { "message": message }, "retryable": false } })
            }
            Self::Error(ApiError { code, params, retryable, trace_id: _ }) => {
                json!({ "error": { "code": code.as_str(), "params": params, "retryable": retryable } })
            }
        }
    }

    /// For people: what happened and what to do now.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Usage(message) => message.clone(),
            Self::Error(error) => words::of(error.code, &error.params),
        }
    }

    /// The error of a file named on the command line.
    pub(crate) fn file(path: &std::path::Path, source: std::io::Error) -> Self {
        AppError::file(path, source).into()
    }

    /// An answer of the commands that this program does not understand: a bug.
    pub(crate) fn unexpected(source: serde_json::Error) -> Self {
        AppError::internal(source).into()
    }

    /// A refusal that this program finds out by itself.
    pub(crate) fn refused(code: ErrorCode, params: Value) -> Self {
        AppError::with(code, params).into()
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        Self::Error(pos_api::api_error(error, uuid::Uuid::nil()))
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Error(error)
    }
}

/// The parameters with amounts and quantities as decimal strings, however deep they stand.
pub(crate) fn with_decimals(mut params: Value, currency: Option<&Currency>) -> Value {
    let Some(fields) = params.as_object_mut() else { return params };
    for (name, value) in fields.iter_mut() {
        match (name.as_str(), value.as_i64(), currency) {
            (money, Some(minor), Some(currency)) if MONEY.contains(&money) => {
                *value = Minor(minor).text(currency).into();
            }
            ("lines", None, _) => value.as_array_mut().into_iter().flatten().for_each(line_with_decimals),
            (_, None, _) => *value = with_decimals(value.take(), currency),
            (_, Some(_), _) => {}
        }
    }
    params
}

/// A line of a refusal for stock: the ids inside are of no use outside.
fn line_with_decimals(line: &mut Value) {
    let Some(fields) = line.as_object_mut() else { return };
    fields.shift_remove("product_id");
    for name in QUANTITIES {
        if let Some(slot) = fields.get_mut(name)
            && let Some(milli) = slot.as_i64()
        {
            *slot = Milli(milli).text().into();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_amounts_and_quantities_as_decimals() {
        let euro = Currency { code: "EUR".into(), exponent: 2 };
        let lines =
            json!([{ "product_id": "p", "code": "RIZ", "name": "Riz", "asked": 6000, "available": 1500 }]);
        assert_eq!(
            with_decimals(json!({ "lines": lines }), Some(&euro)),
            json!({ "lines": [{ "code": "RIZ", "name": "Riz", "asked": "6", "available": "1.5" }] }),
        );
        assert_eq!(with_decimals(json!({ "missing": 1250 }), Some(&euro)), json!({ "missing": "12.50" }));
        let owed = json!({ "debt": 700, "amount": 900, "excess": 200, "balance": 0, "limit": 500, "asked": 1, "credit": -5 });
        assert_eq!(
            with_decimals(owed, Some(&euro)),
            json!({
                "debt": "7.00", "amount": "9.00", "excess": "2.00", "balance": "0.00", "limit": "5.00", "asked": "0.01",
                "credit": "-0.05",
            }),
            "what somebody owes is told as money, too"
        );
        let told = json!({ "code": "c", "params": { "excess": 5 } });
        assert_eq!(
            with_decimals(told, Some(&euro)),
            json!({ "code": "c", "params": { "excess": "0.05" } }),
            "the record of a refusal tells it in the same way"
        );
        assert_eq!(with_decimals(json!({ "field": "qty" }), None), json!({ "field": "qty" }));
    }

    #[test]
    fn wrong_usage_is_told_as_a_document_too() {
        let failure = Failure::Usage("no".into());
        assert_eq!(failure.exit(), Exit::Usage);
        assert_eq!(
            failure.document(),
            json!({ "error": { "code": "usage", "params": { "message": "no" }, "retryable": false } })
        );
    }
}
