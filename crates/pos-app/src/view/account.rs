//! Customers' accounts as shown: balances, statements, debtors, payments.

use pos_domain::account::Ageing;
use pos_domain::document::DocumentKind;
use pos_domain::{Customer, DocumentId, Money, Tender};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::sale::SaleSync;

/// How a customer stands, as far as this register knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
pub struct AccountStanding {
    /// What the customer owes; below zero the shop owes the customer.
    pub balance: Money,
    /// What is owed; zero when the shop owes.
    pub debt: Money,
    /// What the shop owes; zero when the customer owes.
    pub credit: Money,
    /// The most that may be owed: the customer's own limit, or the shop's.
    pub limit: Money,
    /// What can still be sold on account.
    pub available: Money,
}

/// One document in an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct StatementEntry {
    /// Which document.
    pub document_id: DocumentId,
    /// Its kind.
    pub kind: DocumentKind,
    /// Printed number, once it is known here.
    pub number: Option<String>,
    /// Name of the register that made it.
    pub register: String,
    /// When it was made.
    pub at_ms: i64,
    /// Added to what is owed; negative for payments.
    pub amount: Money,
    /// What is owed after it.
    pub balance: Money,
}

/// An account over a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct Statement {
    /// Whose.
    pub customer: Customer,
    /// How the customer stands now, whatever the time of the statement.
    pub standing: AccountStanding,
    /// First day, `YYYY-MM-DD`; none for the beginning.
    pub from: Option<String>,
    /// Last day, `YYYY-MM-DD`; none for now.
    pub to: Option<String>,
    /// What was owed before the first day.
    pub opening: Money,
    /// Documents of these days, oldest first.
    pub entries: Vec<StatementEntry>,
    /// Sum of what was added.
    pub charged: Money,
    /// Sum of what was taken off, as a positive amount.
    pub paid: Money,
    /// What was owed after the last day.
    pub closing: Money,
    /// What is owed now, by age.
    pub ageing: Ageing,
}

/// What debtors are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum AccountOrder {
    /// The largest debt first.
    Amount,
    /// The longest open debt first.
    Age,
}

/// A customer whose account is not even.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct OpenAccount {
    /// Who.
    pub customer: Customer,
    /// How the customer stands.
    pub standing: AccountStanding,
    /// The debt by age.
    pub ageing: Ageing,
    /// When the oldest document was made that is not paid; none when nothing is owed.
    pub oldest_at_ms: Option<i64>,
}

/// All accounts that are not even, with their sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct OpenAccounts {
    /// Debtors in the wanted order, then those whom the shop owes.
    pub accounts: Vec<OpenAccount>,
    /// How many owe something, whatever the length of the list.
    pub debtors: u32,
    /// Sum of all debts.
    pub debt: Money,
    /// Sum of what the shop owes customers.
    pub credit: Money,
    /// All debts by age.
    pub ageing: Ageing,
}

/// What happens to money that is more than what is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum BeyondDebt {
    /// It is refused, so that somebody can ask the customer.
    Refuse,
    /// The shop owes it to the customer.
    StoreCredit,
}

/// A payment on account: durable on this machine, with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct AccountPaid {
    /// Which document.
    pub document_id: DocumentId,
    /// Printed number.
    pub number: String,
    /// Whose account.
    pub customer: Customer,
    /// What the account was credited with.
    pub amount: Money,
    /// How it was paid.
    pub tenders: Vec<Tender>,
    /// Cash given back.
    pub change: Money,
    /// How the customer stands now.
    pub standing: AccountStanding,
    /// Whether the server already knows it.
    pub sync: SaleSync,
}

/// What a deletion did to a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CustomerFate {
    /// Nothing named the customer: the row is gone.
    Deleted,
    /// Documents name the customer: name, telephone and note are gone, documents stay as printed.
    Anonymised,
}
