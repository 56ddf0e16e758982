//! One writing transaction over many pushes: what it has read, and what it still has to write.
//!
//! A thousand sales move the same few balances. So balances, places in the feed, counts and watermarks are kept
//! here while operations run one after the other, each seeing what those before it did, and are written once, by
//! [`Batch::finish`], before the commit. The transaction holds its business's only write lock from before the counter is
//! read until the commit, so whoever sees seq n in the feed sees everything below n.
//!
//! An operation's `feed_seq` is a number of its own, given before the rows it touched get theirs. A row with that
//! seq or a higher one therefore contains the operation, and a row with a lower one does not.
//!
//! [`Batch::undo`] takes back what the operation that just failed did here; the savepoint does the same in the database.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use pos_domain::body::EntityKind;
use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, DeviceId, Money, OpId, ProductId};
use pos_protocol::FeedRow;
use serde::Deserialize;
use uuid::Uuid;

use crate::storage::business::BusinessRow;
use crate::storage::life::LifeRow;
use crate::storage::stock::LevelRow;
use crate::storage::{
    Sql, StorageError, Tx, business, entity, feed, identity, json_value, life, stock, unreadable,
};

/// A row of the feed.
pub(crate) type RowKey = (EntityKind, Uuid);

/// What a sale needs to know of a product.
#[derive(Debug)]
pub(crate) struct ProductFacts {
    /// The server's own id, when the asked one was given up for it.
    pub(crate) id: ProductId,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) price: Money,
    pub(crate) track_stock: bool,
    pub(crate) deleted: bool,
}

/// The fields of a product's row that sales need.
#[derive(Deserialize)]
struct ProductFields {
    code: String,
    name: String,
    price: Money,
    track_stock: bool,
}

/// Who changed a row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin {
    pub(crate) device_id: Option<DeviceId>,
    pub(crate) op_id: Option<OpId>,
}

/// A row that has to move to the end of the feed.
#[derive(Debug, Clone, Copy)]
struct Touch {
    /// Of entities and conflicts; the rev of a balance stands with it.
    rev: u64,
    deleted: bool,
    origin: Origin,
}

/// A life of a register's file and what of it is not stored yet.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) row: LifeRow,
    newly_seen: Vec<u64>,
}

impl Life {
    /// Whether a seq has a stored verdict.
    pub(crate) fn has_seen(&self, seq: u64) -> bool {
        seq <= self.row.watermark || self.row.above.contains(&seq)
    }

    /// Notes that a seq has a stored verdict.
    pub(crate) fn mark_seen(&mut self, seq: u64) {
        if self.has_seen(seq) {
            return;
        }
        #[cfg(feature = "planted")]
        if pos_planted::is(pos_planted::Bug::WatermarkOverAHole) {
            self.row.watermark = seq;
            return;
        }
        self.row.above.insert(seq);
        self.newly_seen.push(seq);
        while self.row.above.remove(&(self.row.watermark + 1)) {
            self.row.watermark += 1;
        }
    }
}

/// How to take one step of an operation back.
enum Step {
    Level(ProductId, LevelRow),
    Touch(RowKey, Option<Touch>),
    Total(EntityKind, i64),
    Product(ProductId),
    Settings,
}

/// See the module.
pub(crate) struct Batch<'t> {
    pub(crate) tx: Tx<'t>,
    pub(crate) now_ms: i64,
    pub(crate) business: BusinessRow,
    seq: u64,
    levels: HashMap<ProductId, LevelRow>,
    touched: BTreeMap<RowKey, Touch>,
    totals: BTreeMap<EntityKind, i64>,
    products: HashMap<ProductId, Rc<ProductFacts>>,
    settings: Option<Rc<ShopSettings>>,
    lives: BTreeMap<(DeviceId, u32), Life>,
    steps: Vec<Step>,
    /// Rows that the running operation touched, in order.
    row_keys: Vec<RowKey>,
}

impl<'t> Batch<'t> {
    /// Begins a batch in a transaction that holds the write lock.
    pub(crate) fn begin(tx: Tx<'t>, now_ms: i64) -> Sql<Self> {
        let business = business::get(tx)?;
        Ok(Self {
            tx,
            now_ms,
            business,
            seq: business.feed_seq,
            levels: HashMap::new(),
            touched: BTreeMap::new(),
            totals: BTreeMap::new(),
            products: HashMap::new(),
            settings: None,
            lives: BTreeMap::new(),
            steps: Vec::new(),
            row_keys: Vec::new(),
        })
    }

    /// Begins an operation: from here [`Batch::undo`] takes back.
    pub(crate) fn begin_operation(&mut self) {
        self.steps.clear();
        self.row_keys.clear();
    }

    /// Takes back what the running operation did here.
    pub(crate) fn undo(&mut self) {
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Level(product, before) => drop(self.levels.insert(product, before)),
                Step::Touch(key, Some(before)) => drop(self.touched.insert(key, before)),
                Step::Touch(key, None) => drop(self.touched.remove(&key)),
                Step::Total(entity, change) => *self.totals.entry(entity).or_insert(0) -= change,
                Step::Product(product) => drop(self.products.remove(&product)),
                Step::Settings => self.settings = None,
            }
        }
        self.row_keys.clear();
    }

    /// A number in the feed's order for the running operation.
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// The rows that the running operation touched.
    pub(crate) fn take_row_keys(&mut self) -> Vec<RowKey> {
        std::mem::take(&mut self.row_keys)
    }

    /// Moves a row of an entity or conflict to the end of the feed.
    pub(crate) fn touch(&mut self, entity: EntityKind, id: Uuid, rev: u64, deleted: bool, origin: Origin) {
        let before = self.touched.insert((entity, id), Touch { rev, deleted, origin });
        self.steps.push(Step::Touch((entity, id), before));
        if !self.row_keys.contains(&(entity, id)) {
            self.row_keys.push((entity, id));
        }
        match entity {
            EntityKind::Product => {
                self.products.remove(&ProductId(id));
                self.steps.push(Step::Product(ProductId(id)));
            }
            EntityKind::Setting => {
                self.settings = None;
                self.steps.push(Step::Settings);
            }
            EntityKind::Stock
            | EntityKind::Category
            | EntityKind::Customer
            | EntityKind::Cashier
            | EntityKind::Conflict => {}
        }
    }

    /// Takes rows of a kind into account, or out of it.
    pub(crate) fn add_total(&mut self, entity: EntityKind, change: i64) {
        *self.totals.entry(entity).or_insert(0) += change;
        self.steps.push(Step::Total(entity, change));
    }

    /// A product's balance; zero when it has none yet.
    pub(crate) fn level(&mut self, product_id: ProductId) -> Sql<LevelRow> {
        if let Some(level) = self.levels.get(&product_id) {
            return Ok(*level);
        }
        let level = stock::find_level(self.tx, product_id)?.unwrap_or_default();
        self.levels.insert(product_id, level);
        Ok(level)
    }

    /// Changes a balance and moves its row to the end of the feed.
    pub(crate) fn set_level(
        &mut self,
        product_id: ProductId,
        on_hand: i64,
        oversold: i64,
        origin: Origin,
    ) -> Sql<()> {
        let before = self.level(product_id)?;
        if before.rev == 0 && !self.touched.contains_key(&(EntityKind::Stock, product_id.0)) {
            self.add_total(EntityKind::Stock, 1);
        }
        self.levels.insert(product_id, LevelRow { on_hand, oversold, rev: before.rev });
        self.steps.push(Step::Level(product_id, before));
        self.touch(EntityKind::Stock, product_id.0, 0, false, origin);
        Ok(())
    }

    /// A product as sales see it, under its own id or one that was given up for it.
    pub(crate) fn product(&mut self, asked: ProductId) -> Sql<Option<Rc<ProductFacts>>> {
        if let Some(known) = self.products.get(&asked) {
            return Ok(Some(Rc::clone(known)));
        }
        if let Some((fields, deleted)) = entity::find_fields(self.tx, EntityKind::Product, asked.0)? {
            let ProductFields { code, name, price, track_stock } = fields;
            let facts = Rc::new(ProductFacts { id: asked, code, name, price, track_stock, deleted });
            self.products.insert(asked, Rc::clone(&facts));
            return Ok(Some(facts));
        }
        #[cfg(feature = "planted")]
        if pos_planted::is(pos_planted::Bug::AliasIsNotFollowed) {
            return Ok(None);
        }
        // Not cached under the id that was given up: a change of the product would not find it there.
        match identity::find_alias(self.tx, EntityKind::Product, asked.0)? {
            Some(id) if id != asked.0 => self.product(ProductId(id)),
            Some(_) | None => Ok(None),
        }
    }

    /// The server's own id of a row that a register may know under another one.
    pub(crate) fn resolve(&self, entity: EntityKind, id: Uuid) -> Sql<Uuid> {
        match entity {
            EntityKind::Product | EntityKind::Customer => {
                Ok(identity::find_alias(self.tx, entity, id)?.unwrap_or(id))
            }
            EntityKind::Setting
            | EntityKind::Category
            | EntityKind::Stock
            | EntityKind::Cashier
            | EntityKind::Conflict => Ok(id),
        }
    }

    /// The shop's settings.
    pub(crate) fn settings(&mut self) -> Sql<Rc<ShopSettings>> {
        if let Some(settings) = &self.settings {
            return Ok(Rc::clone(settings));
        }
        let settings = Rc::new(load_settings(self.tx)?);
        self.settings = Some(Rc::clone(&settings));
        Ok(settings)
    }

    /// A life of a register's file; begun when it is new.
    pub(crate) fn life(&mut self, device_id: DeviceId, epoch: u32) -> Sql<&mut Life> {
        use std::collections::btree_map::Entry;
        match self.lives.entry((device_id, epoch)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let row = match life::find(self.tx, device_id, epoch)? {
                    Some(row) => row,
                    None => {
                        let row = LifeRow {
                            watermark: 0,
                            above: std::collections::BTreeSet::new(),
                            chain: pos_domain::chain::ChainHead::START,
                        };
                        // Written at once: chain links and seen seqs refer to it.
                        life::save(self.tx, device_id, epoch, &row, &[])?;
                        row
                    }
                };
                Ok(entry.insert(Life { row, newly_seen: Vec::new() }))
            }
        }
    }

    /// Writes all that is still open and gives the touched rows as the feed shows them from now on, with the feed's
    /// last seq.
    pub(crate) fn finish(mut self) -> Sql<(HashMap<RowKey, FeedRow>, u64)> {
        let mut rows = HashMap::with_capacity(self.touched.len());
        for ((entity, id), touch) in std::mem::take(&mut self.touched) {
            let seq = self.next_seq();
            let row = self.write_row(seq, entity, id, touch)?;
            rows.insert((entity, id), row);
        }
        for (entity, change) in self.totals.iter().filter(|(_, change)| **change != 0) {
            entity::add_total(self.tx, *entity, *change)?;
        }
        for ((device_id, epoch), life) in &self.lives {
            life::save(self.tx, *device_id, *epoch, &life.row, &life.newly_seen)?;
        }
        business::set_feed_seq(self.tx, self.seq)?;
        Ok((rows, self.seq))
    }

    fn write_row(&mut self, seq: u64, entity: EntityKind, id: Uuid, touch: Touch) -> Sql<FeedRow> {
        let Origin { device_id: origin_device, op_id: origin_op } = touch.origin;
        let mut place =
            feed::Place { seq, entity, id, rev: touch.rev, deleted: touch.deleted, origin_device, origin_op };
        let data = if entity == EntityKind::Stock {
            let product_id = ProductId(id);
            let mut level = self.level(product_id)?;
            level.rev += 1;
            place.rev = level.rev;
            stock::save_level(self.tx, product_id, &level)?;
            Some(feed::stock_data(product_id, level.on_hand, level.oversold)?)
        } else {
            None
        };
        feed::put(self.tx, &place)?;
        if let Some(data) = data {
            return Ok(FeedRow {
                seq,
                entity: entity.as_str().to_owned(),
                id,
                rev: place.rev,
                deleted: false,
                origin_device,
                origin_op,
                data: Some(data),
            });
        }
        feed::find(self.tx, entity, id)?.ok_or(StorageError::NoRow)
    }
}

/// The shop's settings as its rows say, over the defaults. Rows of keys that this program does not know are kept in
/// the table and left out here.
pub(crate) fn load_settings(tx: Tx<'_>) -> Sql<ShopSettings> {
    let currency = Currency::from_iso("GNF").map_err(unreadable)?;
    let mut rows: serde_json::Map<String, serde_json::Value> =
        ShopSettings::new("Comptoir", currency, "fr-GN").to_rows().into_iter().collect();
    for (key, value) in entity::list_settings(tx)? {
        if let Some(slot) = rows.get_mut(&key) {
            *slot = value;
        }
    }
    json_value(serde_json::Value::Object(rows))
}
