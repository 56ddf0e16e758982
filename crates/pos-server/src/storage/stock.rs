//! Balances, the ledger of movements, and shortages.

use pos_domain::stock::MovementReason;
use pos_domain::{ConflictId, DeviceId, LineId, OpId, ProductId, SaleId};

use super::feed::Place;
use super::{Row, Sql, Tx, id, integer, natural, optional_id, seal};

/// A balance, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct LevelRow {
    pub(crate) on_hand: i64,
    pub(crate) oversold: i64,
    /// 0 when the row does not exist yet.
    pub(crate) rev: u64,
}

/// One movement of the ledger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Movement {
    pub(crate) product_id: ProductId,
    pub(crate) reason: MovementReason,
    /// In thousandths; not 0.
    pub(crate) delta: i64,
    pub(crate) line_id: Option<LineId>,
}

/// A line of goods that were sold and not there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShortageRow {
    pub(crate) shortage_no: i64,
    pub(crate) conflict_id: ConflictId,
    pub(crate) line_id: LineId,
    pub(crate) product_id: ProductId,
    /// Still short, in thousandths.
    pub(crate) open: i64,
}

impl ShortageRow {
    fn read(row: Row<'_>) -> Sql<Self> {
        Ok(Self {
            shortage_no: row.get("shortage_no")?,
            conflict_id: ConflictId(id(row, "conflict_id")?),
            line_id: LineId(id(row, "line_id")?),
            product_id: ProductId(id(row, "product_id")?),
            open: row.get("open_milli")?,
        })
    }
}

/// The balance of a product, if it has one.
pub(crate) fn find_level(tx: Tx<'_>, product_id: ProductId) -> Sql<Option<LevelRow>> {
    tx.find(
        "SELECT on_hand_milli, oversold_milli, rev FROM stock_level WHERE product_id = :product_id",
        &[(":product_id", product_id.as_bytes().into())],
        |row| {
            Ok(LevelRow {
                on_hand: row.get("on_hand_milli")?,
                oversold: row.get("oversold_milli")?,
                rev: natural(row, "rev")?,
            })
        },
    )
}

/// Writes a balance at its new place, which is the end of the feed. Whether there is one already is known, and an upsert
/// would look for it once more.
pub(crate) fn save_level(tx: Tx<'_>, place: &Place, level: &LevelRow) -> Sql<()> {
    let sql = if level.rev == 0 {
        "INSERT INTO stock_level (product_id, on_hand_milli, oversold_milli, rev, seq, origin_device, origin_op, seal)
         VALUES (:product_id, :on_hand_milli, :oversold_milli, :rev, :seq, :origin_device, :origin_op, :seal)"
    } else {
        "UPDATE stock_level SET on_hand_milli = :on_hand_milli, oversold_milli = :oversold_milli, rev = :rev, seq = :seq,
             origin_device = :origin_device, origin_op = :origin_op, seal = :seal
         WHERE product_id = :product_id"
    };
    tx.write_sealed(
        sql,
        seal::LEVEL,
        &[
            (":product_id", place.id.as_bytes().into()),
            (":on_hand_milli", level.on_hand.into()),
            (":oversold_milli", level.oversold.into()),
            (":rev", integer(place.rev)?.into()),
            (":seq", integer(place.seq)?.into()),
            (":origin_device", place.origin_device.as_ref().map(DeviceId::as_bytes).into()),
            (":origin_op", place.origin_op.as_ref().map(OpId::as_bytes).into()),
        ],
    )
}

/// Appends a movement; `ordinal` counts the movements of one operation from 0.
pub(crate) fn append_movement(
    tx: Tx<'_>,
    op_id: OpId,
    ordinal: u32,
    movement: &Movement,
    at_ms: i64,
) -> Sql<()> {
    let row = [
        (":op_id", op_id.as_bytes().into()),
        (":ordinal", ordinal.into()),
        (":product_id", movement.product_id.as_bytes().into()),
        (":reason", movement.reason.as_str().into()),
        (":delta_milli", movement.delta.into()),
        (":line_id", movement.line_id.as_ref().map(LineId::as_bytes).into()),
        (":at_ms", at_ms.into()),
    ];
    tx.write_sealed(
        "INSERT INTO stock_movement (op_id, ordinal, product_id, reason, delta_milli, line_id, at_ms, seal)
         VALUES (:op_id, :ordinal, :product_id, :reason, :delta_milli, :line_id, :at_ms, :seal)",
        seal::MOVEMENT,
        &row,
    )
}

/// The movements of an operation as `(product, line, thousandths)`, in order.
pub(crate) fn list_movements(tx: Tx<'_>, op_id: OpId) -> Sql<Vec<(ProductId, Option<LineId>, i64)>> {
    tx.list(
        "SELECT product_id, line_id, delta_milli FROM stock_movement WHERE op_id = :op_id ORDER BY ordinal",
        &[(":op_id", op_id.as_bytes().into())],
        |row| {
            let line_id = optional_id(row, "line_id")?.map(LineId);
            Ok((ProductId(id(row, "product_id")?), line_id, row.get("delta_milli")?))
        },
    )
}

/// The first free ordinal of an operation's movements.
pub(crate) fn next_ordinal(tx: Tx<'_>, op_id: OpId) -> Sql<u32> {
    tx.get(
        "SELECT coalesce(max(ordinal) + 1, 0) AS ordinal FROM stock_movement WHERE op_id = :op_id",
        &[(":op_id", op_id.as_bytes().into())],
        |row| row.get("ordinal"),
    )
}

/// Opens a shortage.
pub(crate) fn insert_shortage(
    tx: Tx<'_>,
    conflict_id: ConflictId,
    line_id: LineId,
    product_id: ProductId,
    sale_id: Option<SaleId>,
    missing: i64,
) -> Sql<()> {
    tx.write(
        "INSERT INTO shortage (conflict_id, line_id, product_id, sale_id, missing_milli, open_milli)
         VALUES (:conflict_id, :line_id, :product_id, :sale_id, :missing, :missing)",
        &[
            (":conflict_id", conflict_id.as_bytes().into()),
            (":line_id", line_id.as_bytes().into()),
            (":product_id", product_id.as_bytes().into()),
            (":sale_id", sale_id.as_ref().map(SaleId::as_bytes).into()),
            (":missing", missing.into()),
        ],
    )
}

const SHORTAGE: &str = "SELECT shortage_no, conflict_id, line_id, product_id, open_milli FROM shortage";

/// Open shortages of a product, oldest first; only those of `sale_id` when one is given.
pub(crate) fn list_open_shortages(
    tx: Tx<'_>,
    product_id: ProductId,
    sale_id: Option<SaleId>,
) -> Sql<Vec<ShortageRow>> {
    let product = (":product_id", product_id.as_bytes().into());
    let Some(sale_id) = sale_id else {
        let sql =
            format!("{SHORTAGE} WHERE product_id = :product_id AND open_milli > 0 ORDER BY shortage_no");
        return tx.list(&sql, &[product], ShortageRow::read);
    };
    let sql = format!(
        "{SHORTAGE} WHERE product_id = :product_id AND open_milli > 0 AND sale_id = :sale_id ORDER BY shortage_no"
    );
    tx.list(&sql, &[product, (":sale_id", sale_id.as_bytes().into())], ShortageRow::read)
}

/// The shortages of a conflict, settled or not.
pub(crate) fn list_shortages(tx: Tx<'_>, conflict_id: ConflictId) -> Sql<Vec<ShortageRow>> {
    tx.list(
        &format!("{SHORTAGE} WHERE conflict_id = :conflict_id ORDER BY shortage_no"),
        &[(":conflict_id", conflict_id.as_bytes().into())],
        ShortageRow::read,
    )
}

/// Says how much of a shortage is still open, in thousandths.
pub(crate) fn set_open(tx: Tx<'_>, shortage_no: i64, open: i64) -> Sql<()> {
    tx.write(
        "UPDATE shortage SET open_milli = :open WHERE shortage_no = :shortage_no",
        &[(":open", open.into()), (":shortage_no", shortage_no.into())],
    )
}
