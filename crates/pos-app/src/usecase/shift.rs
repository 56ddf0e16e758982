//! Shifts: opening the drawer, moving cash, counting and closing.
//!
//! Closing is never refused because of something unfinished: open carts stay open, unsynced operations stay queued, and
//! both are shown and stand on the Z. A checkout that waits for the server is finished first, so that no sale falls
//! between two Zs.

use pos_domain::authority::Need;
use pos_domain::shift::{DenominationCount, counted};
use pos_domain::till::{CashDirection, CashMovement, ShiftOpening};
use pos_domain::{ApprovalId, Money, Permission, RequestId, ShiftReport, TillContent};
use pos_store::backups::Cause;
use pos_store::till::{self, Period, StoredTillDocument};
use pos_store::{Conn, Tx, carts, device, held_carts, queue, settings};
use serde_json::json;

use super::approvals::{Wanted, authorise};
use super::checkout::in_doubt;
use super::printing::ask_for_page;
use super::receipts::sync_of;
use super::reports::{closing_page, perpetual_of_last};
use super::till::TillEntry;
use crate::app::{App, Counter};
use crate::cash::denominations;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};
use crate::view::{CashCount, CurrentShift, DrawerEntry, DrawerReport, DrawerState, ShiftInProgress};

/// Most entries of the drawer that are shown.
const SHOWN_ENTRIES: u32 = 100;

/// Cash as a person counted it: by notes and coins, or the sum alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// The sum alone.
    Sum(Money),
    /// By notes and coins.
    Piles(Vec<DenominationCount>),
}

/// Cash that moves without a sale, as a person tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CashMove {
    /// Which way.
    pub direction: CashDirection,
    /// How much; above zero.
    pub amount: Money,
    /// What it was spent on; one of the shop's categories when it lists any.
    pub expense: Option<String>,
    /// Why.
    pub note: Option<String>,
}

/// What a close takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// Cash in the drawer.
    pub counted: Counted,
    /// Remark of the person.
    pub note: Option<String>,
}

impl Counted {
    fn sum(self) -> Result<(Money, Vec<DenominationCount>), AppError> {
        match self {
            Self::Sum(sum) => Ok((sum, Vec::new())),
            Self::Piles(mut piles) => {
                piles.retain(|pile| pile.count > 0);
                Ok((counted(&piles)?, piles))
            }
        }
    }
}

impl App {
    /// `shift.current`: whether the drawer is open, and must be. Cheap: for every screen that sells.
    pub async fn current_shift(&self) -> Result<Outcome<CurrentShift>, AppError> {
        let current = self
            .read(|conn| {
                let required = settings::load(conn)?.shift_required;
                Ok(CurrentShift { open: till::find_open(conn)?.and_then(open_view), required })
            })
            .await?;
        Ok(Outcome::read(current))
    }

    /// `shift.state`: everything about the drawer since the last Z. Reads every document since: for the Cash screen.
    pub async fn drawer_state(&self) -> Result<Outcome<DrawerState>, AppError> {
        Ok(Outcome::read(self.report(drawer_state).await?))
    }

    /// `cash.count`: the sum of a count, and how far it is from what is expected.
    pub fn count_cash(&self, counted: Counted, expected: Money) -> Result<Outcome<CashCount>, AppError> {
        let (counted, _) = counted.sum()?;
        let too_large = |e| AppError::input("counted", "too_large").caused_by(e);
        let difference = counted.minus(expected).map_err(too_large)?;
        Ok(Outcome::read(CashCount { counted, difference }))
    }

    /// `shift.open`: opens the drawer with what was counted in it, once for each request.
    pub async fn open_shift(
        &self,
        request_id: RequestId,
        float: Counted,
        approval_id: Option<ApprovalId>,
    ) -> Result<Outcome<DrawerState>, AppError> {
        let (float, count) = float.sum()?;
        self.record_till(request_id, move |tx, counter, stamp| {
            if let Some(open) = till::find_open(tx)? {
                let params = json!({ "number": open.number, "cashier": open.document.head.cashier });
                return Err(AppError::with(ErrorCode::ShiftAlreadyOpen, params));
            }
            let approval = authorise(tx, counter, &shift_need(request_id), approval_id, stamp.now_ms)?;
            let content = TillContent::ShiftOpening(ShiftOpening { float, count });
            Ok(TillEntry { content, approvals: approval.into_iter().collect() })
        })
        .await?;
        self.drawer_changed().await
    }

    /// `cash.move`: cash into the drawer or out of it, once for each request.
    pub async fn move_cash(
        &self,
        request_id: RequestId,
        moved: CashMove,
        approval_id: Option<ApprovalId>,
    ) -> Result<Outcome<DrawerState>, AppError> {
        let movement = CashMovement {
            direction: moved.direction,
            amount: moved.amount,
            expense: words(moved.expense),
            note: words(moved.note),
        };
        let need = Need::of_amount(Permission::MoveCash, moved.amount.abs());
        self.record_till(request_id, move |tx, counter, stamp| {
            check_category(&movement, counter)?;
            let wanted = Wanted { subject: request_id.0, need };
            let approval = authorise(tx, counter, &wanted, approval_id, stamp.now_ms)?;
            let now_ms = stamp.now_ms;
            ask_for_page(tx, String::new(), Vec::new(), true, now_ms)?;
            let content = TillContent::CashMovement(movement);
            Ok(TillEntry { content, approvals: approval.into_iter().collect() })
        })
        .await?;
        self.asked_for_paper();
        self.drawer_changed().await
    }

    /// `shift.close`: closes the drawer with what was counted in it; the Z. Once for each request.
    pub async fn close_shift(
        &self,
        request_id: RequestId,
        close: Close,
        approval_id: Option<ApprovalId>,
    ) -> Result<Outcome<DrawerReport>, AppError> {
        let (counted, count) = close.counted.sum()?;
        let note = words(close.note);
        let document_id = {
            let _nobody_sells = self.inner.checkout.lock().await;
            self.recover_checkouts().await.map_err(in_doubt)?;
            self.record_till(request_id, move |tx, counter, stamp| {
                let approval = authorise(tx, counter, &shift_need(request_id), approval_id, stamp.now_ms)?;
                let report = closing_of(tx, counted, count, note)?;
                let content = TillContent::ShiftClosing(Box::new(report));
                Ok(TillEntry { content, approvals: approval.into_iter().collect() })
            })
            .await?
        };
        // A copy that cannot be made is a warning: the drawer is closed.
        self.save_before(Cause::Closing).await;
        self.print_closing_if_wanted(document_id).await?;
        let report = self.read(move |conn| closing_page(conn, document_id)).await?;
        let changed = [Topic::Till, Topic::Sync, Topic::Settings, Topic::Printing];
        Ok(Outcome::changed(report, &changed))
    }

    async fn drawer_changed(&self) -> Result<Outcome<DrawerState>, AppError> {
        let state = self.report(drawer_state).await?;
        Ok(Outcome::changed(state, &[Topic::Till, Topic::Sync, Topic::Printing]))
    }
}

/// Refuses a sale without an open drawer where the shop wants one.
pub(crate) fn check_shift_of_sale(counter: &Counter) -> Result<(), AppError> {
    if counter.shift_id.is_none() && counter.settings.shift_required {
        return Err(AppError::new(ErrorCode::ShiftNotOpen));
    }
    Ok(())
}

/// Opening and closing are asked for by the press of the button: there is no cart or document yet.
fn shift_need(request_id: RequestId) -> Wanted {
    Wanted { subject: request_id.0, need: Need::of(Permission::OperateShift) }
}

/// An expense belongs to one of the shop's categories, when it lists any.
fn check_category(movement: &CashMovement, counter: &Counter) -> Result<(), AppError> {
    let known = &counter.settings.expense_categories;
    match &movement.expense {
        Some(expense) if !known.is_empty() && !known.contains(expense) => {
            Err(AppError::input("expense", "unknown"))
        }
        Some(_) | None => Ok(()),
    }
}

/// The Z of this moment.
fn closing_of(
    tx: &Tx<'_>,
    counted: Money,
    count: Vec<DenominationCount>,
    note: Option<String>,
) -> Result<ShiftReport, AppError> {
    let Period { ranges, totals, opened_at_ms } = till::period_after(tx, till::place_of_last_closing(tx)?)?;
    if ranges.is_empty() && till::find_open_id(tx)?.is_none() {
        return Err(AppError::new(ErrorCode::ShiftNothingToClose));
    }
    let too_large = |e| AppError::input("counted", "too_large").caused_by(e);
    let expected = totals.cash.expected().map_err(too_large)?;
    let (z_number, perpetual_before) = perpetual_of_last(tx)?;
    let mut report = ShiftReport {
        z_number: z_number.saturating_add(1),
        opened_at_ms,
        ranges,
        totals,
        perpetual_before,
        perpetual: perpetual_before,
        count,
        counted,
        expected,
        difference: counted.minus(expected).map_err(too_large)?,
        open_carts: open_carts(tx)?,
        unsynced: unsynced(tx)?,
        note,
    };
    report.perpetual = perpetual_before.plus(report.documents(), &report.totals).map_err(too_large)?;
    Ok(report)
}

fn drawer_state(conn: &Conn) -> Result<DrawerState, AppError> {
    let settings = settings::load(conn)?;
    let Period { ranges, totals, .. } = till::period_after(conn, till::place_of_last_closing(conn)?)?;
    let documents = ranges.iter().map(|range| range.last.saturating_sub(range.first).saturating_add(1)).sum();
    let entries = till::list_since_last_closing(conn, SHOWN_ENTRIES)?;
    let too_large = |e| AppError::input("drawer", "too_large").caused_by(e);
    Ok(DrawerState {
        open: till::find_open(conn)?.and_then(open_view),
        required: settings.shift_required,
        documents,
        expected: totals.cash.expected().map_err(too_large)?,
        totals,
        next_z: perpetual_of_last(conn)?.0.saturating_add(1),
        open_carts: open_carts(conn)?,
        unsynced: unsynced(conn)?,
        denominations: denominations(&settings),
        expense_categories: settings.expense_categories,
        entries: entries.into_iter().map(entry_view).collect::<Result<_, _>>()?,
    })
}

fn entry_view(stored: StoredTillDocument) -> Result<DrawerEntry, AppError> {
    let cash = till::cash_of(&stored.document)?;
    let StoredTillDocument { number, sync, document, .. } = stored;
    Ok(DrawerEntry { number, document, cash, sync: sync_of(sync) })
}

fn open_view(stored: StoredTillDocument) -> Option<ShiftInProgress> {
    let head = stored.document.head;
    let TillContent::ShiftOpening(opening) = stored.document.content else { return None };
    Some(ShiftInProgress {
        shift_id: head.shift_id?,
        number: stored.number,
        opened_at_ms: head.made_at_ms,
        cashier: head.cashier,
        float: opening.float,
    })
}

/// Carts of this register that were begun or held and are not sold.
pub(super) fn open_carts(conn: &Conn) -> Result<u32, AppError> {
    let own = device::get(conn)?.device_id;
    let begun = carts::find_open(conn)?.filter(|saved| !saved.cart.lines.is_empty());
    let held = held_carts::list(conn)?.into_iter().filter(|cart| cart.device_id == own).count();
    Ok(u32::try_from(held).unwrap_or(u32::MAX).saturating_add(u32::from(begun.is_some())))
}

/// Operations that the server does not hold yet. Without a server nothing waits for one.
pub(super) fn unsynced(conn: &Conn) -> Result<u64, AppError> {
    if device::get(conn)?.server.is_none() {
        return Ok(0);
    }
    let counts = queue::counts(conn)?;
    Ok([counts.in_flight, counts.parked, counts.dead].into_iter().fold(counts.pending, u64::saturating_add))
}

/// What a person wrote; nothing when it says nothing.
fn words(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
