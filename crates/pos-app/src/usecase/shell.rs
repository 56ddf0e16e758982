//! Selling in one step, for the shell and scripts: the same checkout, beside the cart on the counter.

use pos_domain::{Money, Permission, Quantity, RequestId, Tender};
use pos_store::settings;

use super::checkout::{Order, in_doubt};
use super::scanning;
use super::serials;
use crate::app::App;
use crate::cart_edit;
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::outcome::Outcome;
use crate::quote::parse_tender_kind;
use crate::room;
use crate::view::SaleCompleted;

/// Code, quantity and unit price of a line, the last two as decimal strings.
pub(crate) type LineText = (String, Option<String>, Option<String>);
/// Kind, amount as a decimal string, and reference of a tender.
pub(crate) type TenderText = (String, String, Option<String>);

impl App {
    /// `sale.sell`. Another price than the catalogue's needs a person who may give one.
    pub async fn sell_lines(
        &self,
        request_id: RequestId,
        lines: Vec<LineText>,
        customer: Option<String>,
        tenders: Vec<TenderText>,
    ) -> Result<Outcome<SaleCompleted>, AppError> {
        let _one_at_a_time = self.inner.checkout.lock().await;
        self.recover_checkouts().await.map_err(in_doubt)?;
        if let Some(done) = self.find_done(request_id).await? {
            return self.completed(done, Vec::new()).await;
        }
        room::check_for_cart(self.dir())?;
        let (ids, cart_id) = (self.inner.ids.clone(), self.new_id());
        let (cart, tenders) = self
            .read(move |conn| {
                let currency = settings::load(conn)?.currency;
                let mut cart = cart_edit::empty(cart_id);
                let buyer = customer.map(|text| super::customers::find_one(conn, text.trim())).transpose()?;
                cart.customer_id = buyer.map(|buyer| buyer.customer_id);
                for (code, qty, unit_price) in lines {
                    let scanned = match scanning::read_code(conn, &code) {
                        Err(e)
                            if e.code == ErrorCode::ProductNotFound
                                && qty.is_none()
                                && unit_price.is_none() =>
                        {
                            if serials::ring_up_borne(conn, &mut cart, &code, ids.next())? {
                                continue;
                            }
                            return Err(e);
                        }
                        found => found?,
                    };
                    let qty =
                        qty.map_or(Ok(Quantity::ONE), |q| Quantity::parse(&q)).map_err(decimal("qty"))?;
                    let price = unit_price.map(|p| Money::parse(&p, currency)).transpose();
                    let price = price.map_err(decimal("unit_price"))?;
                    let qty = scanning::so_many(qty, &scanned)?;
                    cart_edit::add_goods(&mut cart, scanned.goods(), qty, price, ids.next())?;
                }
                let tenders = tenders.into_iter().map(|(kind, amount, reference)| {
                    let amount = Money::parse(&amount, currency).map_err(decimal("tender"))?;
                    Ok(Tender { kind: parse_tender_kind(&kind)?, amount, reference })
                });
                Ok((cart, tenders.collect::<Result<Vec<_>, AppError>>()?))
            })
            .await?;
        if cart.lines.iter().any(|line| line.unit_price != line.catalogue_price) {
            self.check_permission(Permission::OverridePrice).await?;
        }
        self.sell(Order { request_id, cart, tenders, from_counter: false, back: None }).await
    }
}
