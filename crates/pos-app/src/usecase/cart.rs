//! The open cart: scanning, changing and taking back. Every change is on the disk before the window shows it, so a power
//! cut brings the cart back.

use std::collections::HashMap;
use std::path::Path;

use pos_domain::cart::{LineTerms, price};
use pos_domain::stock::{OfflineAnswer, offline_answer};
use pos_domain::tender::payable;
use pos_domain::{
    ApprovalId, Cart, CustomerId, Discount, LineId, Permission, ProductId, Quantity, TenderKind,
};
use pos_store::carts::SavedCart;
use pos_store::queue::Lane;
use pos_store::{Conn, Tx, carts, customers, held_carts, products, settings, stock};

use super::accounts::standing;
use super::approvals::authorise_change;
use super::holding;
use super::scanning;
use super::serials;
use crate::app::App;
use crate::cart_edit::{self, LineChange};
use crate::cash::quick_amounts;
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::outcome::{Outcome, Topic};
use crate::room;
use crate::view::{CartLineView, CartView, LineNotice, ShownStock};

impl App {
    /// `cart.get`
    pub async fn cart(&self) -> Result<Outcome<CartView>, AppError> {
        let blank = cart_edit::empty(self.new_id());
        let online = self.is_online();
        let view = self
            .read(move |conn| {
                let saved = carts::find_open(conn)?.unwrap_or_else(|| fresh(blank, 0));
                cart_view(conn, &saved, online)
            })
            .await?;
        Ok(Outcome::read(view))
    }

    /// `cart.scan`: a barcode or code, perhaps with a quantity in front.
    pub async fn scan(&self, text: &str) -> Result<Outcome<CartView>, AppError> {
        let (qty, code) = cart_edit::split_scan(text);
        if code.is_empty() {
            return Err(AppError::input("code", "empty"));
        }
        let (code, line_id, dir) = (code.to_owned(), self.new_id(), self.dir().to_owned());
        self.change_cart(move |tx, cart| {
            check_room(cart, &dir)?;
            match scanning::read_code(tx, &code) {
                Ok(scanned) => {
                    let qty = scanning::so_many(qty, &scanned)?;
                    cart_edit::add_goods(cart, scanned.goods(), qty, None, line_id)
                }
                // No code of the catalogue: perhaps the number that one thing bears.
                Err(e) if e.code == ErrorCode::ProductNotFound => {
                    if serials::ring_up_borne(tx, cart, &code, line_id)? { Ok(()) } else { Err(e) }
                }
                Err(e) => Err(e),
            }
        })
        .await
    }

    /// `cart.add`
    pub async fn add_product(
        &self,
        product_id: ProductId,
        qty: Quantity,
    ) -> Result<Outcome<CartView>, AppError> {
        let (line_id, dir) = (self.new_id(), self.dir().to_owned());
        self.change_cart(move |tx, cart| {
            check_room(cart, &dir)?;
            let product = super::catalogue::by_id(tx, product_id)?;
            cart_edit::add(cart, &product, qty, line_id)
        })
        .await
    }

    /// `cart.set_line`
    pub async fn set_line(
        &self,
        line_id: LineId,
        qty: Option<Quantity>,
        discount: Option<Discount>,
        clear_discount: bool,
        approval_id: Option<ApprovalId>,
    ) -> Result<Outcome<CartView>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        self.change_cart(move |tx, cart| {
            let changed = if clear_discount { Some(None) } else { discount.map(Some) };
            cart_edit::set_line(cart, line_id, LineChange { qty, discount: changed })?;
            if changed.flatten().is_none() {
                return Ok(());
            }
            authorise_change(tx, &stamp, cart, (Permission::Discount, Some(line_id)), approval_id)
        })
        .await
    }

    /// `cart.set_discount`
    pub async fn set_cart_discount(
        &self,
        discount: Option<Discount>,
        approval_id: Option<ApprovalId>,
    ) -> Result<Outcome<CartView>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        self.change_cart(move |tx, cart| {
            cart.discount = discount;
            if discount.is_none() {
                return Ok(());
            }
            authorise_change(tx, &stamp, cart, (Permission::Discount, None), approval_id)
        })
        .await
    }

    /// `cart.set_customer`
    pub async fn set_cart_customer(
        &self,
        customer_id: Option<CustomerId>,
    ) -> Result<Outcome<CartView>, AppError> {
        self.change_cart(move |tx, cart| {
            if let Some(id) = customer_id {
                customers::find(tx, id)?.ok_or_else(|| AppError::new(ErrorCode::CustomerNotFound))?;
            }
            cart.customer_id = customer_id;
            Ok(())
        })
        .await
    }

    /// `cart.set_note`
    pub async fn set_cart_note(&self, note: Option<String>) -> Result<Outcome<CartView>, AppError> {
        self.change_cart(move |_, cart| {
            cart.note = cart_edit::remark(note)?;
            Ok(())
        })
        .await
    }

    /// `cart.clear`
    pub async fn clear_cart(&self) -> Result<Outcome<CartView>, AppError> {
        self.change_cart(|_, cart| {
            *cart = cart_edit::empty(cart.cart_id);
            Ok(())
        })
        .await
    }

    /// `cart.undo`: takes the last change back. When that was putting a cart aside, the cart is taken again.
    pub async fn undo_cart(&self) -> Result<Outcome<CartView>, AppError> {
        let (stamp, online) = (self.stamp(Lane::Edit), self.is_online());
        let view = self
            .write(move |tx| {
                let nothing = || AppError::new(ErrorCode::CartNothingToUndo);
                let mut saved = carts::find_open(tx)?.ok_or_else(nothing)?;
                let before = saved.undo.pop().ok_or_else(nothing)?;
                if before.cart_id != saved.cart.cart_id {
                    saved.recalled_from = Some(holding::take_back(tx, &stamp, before.cart_id)?);
                    carts::remove(tx, saved.cart.cart_id)?;
                }
                saved.cart = before;
                saved.updated_at_ms = stamp.now_ms;
                carts::save(tx, &saved)?;
                cart_view(tx, &saved, online)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(view, &[Topic::Cart, Topic::Sync]))
    }

    /// Changes the open cart in one transaction, remembers what was before, and answers the cart as it then is. A cart
    /// that would have no price is refused, so that what is saved can always be shown.
    pub(super) async fn change_cart<F>(&self, change: F) -> Result<Outcome<CartView>, AppError>
    where
        F: FnOnce(&Tx<'_>, &mut Cart) -> Result<(), AppError> + Send + 'static,
    {
        let (now_ms, online, blank) = (self.now_ms(), self.is_online(), cart_edit::empty(self.new_id()));
        let view = self
            .write(move |tx| {
                let mut saved = carts::find_open(tx)?.unwrap_or_else(|| fresh(blank, now_ms));
                let before = saved.cart.clone();
                change(tx, &mut saved.cart)?;
                if saved.cart != before {
                    cart_edit::remember(&mut saved.undo, before);
                    if cart_edit::is_blank(&saved.cart) {
                        // What is rung up next is somebody else's.
                        (saved.recalled_from, saved.taken_elsewhere) = (None, false);
                    }
                    saved.updated_at_ms = now_ms;
                    carts::save(tx, &saved)?;
                }
                cart_view(tx, &saved, online)
            })
            .await?;
        Ok(Outcome::changed(view, &[Topic::Cart]))
    }
}

/// A cart that nothing happened to yet.
pub(super) fn fresh(cart: Cart, now_ms: i64) -> SavedCart {
    SavedCart { cart, recalled_from: None, taken_elsewhere: false, undo: Vec::new(), updated_at_ms: now_ms }
}

/// The cart with its amounts and what the cashier should know of each line.
pub(crate) fn cart_view(conn: &Conn, saved: &SavedCart, online: bool) -> Result<CartView, AppError> {
    let cart = &saved.cart;
    let settings = settings::load(conn)?;
    let terms: Vec<LineTerms> = cart.lines.iter().map(LineTerms::from).collect();
    let priced = price(settings.rules, &terms, cart.discount)?;
    let due = |kind| {
        payable(priced.gross, settings.cash_rounding, kind).map_err(|e| AppError::input("cash_rounding", e))
    };
    let (payable_cash, payable_other) = (due(TenderKind::Cash)?, due(TenderKind::Card)?);
    let customer = cart.customer_id.map(|id| customers::find(conn, id)).transpose()?.flatten().map(|c| c.row);
    let asked = asked_by_product(cart)?;
    let mut lines = Vec::with_capacity(cart.lines.len());
    for (line, amounts) in cart.lines.iter().zip(&priced.lines) {
        let product = products::find(conn, line.product_id)?.map(|p| p.row);
        let shown = if line.track_stock { Some(shown_stock(conn, line.product_id)?) } else { None };
        let asked = asked.get(&line.product_id).copied().unwrap_or(line.stock_qty());
        let tracking = product.as_ref().map(|p| p.tracking).unwrap_or_default();
        let missing_serials = u32::try_from(serials::missing(line, tracking)).unwrap_or(u32::MAX);
        let twice = serials::find_clash(conn, line)?.map(|last| LineNotice::SerialTwice { last });
        let notice = shown.zip(product.as_ref()).and_then(|(stock, product)| {
            match offline_answer(product.offline_policy, stock.shown, asked) {
                OfflineAnswer::Refuse if !online => {
                    Some(LineNotice::BlockedOffline { available: stock.shown })
                }
                _ if asked > stock.shown => Some(LineNotice::BelowStock { available: stock.shown }),
                OfflineAnswer::Sell | OfflineAnswer::SellWithNotice | OfflineAnswer::Refuse => None,
            }
        });
        let sizes = product.as_ref().map(scanning::sizes_of).unwrap_or_default();
        let picture = product.and_then(|p| p.picture);
        let (item, amounts, notice) = (line.clone(), *amounts, twice.or(notice));
        lines.push(CartLineView {
            item,
            amounts,
            picture,
            stock: shown,
            notice,
            tracking,
            missing_serials,
            sizes,
        });
    }
    Ok(CartView {
        cart_id: cart.cart_id,
        pieces: pieces(cart),
        lines,
        discount: cart.discount,
        customer_id: cart.customer_id.map(|id| id.to_string()),
        standing: customer.as_ref().map(|c| standing(conn, c, &settings)).transpose()?,
        customer: customer.map(|c| c.name),
        note: cart.note.clone(),
        discount_total: priced.discount,
        net: priced.net,
        tax: priced.tax,
        taxes: priced.taxes,
        total: priced.gross,
        payable_cash,
        payable_other,
        quick_cash: quick_amounts(payable_cash, &settings),
        can_undo: !saved.undo.is_empty(),
        held: u32::try_from(held_carts::count(conn)?).unwrap_or(u32::MAX),
        taken_elsewhere: saved.taken_elsewhere,
    })
}

/// The stock of a counted product as this register shows it.
pub(crate) fn shown_stock(conn: &Conn, product_id: ProductId) -> Result<ShownStock, AppError> {
    let s = stock::shown(conn, product_id)?;
    Ok(ShownStock { server: s.server, pending: s.pending, shown: s.shown, oversold: s.oversold })
}

/// How much of each product all lines of a cart ask together.
pub(crate) fn asked_by_product(cart: &Cart) -> Result<HashMap<ProductId, Quantity>, AppError> {
    let mut asked: HashMap<ProductId, Quantity> = HashMap::with_capacity(cart.lines.len());
    for line in &cart.lines {
        let sum = asked.entry(line.product_id).or_default();
        *sum = sum.plus(line.stock_qty()).map_err(decimal("qty"))?;
    }
    Ok(asked)
}

fn pieces(cart: &Cart) -> u32 {
    let of = |qty: Quantity| {
        if qty.milli() % 1000 == 0 { u32::try_from(qty.milli() / 1000).unwrap_or(1) } else { 1 }
    };
    cart.lines.iter().fold(0, |sum: u32, l| sum.saturating_add(of(l.qty)))
}

/// A new cart is refused on a disk that might not hold its sale; one that was begun is sold.
fn check_room(cart: &Cart, dir: &Path) -> Result<(), AppError> {
    if cart.lines.is_empty() { room::check_for_cart(dir) } else { Ok(()) }
}
