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
//! What a batch has read of products and balances, the next one need not read again as long as the feed's counter stands
//! where it was left: see [`crate::remembered`].
//!
//! [`Batch::undo`] takes back what the operation that just failed did here; [`crate::guard`] sees to the database.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use pos_domain::body::EntityKind;
use pos_domain::catalogue::Pack;
use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, DeviceId, Money, OpId, ProductId, Quantity};
use pos_protocol::FeedRow;
use serde::Deserialize;
use uuid::Uuid;

use crate::remembered::Remembered;
use crate::storage::business::BusinessRow;
use crate::storage::life::LifeRow;
use crate::storage::stock::LevelRow;
use crate::storage::{
    Sql, StorageError, Tx, business, entity, feed, identity, incarnation, json_value, life, stock, unreadable,
};

/// A row of the feed.
pub(crate) type RowKey = (EntityKind, Uuid);

/// What a sale needs to know of a product.
#[derive(Debug, Clone)]
pub(crate) struct ProductFacts {
    /// The server's own id, when the asked one was given up for it.
    pub(crate) id: ProductId,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) price: Money,
    pub(crate) packs: Vec<Pack>,
    pub(crate) track_stock: bool,
    pub(crate) deleted: bool,
}

impl ProductFacts {
    /// Its price, or that of a pack of this size; `None` where the catalogue has no such pack.
    pub(crate) fn price_of(&self, pack_size: Option<Quantity>) -> Option<Money> {
        match pack_size {
            None => Some(self.price),
            Some(size) => self.packs.iter().find(|pack| pack.size == size).map(|pack| pack.price),
        }
    }
}

/// The fields of a product's row that sales need.
#[derive(Deserialize)]
struct ProductFields {
    code: String,
    name: String,
    price: Money,
    #[serde(default)]
    packs: Vec<Pack>,
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

/// What goes with an operation that fails after it has written something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failing {
    /// The operation, and nothing else: it runs under a savepoint of its own.
    Alone,
    /// The whole transaction, which is then run again with [`Failing::Alone`]. Savepoints cost a tenth of a sale, and
    /// hardly ever does anything fail that late.
    Together,
}

/// Which of the rows that an operation touched go with its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// All: somebody waits for the answer.
    All,
    /// Those that a person has to see; the feed brings the others, each of them once however often it was touched.
    Conflicts,
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
    pub(crate) failing: Failing,
    pub(crate) now_ms: i64,
    pub(crate) business: BusinessRow,
    seq: u64,
    levels: HashMap<ProductId, LevelRow>,
    /// As earlier batches left them.
    remembered: HashMap<ProductId, ProductFacts>,
    touched: BTreeMap<RowKey, Touch>,
    totals: BTreeMap<EntityKind, i64>,
    products: HashMap<ProductId, Rc<ProductFacts>>,
    /// Rows that are there.
    known: HashSet<RowKey>,
    settings: Option<Rc<ShopSettings>>,
    lives: BTreeMap<(DeviceId, u32), Life>,
    steps: Vec<Step>,
    /// Rows that the running operation touched, in order.
    row_keys: Vec<RowKey>,
    /// Rows that go with a verdict.
    shown: HashSet<RowKey>,
}

impl<'t> Batch<'t> {
    /// Begins a batch in a transaction that holds the write lock. Of `remembered` it uses what is still true.
    pub(crate) fn begin(tx: Tx<'t>, failing: Failing, now_ms: i64, remembered: Remembered) -> Sql<Self> {
        let business = business::get(tx)?;
        let Remembered { products, levels, .. } = remembered.while_true(&business);
        Ok(Self {
            tx,
            failing,
            now_ms,
            business,
            seq: business.feed_seq,
            levels,
            remembered: products,
            touched: BTreeMap::new(),
            totals: BTreeMap::new(),
            products: HashMap::new(),
            known: HashSet::new(),
            settings: None,
            lives: BTreeMap::new(),
            steps: Vec::new(),
            row_keys: Vec::new(),
            shown: HashSet::new(),
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
                Step::Product(product) => self.forget_product(product),
                Step::Settings => self.settings = None,
            }
        }
        self.row_keys.clear();
        self.known.clear();
    }

    /// A number in the feed's order for the running operation.
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    /// The rows that go with the verdict on the running operation.
    pub(crate) fn take_row_keys(&mut self, shown: Shown) -> Vec<RowKey> {
        let mut keys = std::mem::take(&mut self.row_keys);
        if shown == Shown::Conflicts {
            keys.retain(|(entity, _)| *entity == EntityKind::Conflict);
        }
        self.shown.extend(&keys);
        keys
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
                self.forget_product(ProductId(id));
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
            | EntityKind::HeldCart
            | EntityKind::AccountEntry
            | EntityKind::SerialEvent
            | EntityKind::Conflict => {}
        }
    }

    fn forget_product(&mut self, product_id: ProductId) {
        self.products.remove(&product_id);
        self.remembered.remove(&product_id);
    }

    /// Whether a row moves with this batch.
    pub(crate) fn has_touched(&self, entity: EntityKind, id: Uuid) -> bool {
        self.touched.contains_key(&(entity, id))
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
        if let Some(facts) = self.remembered.get(&asked) {
            let facts = Rc::new(facts.clone());
            self.products.insert(asked, Rc::clone(&facts));
            return Ok(Some(facts));
        }
        if let Some(entity::SoldProduct { fields, deleted, level }) = entity::find_product(self.tx, asked)? {
            let ProductFields { code, name, price, packs, track_stock } = fields;
            self.levels.entry(asked).or_insert(level);
            let facts = Rc::new(ProductFacts { id: asked, code, name, price, packs, track_stock, deleted });
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

    /// Whether a row exists or ever existed.
    pub(crate) fn exists(&mut self, entity: EntityKind, id: Uuid) -> Sql<bool> {
        if self.known.contains(&(entity, id)) {
            return Ok(true);
        }
        let exists = entity::exists(self.tx, entity, id)?;
        if exists {
            self.known.insert((entity, id));
        }
        Ok(exists)
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
            | EntityKind::HeldCart
            | EntityKind::AccountEntry
            | EntityKind::SerialEvent
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
                            backed_up: 0,
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

    /// Writes all that is still open and gives the rows that go with verdicts as the feed shows them from now on, with
    /// the feed's last seq, and what is worth remembering once all this is committed.
    pub(crate) fn finish(mut self) -> Sql<(HashMap<RowKey, FeedRow>, u64, Remembered)> {
        let mut rows = HashMap::with_capacity(self.shown.len());
        for (key, touch) in std::mem::take(&mut self.touched) {
            let place = self.write_place(key, touch)?;
            if self.shown.contains(&key) {
                rows.insert(key, self.row_at(place)?);
            }
        }
        for (entity, change) in self.totals.iter().filter(|(_, change)| **change != 0) {
            entity::add_total(self.tx, *entity, *change)?;
        }
        for ((device_id, epoch), life) in &self.lives {
            life::save(self.tx, *device_id, *epoch, &life.row, &life.newly_seen)?;
        }
        let mut newest = self.business.incarnation;
        if self.seq > self.business.feed_seq && newest != self.business.writes_as {
            incarnation::begin(self.tx, &self.business, self.now_ms)?;
            newest = self.business.writes_as;
        }
        business::set_feed_seq(self.tx, self.seq)?;
        let seq = self.seq;
        Ok((rows, seq, self.remember(newest)))
    }

    fn remember(self, incarnation: Uuid) -> Remembered {
        let live = self.products.into_iter().filter(|(_, facts)| !facts.deleted);
        let mut products = self.remembered;
        products.extend(live.map(|(id, facts)| (id, Rc::unwrap_or_clone(facts))));
        Remembered { seq: self.seq, incarnation, products, levels: self.levels }.within_bounds()
    }

    /// Moves a row to the end of the feed.
    fn write_place(&mut self, (entity, id): RowKey, touch: Touch) -> Sql<feed::Place> {
        let Touch { rev, deleted, origin: Origin { device_id: origin_device, op_id: origin_op } } = touch;
        let seq = self.next_seq();
        #[cfg(feature = "planted")]
        let seq = if pos_planted::is(pos_planted::Bug::BalanceStaysInTheFeed) && entity == EntityKind::Stock {
            let sql = "SELECT seq FROM stock_level WHERE product_id = :id";
            let before = self.tx.find(sql, &[(":id", id.as_bytes().into())], |row| row.get::<i64>("seq"))?;
            before.and_then(|seq| u64::try_from(seq).ok()).unwrap_or(seq)
        } else {
            seq
        };
        let mut place = feed::Place { seq, entity, id, rev, deleted, origin_device, origin_op };
        if entity == EntityKind::Stock {
            let level = self.level(ProductId(id))?;
            place.rev = level.rev + 1;
            stock::save_level(self.tx, &place, &level)?;
            self.levels.insert(ProductId(id), LevelRow { rev: place.rev, ..level });
        } else {
            feed::put(self.tx, &place)?;
        }
        Ok(place)
    }

    /// A row as the feed shows it at the place that it just got.
    fn row_at(&mut self, place: feed::Place) -> Sql<FeedRow> {
        let feed::Place { seq, entity, id, rev, deleted, origin_device, origin_op } = place;
        if entity != EntityKind::Stock {
            return feed::find(self.tx, entity, id)?.ok_or(StorageError::NoRow);
        }
        let level = self.level(ProductId(id))?;
        let data = Some(feed::stock_data(ProductId(id), level.on_hand, level.oversold)?);
        let entity = entity.as_str().to_owned();
        Ok(FeedRow { seq, entity, id, rev, deleted, origin_device, origin_op, data })
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
