//! A register whose file went on in two places: the same place of its life holds two operations, or a life that ended
//! sends on.
//!
//! What contradicts what stands is kept aside, whole. The owner sees both branches and decides: what was kept aside
//! happened, too, and is recorded; or it is left out of the books, for a reason. It is recorded under a life of its own,
//! [`RECORDED_LIFE`], because its place in the register's life is taken.

use std::collections::HashMap;
use std::sync::Arc;

use pos_domain::body::EntityKind;
use pos_domain::conflict::{ChoicePreview, ConflictEvent, ConflictEventKind, ConflictStatus, StockChange};
use pos_domain::contested::{Branch, BranchDocument, BranchOperation, ForkedRegister, MAX_LISTED_OPERATIONS};
use pos_domain::{
    Conflict, ConflictChoice, ConflictId, ConflictKind, DeviceId, Hash32, Money, OperationBody, ProductId,
    Quantity, SaleDocument, TenderKind,
};
use pos_protocol::Operation;

use super::{ApplyError, Cause, conflict as conflicts, invalid};
use crate::batch::Batch;
use crate::storage::aside::{self, Kept};
use crate::storage::conflict::{self as store, ConflictRow};
use crate::storage::device::Device;
use crate::storage::{Sql, audit};

/// The life under which operations are stored that a person let be recorded. Registers count theirs from 1.
pub(crate) const RECORDED_LIFE: u32 = 0;
/// Most operations that one decision records. The conflict stays open while more are left, and one more decision
/// records them: the other registers of the business wait meanwhile.
pub(crate) const MOST_AT_ONCE: usize = 2_000;
/// Operations that are read at a time to be counted, so that memory stays flat.
const PAGE: usize = 200;
/// Most products whose stock a choice shows.
const MOST_PRODUCTS: usize = 100;

/// Writes what is kept aside of a register into its conflicts: opened, brought up to date, or closed when nothing is
/// left of it.
pub(crate) fn tell(batch: &mut Batch<'_>, device: &Arc<Device>) -> Result<(), ApplyError> {
    for epoch in aside::lives(batch.tx, device.device_id)? {
        tell_life(batch, device, epoch)?;
    }
    Ok(())
}

/// The register and the life that a fork is about.
pub(crate) fn find_forked(batch: &Batch<'_>, conflict_id: ConflictId) -> Sql<Option<(DeviceId, u32)>> {
    let row = store::find(batch.tx, conflict_id)?;
    Ok(row.and_then(|row| Some((row.conflict.device_id, row.conflict.fork?.epoch))))
}

/// Asks for a reason where sales are left out, and notes the decision where nobody can change it.
pub(super) fn resolve(
    batch: &Batch<'_>,
    cause: &Cause<'_>,
    conflict: &Conflict,
    choice: ConflictChoice,
    note: Option<&str>,
) -> Result<(), ApplyError> {
    if choice.needs_note() && note.is_none_or(|note| note.trim().is_empty()) {
        return Err(invalid("note", "sales are left out of the books only with a reason"));
    }
    let aside = conflict.fork.as_ref().map(|fork| &fork.aside);
    let detail = serde_json::json!({
        "conflict_id": conflict.conflict_id, "choice": choice.as_str(), "note": note,
        "operations": aside.map(|aside| aside.operations), "total": aside.map(|aside| aside.total),
    });
    let device = Some(cause.device.device_id);
    Ok(audit::record(batch.tx, batch.now_ms, "fork_decided", device, Some(cause.op_id), &detail)?)
}

fn tell_life(batch: &mut Batch<'_>, device: &Arc<Device>, epoch: u32) -> Result<(), ApplyError> {
    let mut sum = Sum::default();
    let mut standing = Sum::default();
    let mut first = None;
    let mut after = 0;
    loop {
        let page = aside::list(batch.tx, device.device_id, epoch, after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.quarantine_no;
        for Kept { operation, .. } in &page {
            first.get_or_insert(operation.op_id);
            sum.add(batch, operation)?;
            // The other side of those that are listed; of the rest the count says enough.
            if standing.branch.listed.len() < MAX_LISTED_OPERATIONS
                && let Some(stands) = aside::find_standing(batch.tx, device.device_id, epoch, operation.seq)?
            {
                standing.add(batch, &stands)?;
            }
        }
    }
    let conflict_id = conflict_id(device.device_id, epoch);
    let known = store::find(batch.tx, conflict_id)?;
    let choices = [sum.preview(batch)?, conflicts::preview(ConflictChoice::LeaveBranch)];
    let fork = ForkedRegister { epoch, standing: standing.branch, aside: sum.branch };
    match (known, first) {
        (Some(row), _) => update(batch, device, row, fork, choices.into()),
        (None, None) => Ok(()),
        (None, Some(op_id)) => {
            let cause = Cause { device, op_id, feed_seq: 0 };
            let mut conflict = conflicts::blank(batch, &cause, ConflictKind::Fork);
            conflict.conflict_id = conflict_id;
            conflict.entity = "register".to_owned();
            conflict.entity_id = device.device_id.0;
            conflict.title.clone_from(&device.name);
            conflict.fork = Some(fork);
            conflict.choices = choices.into();
            conflicts::save_new(batch, &cause, conflict).map(drop)
        }
    }
}

/// More kept aside opens a decided conflict again; nothing left closes an open one.
fn update(
    batch: &mut Batch<'_>,
    device: &Arc<Device>,
    mut row: ConflictRow,
    fork: ForkedRegister,
    choices: Vec<ChoicePreview>,
) -> Result<(), ApplyError> {
    let before = row.conflict.fork.replace(fork.clone());
    if before.as_ref() == Some(&fork) && row.conflict.status == ConflictStatus::Resolved {
        return Ok(());
    }
    let grew = before.is_none_or(|before| fork.aside.operations > before.aside.operations);
    let left = fork.aside.operations > 0;
    let recorded =
        row.resolution.as_ref().map(|resolution| resolution.choice) == Some(ConflictChoice::RecordBranch);
    row.conflict.choices = choices;
    let what = match row.conflict.status {
        ConflictStatus::Open if !left => Some(ConflictEventKind::Resolved),
        ConflictStatus::Resolved if left && (grew || recorded) => Some(ConflictEventKind::Reopened),
        ConflictStatus::Open | ConflictStatus::Resolved => None,
    };
    if let Some(what) = what {
        row.conflict.status = match what {
            ConflictEventKind::Resolved => ConflictStatus::Resolved,
            ConflictEventKind::Opened | ConflictEventKind::Reopened => ConflictStatus::Open,
        };
        if row.conflict.status == ConflictStatus::Open {
            row.resolution = None;
        }
        let event = ConflictEvent {
            at_ms: batch.now_ms,
            what,
            device_id: Some(device.device_id),
            register: Some(device.name.clone()),
            actor: None,
            choice: None,
            note: None,
        };
        conflicts::append_event(batch, &mut row, event)?;
    }
    let op_id = row.conflict.op_id;
    let cause = Cause { device, op_id, feed_seq: 0 };
    conflicts::save(batch, cause.origin(), row)
}

/// One conflict per life that went on twice.
fn conflict_id(device_id: DeviceId, epoch: u32) -> ConflictId {
    ConflictId(Hash32::of(format!("comptoir.conflict.v1.fork.{device_id}.{epoch}").as_bytes()).to_id())
}

/// What a branch comes to.
#[derive(Default)]
struct Sum {
    branch: Branch,
    cash: i64,
    /// In the order in which products were met, in thousandths; negative when goods left.
    stock: Vec<(ProductId, i64)>,
    places: HashMap<ProductId, usize>,
}

impl Sum {
    fn add(&mut self, batch: &mut Batch<'_>, operation: &Operation) -> Result<(), ApplyError> {
        let body = OperationBody::decode(&operation.kind, operation.kind_version, operation.body.get()).ok();
        self.branch.operations = self.branch.operations.saturating_add(1);
        let mut listed = None;
        match &body {
            Some(OperationBody::SaleComplete(document)) => {
                self.add_document(batch, document)?;
                listed = Some(listed_document(document));
            }
            Some(OperationBody::StockAdjust(adjustment)) => {
                for line in &adjustment.lines {
                    self.moves(batch, line.product_id, line.delta.milli())?;
                }
            }
            Some(OperationBody::EntityCreate(create)) if create.entity == EntityKind::Product => {
                let opening = create.opening_stock.map_or(0, |opening| opening.qty.milli());
                self.moves(batch, ProductId(create.id), opening)?;
            }
            Some(
                OperationBody::TillRecord(_)
                | OperationBody::SerialNote(_)
                | OperationBody::EntityCreate(_)
                | OperationBody::EntityUpdate(_)
                | OperationBody::EntityDelete(_)
                | OperationBody::ConflictResolve(_)
                | OperationBody::ConflictReopen(_)
                | OperationBody::MappingDispute(_),
            )
            | None => {}
        }
        if self.branch.listed.len() < MAX_LISTED_OPERATIONS {
            self.branch.listed.push(BranchOperation {
                seq: operation.seq,
                op_id: operation.op_id,
                kind: operation.kind.clone(),
                made_at_ms: operation.made_at_ms,
                document: listed,
            });
        }
        Ok(())
    }

    fn add_document(&mut self, batch: &mut Batch<'_>, document: &SaleDocument) -> Result<(), ApplyError> {
        let total = self.branch.total.plus(document.total);
        self.branch.total = total.map_err(|fault| invalid("total", fault.to_string()))?;
        self.branch.documents = self.branch.documents.saturating_add(1);
        let cash = document.tenders.iter().filter(|tender| tender.kind == TenderKind::Cash);
        let paid: i64 = cash.map(|tender| tender.amount.minor()).fold(0, i64::saturating_add);
        self.cash = self.cash.saturating_add(paid).saturating_sub(document.settlement.change.minor());
        for line in &document.lines {
            self.moves(batch, line.item.product_id, -line.item.stock_qty().milli())?;
        }
        Ok(())
    }

    fn moves(&mut self, batch: &mut Batch<'_>, asked: ProductId, milli: i64) -> Result<(), ApplyError> {
        let Some(product) = batch.product(asked)?.filter(|product| product.track_stock) else {
            return Ok(());
        };
        let place = match self.places.get(&product.id) {
            Some(place) => *place,
            None if self.stock.len() < MOST_PRODUCTS => {
                self.stock.push((product.id, 0));
                self.places.insert(product.id, self.stock.len() - 1);
                self.stock.len() - 1
            }
            None => return Ok(()),
        };
        if let Some((_, sum)) = self.stock.get_mut(place) {
            *sum = sum.saturating_add(milli);
        }
        Ok(())
    }

    /// What recording it would do now.
    fn preview(&self, batch: &mut Batch<'_>) -> Result<ChoicePreview, ApplyError> {
        let mut preview = conflicts::preview(ConflictChoice::RecordBranch);
        preview.cash = Money::from_minor(self.cash).map_err(|fault| invalid("total", fault.to_string()))?;
        let quantity = |milli| Quantity::from_milli(milli).map_err(|fault| invalid("qty", fault.to_string()));
        for (product_id, milli) in self.stock.iter().filter(|(_, milli)| *milli != 0) {
            let Some(product) = batch.product(*product_id)? else { continue };
            // What is not there to be taken is short.
            let there = batch.level(*product_id)?.on_hand;
            let on_hand = (*milli).max(-there);
            preview.stock.push(StockChange {
                product_id: *product_id,
                code: product.code.clone(),
                name: product.name.clone(),
                on_hand: quantity(on_hand)?,
                oversold: quantity(on_hand - milli)?,
            });
        }
        Ok(preview)
    }
}

fn listed_document(document: &SaleDocument) -> BranchDocument {
    BranchDocument {
        sale_id: document.head.sale_id,
        first_line: document.lines.first().map(|line| line.item.name.clone()).unwrap_or_default(),
        lines: u32::try_from(document.lines.len()).unwrap_or(u32::MAX),
        cashier: document.head.cashier.clone(),
        total: document.total,
    }
}
