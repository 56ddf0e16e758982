//! Sale documents by id. Their text is the body of their operation.

use pos_domain::document::OriginalSale;
use pos_domain::{CustomerId, DeviceId, DocumentId, Hash32, OpId, SaleDocument, SaleId};

use super::{Row, Sql, Tx, hash, id, json, natural};

/// What became of a document on the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SaleState {
    /// Counts.
    Applied,
    /// Refused for good; kept as evidence for the register's chain.
    Rejected,
    /// Taken back by the register before it was final.
    Withdrawn,
}

impl SaleState {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// Where a document came from, for the chain.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) device_id: DeviceId,
    pub(crate) kind: String,
    pub(crate) document_hash: Hash32,
    /// Rows of the feed that bear its number once that is known.
    pub(crate) numbered_rows: u64,
}

/// How a document was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inserted {
    /// Not at all: ids of sales are unique for ever, and this one is taken.
    Taken,
    /// Before any document that gives it back.
    First,
    /// After a document that gives it back.
    AfterItsRefund,
}

/// Keeps a document.
pub(crate) fn insert(tx: Tx<'_>, op_id: OpId, document: &SaleDocument, state: SaleState) -> Sql<Inserted> {
    let head = &document.head;
    let original = find_original(tx, document)?;
    let customer = document.customer.as_ref().map(|customer| customer.customer_id);
    let refunded = tx.find(
        include_str!("sale_insert.sql"),
        &[
            (":sale_id", head.sale_id.as_bytes().into()),
            (":op_id", op_id.as_bytes().into()),
            (":device_id", head.device_id.as_bytes().into()),
            (":state", state.as_str().into()),
            (":kind", head.kind.as_str().into()),
            (":currency", head.currency.code().into()),
            (":currency_digits", head.currency.exponent().into()),
            (":net", document.net.minor().into()),
            (":tax", document.tax.minor().into()),
            (":total", document.total.minor().into()),
            (":sold_at_ms", head.sold_at_ms.into()),
            (":original_sale_id", original.as_ref().map(SaleId::as_bytes).into()),
            (":customer_id", customer.as_ref().map(CustomerId::as_bytes).into()),
            (":numbered_rows", numbered_rows(document).into()),
        ],
        |row| row.get::<bool>("refunded"),
    )?;
    Ok(match refunded {
        None => Inserted::Taken,
        Some(false) => Inserted::First,
        Some(true) => Inserted::AfterItsRefund,
    })
}

/// The sale that a refund, void or exchange names. One that was typed in by hand has only the printed number.
pub(crate) fn find_original(tx: Tx<'_>, document: &SaleDocument) -> Sql<Option<SaleId>> {
    match document.head.original.as_ref() {
        None => Ok(None),
        Some(OriginalSale { sale_id: Some(id), .. }) => Ok(Some(*id)),
        Some(OriginalSale { sale_id: None, number }) => {
            let named = number.as_deref().map_or(Ok(None), |number| find_by_number(tx, number))?;
            Ok(named.map(|sale| sale.head.sale_id))
        }
    }
}

/// How many entries and events bear the document's number, once it is known.
pub(crate) fn numbered_rows(document: &SaleDocument) -> i64 {
    let on_account = document.customer.is_some() && document.tenders.iter().any(|t| t.kind.is_on_account());
    let serials: usize = document.lines.iter().map(|line| line.item.serials.len()).sum();
    i64::try_from(serials).unwrap_or(i64::MAX).saturating_add(i64::from(on_account))
}

/// Says what became of a document.
pub(crate) fn set_state(tx: Tx<'_>, op_id: OpId, sale_id: SaleId, state: SaleState) -> Sql<()> {
    tx.write(
        "UPDATE sale SET state = :state WHERE sale_id = :sale_id AND op_id = :op_id",
        &[
            (":state", state.as_str().into()),
            (":sale_id", sale_id.as_bytes().into()),
            (":op_id", op_id.as_bytes().into()),
        ],
    )
}

/// Where a document of any kind came from.
pub(crate) fn find_origin(tx: Tx<'_>, document_id: DocumentId) -> Sql<Option<Origin>> {
    let key = [(":document_id", document_id.as_bytes().into())];
    let read = |row: Row<'_>| {
        Ok(Origin {
            device_id: DeviceId(id(row, "device_id")?),
            kind: row.get("kind")?,
            document_hash: hash(row, "body_hash")?,
            numbered_rows: natural(row, "numbered_rows")?,
        })
    };
    let sale = tx.find(
        "SELECT sale.device_id, sale.kind, numbered_rows, operation.body_hash
         FROM sale JOIN operation ON operation.op_id = sale.op_id WHERE sale.sale_id = :document_id",
        &key,
        read,
    )?;
    if sale.is_some() {
        return Ok(sale);
    }
    tx.find(
        "SELECT till_document.device_id, till_document.kind, operation.body_hash,
            CASE till_document.kind WHEN 'account_payment' THEN CAST(1 AS BIGINT) ELSE CAST(0 AS BIGINT) END
                AS numbered_rows
         FROM till_document JOIN operation ON operation.op_id = till_document.op_id
         WHERE till_document.document_id = :document_id",
        &key,
        read,
    )
}

/// A document that counts.
pub(crate) fn find_applied(tx: Tx<'_>, sale_id: SaleId) -> Sql<Option<SaleDocument>> {
    tx.find(
        "SELECT operation.body FROM sale JOIN operation ON operation.op_id = sale.op_id
         WHERE sale.sale_id = :sale_id AND sale.state = 'applied'",
        &[(":sale_id", sale_id.as_bytes().into())],
        |row| json(row, "body"),
    )
}

/// A document that counts, by the number that it has in its register's chain: `R1-000042`, of a later life `R1.2-000003`.
pub(crate) fn find_by_number(tx: Tx<'_>, printed: &str) -> Sql<Option<SaleDocument>> {
    let Some((series, number)) = printed.rsplit_once('-') else { return Ok(None) };
    let life = series.rsplit_once('.').and_then(|(base, epoch)| Some((base, epoch.parse::<u32>().ok()?)));
    let (base, epoch) = life.unwrap_or((series, 1));
    let Ok(number) = number.parse::<u64>().map_err(drop).and_then(|n| i64::try_from(n).map_err(drop)) else {
        return Ok(None);
    };
    let found = tx.find(
        "SELECT operation.body, chain_record.series AS series FROM device
         JOIN chain_record ON chain_record.device_id = device.device_id
         JOIN sale ON sale.sale_id = chain_record.document_id
         JOIN operation ON operation.op_id = sale.op_id
         WHERE device.series = :base AND chain_record.epoch = :epoch AND chain_record.number = :number
            AND sale.state = 'applied'",
        &[(":base", base.into()), (":epoch", epoch.into()), (":number", number.into())],
        |row| Ok((row.get::<String>("series")?, json(row, "body")?)),
    )?;
    // A series as it is printed, not one that merely leads to the same life.
    Ok(found.filter(|(written, _)| written == series).map(|(_, document)| document))
}

/// The refunds of a sale that count, in the order in which the server took them, each with its operation.
pub(crate) fn list_refunds(tx: Tx<'_>, original: SaleId) -> Sql<Vec<(OpId, SaleDocument)>> {
    tx.list(
        "SELECT operation.op_id, operation.body FROM sale JOIN operation ON operation.op_id = sale.op_id
         WHERE sale.original_sale_id = :original AND sale.state = 'applied' ORDER BY operation.op_no",
        &[(":original", original.as_bytes().into())],
        |row| Ok((OpId(id(row, "op_id")?), json(row, "body")?)),
    )
}

/// Whether any document was ever taken: then the currency is fixed.
pub(crate) fn any(tx: Tx<'_>) -> Sql<bool> {
    tx.get("SELECT EXISTS (SELECT 1 FROM sale) AS found", &[], |row| row.get("found"))
}
