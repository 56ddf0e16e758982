//! The words of receipts in French and English. One match arm holds both, so neither can be missing.

use crate::format::Language;

/// Something that a receipt says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Word {
    SaleTitle,
    RefundTitle,
    VoidTitle,
    Duplicate,
    Number,
    Date,
    Register,
    Cashier,
    Customer,
    OriginalReceipt,
    Swap,
    TradeIn,
    Serial,
    PackOf,
    ExternalNumber,
    DocumentDate,
    Subtotal,
    Discount,
    TotalWithoutTax,
    Tax,
    IncludedTax,
    TaxOn,
    Total,
    RefundTotal,
    Rounding,
    ToPay,
    ToRefund,
    Cash,
    Mobile,
    Card,
    Account,
    StoreCredit,
    Change,
    CheckCode,
}

impl Word {
    /// The word in a language.
    pub(crate) const fn in_language(self, language: Language) -> &'static str {
        let (french, english) = match self {
            Self::SaleTitle => ("TICKET DE CAISSE", "RECEIPT"),
            Self::RefundTitle => ("REMBOURSEMENT", "REFUND"),
            Self::VoidTitle => ("ANNULATION", "VOID"),
            Self::Duplicate => ("DUPLICATA", "DUPLICATE"),
            Self::Number => ("Ticket n°", "Receipt no."),
            Self::Date => ("Date", "Date"),
            Self::Register => ("Caisse", "Register"),
            Self::Cashier => ("Servi par", "Served by"),
            Self::Customer => ("Client", "Customer"),
            Self::OriginalReceipt => ("Ticket d’origine", "Original receipt"),
            Self::Swap => ("Reprise n°", "Trade-in no."),
            Self::TradeIn => ("Reprise", "Trade-in"),
            Self::Serial => ("N°", "No."),
            Self::PackOf => ("de", "of"),
            Self::ExternalNumber => ("Document n°", "Document no."),
            Self::DocumentDate => ("Date du document", "Document date"),
            Self::Subtotal => ("Sous-total", "Subtotal"),
            Self::Discount => ("Remise", "Discount"),
            Self::TotalWithoutTax => ("Total hors taxe", "Total before tax"),
            Self::Tax => ("TVA", "Tax"),
            Self::IncludedTax => ("dont TVA", "including tax"),
            Self::TaxOn => ("sur", "on"),
            Self::Total => ("TOTAL", "TOTAL"),
            Self::RefundTotal => ("TOTAL REMBOURSÉ", "TOTAL REFUND"),
            Self::Rounding => ("Arrondi", "Rounding"),
            Self::ToPay => ("À PAYER", "TO PAY"),
            Self::ToRefund => ("À RENDRE", "TO GIVE BACK"),
            Self::Cash => ("Espèces", "Cash"),
            Self::Mobile => ("Mobile money", "Mobile money"),
            Self::Card => ("Carte", "Card"),
            Self::Account => ("Sur le compte", "On account"),
            Self::StoreCredit => ("Avoir", "Store credit"),
            Self::Change => ("Rendu", "Change"),
            Self::CheckCode => ("Contrôle", "Check code"),
        };
        match language {
            Language::French => french,
            Language::English => english,
        }
    }
}
