//! A sale of any register by its printed number, with what came back of it.

use std::collections::HashMap;

use pos_domain::body::EntityKind;
use pos_domain::{Money, ProductId, Quantity, SaleDocument, SaleKind};
use pos_protocol::{ApiError, Returned, SaleAnswer, SaleFound, is_printed_number};
use pos_sqlite::ReadLane;

use super::DeviceSession;
use crate::storage::{Sql, Tx, identity, sale, unreadable};

impl DeviceSession {
    pub(super) async fn look_up(&self, number: String) -> Result<SaleAnswer, ApiError> {
        if !is_printed_number(&number) {
            return Ok(SaleAnswer::NotHere);
        }
        self.read(ReadLane::Quick, move |tx, _| {
            let Some(document) = sale::find_by_number(tx, &number)? else { return Ok(SaleAnswer::NotHere) };
            let later: Vec<_> = sale::list_refunds(tx, document.head.sale_id)?
                .into_iter()
                .map(|(_, document)| document)
                .collect();
            let voided = later.iter().any(|document| document.head.kind == SaleKind::Void);
            let returned = returned(tx, &document, &later)?;
            let number = number.clone();
            Ok(SaleAnswer::Found(Box::new(SaleFound { number, document, returned, voided })))
        })
        .await
    }
}

/// What came back, by product as the sale names it: a refund may know the product by another id.
fn returned(tx: Tx<'_>, sold: &SaleDocument, later: &[SaleDocument]) -> Sql<Vec<Returned>> {
    let known_as = |id: ProductId| -> Sql<ProductId> {
        Ok(identity::find_alias(tx, EntityKind::Product, id.0)?.map_or(id, ProductId))
    };
    let mut places: HashMap<ProductId, usize> = HashMap::new();
    let mut sums: Vec<(ProductId, i64, Money)> = Vec::new();
    for line in &sold.lines {
        let product = known_as(line.item.product_id)?;
        places.entry(product).or_insert_with(|| {
            sums.push((line.item.product_id, 0, Money::ZERO));
            sums.len() - 1
        });
    }
    for line in later.iter().flat_map(|document| &document.lines) {
        if !line.item.qty.is_negative() || line.item.trade_in {
            continue;
        }
        let place = places.get(&known_as(line.item.product_id)?).and_then(|place| sums.get_mut(*place));
        if let Some((_, milli, paid)) = place {
            *milli = milli.saturating_sub(line.item.stock_qty().milli());
            *paid = paid.minus(line.amounts.gross).map_err(unreadable)?;
        }
    }
    let came_back = sums.into_iter().filter(|(_, milli, _)| *milli != 0);
    came_back
        .map(|(product_id, milli, paid)| {
            Ok(Returned { product_id, qty: Quantity::from_milli(milli).map_err(unreadable)?, paid })
        })
        .collect()
}
