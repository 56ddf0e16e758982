//! The open cart: scanning, changing, taking back, holding and recalling. Every change is on the disk before the
//! window shows it, so a power cut brings the cart back.

use std::collections::HashMap;
use std::path::Path;

use pos_domain::cart::{LineTerms, price};
use pos_domain::stock::{OfflineAnswer, offline_answer};
use pos_domain::tender::payable;
use pos_domain::{
    ApprovalId, Cart, CartId, CustomerId, Discount, LineId, Permission, ProductId, Quantity, TenderKind,
};
use pos_store::carts::{CartPlace, SavedCart};
use pos_store::queue::Lane;
use pos_store::{Conn, Tx, carts, customers, products, settings, stock};

use super::accounts::standing;
use super::approvals::authorise_change;
use crate::app::App;
use crate::cart_edit::{self, LineChange};
use crate::cash::quick_amounts;
use crate::code::ErrorCode;
use crate::error::{AppError, decimal};
use crate::outcome::{Outcome, Topic};
use crate::room;
use crate::view::{CartLineView, CartView, HeldCart, LineNotice, ShownStock};

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
            let product = super::catalogue::by_code(tx, &code)?;
            cart_edit::add(cart, &product, qty, line_id)
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
            cart.note = note.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty());
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

    /// `cart.undo`
    pub async fn undo_cart(&self) -> Result<Outcome<CartView>, AppError> {
        let (now_ms, online) = (self.now_ms(), self.is_online());
        let view = self
            .write(move |tx| {
                let nothing = || AppError::new(ErrorCode::CartNothingToUndo);
                let mut saved = carts::find_open(tx)?.ok_or_else(nothing)?;
                saved.cart = saved.undo.pop().ok_or_else(nothing)?;
                saved.updated_at_ms = now_ms;
                carts::save(tx, &saved)?;
                cart_view(tx, &saved, online)
            })
            .await?;
        Ok(Outcome::changed(view, &[Topic::Cart]))
    }

    /// `cart.hold`: puts the open cart aside and starts a new one.
    pub async fn hold_cart(&self) -> Result<Outcome<CartView>, AppError> {
        let (now_ms, online, next) = (self.now_ms(), self.is_online(), cart_edit::empty(self.new_id()));
        let view = self
            .write(move |tx| {
                let empty = || AppError::new(ErrorCode::CartEmpty);
                let mut saved =
                    carts::find_open(tx)?.filter(|s| !s.cart.lines.is_empty()).ok_or_else(empty)?;
                saved.place = CartPlace::Held(None);
                saved.updated_at_ms = now_ms;
                carts::save(tx, &saved)?;
                cart_view(tx, &fresh(next, now_ms), online)
            })
            .await?;
        Ok(Outcome::changed(view, &[Topic::Cart]))
    }

    /// `cart.held`
    pub async fn held_carts(&self) -> Result<Outcome<Vec<HeldCart>>, AppError> {
        let held = self
            .read(|conn| {
                carts::list_held(conn)?
                    .iter()
                    .map(|saved| held_view(conn, saved))
                    .collect::<Result<Vec<_>, _>>()
            })
            .await?;
        Ok(Outcome::read(held))
    }

    /// `cart.recall`: takes a cart off hold. The open cart, when it has lines, goes on hold in its place.
    pub async fn recall_cart(&self, cart_id: CartId) -> Result<Outcome<CartView>, AppError> {
        let (now_ms, online) = (self.now_ms(), self.is_online());
        let view = self
            .write(move |tx| {
                let gone = || AppError::new(ErrorCode::CartNotFound);
                let is_held = |s: &SavedCart| matches!(s.place, CartPlace::Held(_));
                let mut recalled = carts::find(tx, cart_id)?.filter(is_held).ok_or_else(gone)?;
                match carts::find_open(tx)? {
                    Some(open) if cart_edit::is_blank(&open.cart) => carts::remove(tx, open.cart.cart_id)?,
                    Some(open) => {
                        carts::save(
                            tx,
                            &SavedCart { place: CartPlace::Held(None), updated_at_ms: now_ms, ..open },
                        )?;
                    }
                    None => {}
                }
                recalled.place = CartPlace::Open;
                recalled.updated_at_ms = now_ms;
                carts::save(tx, &recalled)?;
                cart_view(tx, &recalled, online)
            })
            .await?;
        Ok(Outcome::changed(view, &[Topic::Cart]))
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
                    saved.updated_at_ms = now_ms;
                    carts::save(tx, &saved)?;
                }
                cart_view(tx, &saved, online)
            })
            .await?;
        Ok(Outcome::changed(view, &[Topic::Cart]))
    }
}

fn fresh(cart: Cart, now_ms: i64) -> SavedCart {
    SavedCart { cart, place: CartPlace::Open, undo: Vec::new(), updated_at_ms: now_ms }
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
        let asked = asked.get(&line.product_id).copied().unwrap_or(line.qty);
        let notice = shown.zip(product.as_ref()).and_then(|(stock, product)| {
            match offline_answer(product.offline_policy, stock.shown, asked) {
                OfflineAnswer::Refuse if !online => {
                    Some(LineNotice::BlockedOffline { available: stock.shown })
                }
                _ if asked > stock.shown => Some(LineNotice::BelowStock { available: stock.shown }),
                OfflineAnswer::Sell | OfflineAnswer::SellWithNotice | OfflineAnswer::Refuse => None,
            }
        });
        let picture = product.and_then(|p| p.picture);
        lines.push(CartLineView { item: line.clone(), amounts: *amounts, picture, stock: shown, notice });
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
        held: u32::try_from(carts::list_held(conn)?.len()).unwrap_or(u32::MAX),
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
        *sum = sum.plus(line.qty).map_err(decimal("qty"))?;
    }
    Ok(asked)
}

fn pieces(cart: &Cart) -> u32 {
    let of = |qty: Quantity| {
        if qty.milli() % 1000 == 0 { u32::try_from(qty.milli() / 1000).unwrap_or(1) } else { 1 }
    };
    cart.lines.iter().fold(0, |sum: u32, l| sum.saturating_add(of(l.qty)))
}

fn held_view(conn: &Conn, saved: &SavedCart) -> Result<HeldCart, AppError> {
    let cart = &saved.cart;
    let terms: Vec<LineTerms> = cart.lines.iter().map(LineTerms::from).collect();
    let priced = price(settings::load(conn)?.rules, &terms, cart.discount)?;
    let customer = cart.customer_id.map(|id| customers::find(conn, id)).transpose()?.flatten().map(|c| c.row);
    let first = cart.lines.first().map(|l| l.name.clone());
    Ok(HeldCart {
        cart_id: cart.cart_id,
        held_at_ms: saved.updated_at_ms,
        title: customer.map(|c| c.name).or(first).unwrap_or_default(),
        lines: u32::try_from(cart.lines.len()).unwrap_or(u32::MAX),
        total: priced.gross,
    })
}

/// A new cart is refused on a disk that might not hold its sale; one that was begun is sold.
fn check_room(cart: &Cart, dir: &Path) -> Result<(), AppError> {
    if cart.lines.is_empty() { room::check_for_cart(dir) } else { Ok(()) }
}
