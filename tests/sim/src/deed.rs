//! What people do at a register in one go, through the use cases that the window calls.

use pos_app::view::{ColumnMapping, ConflictView, ProductDraft, QueueState, SaleCompleted};
use pos_app::{App, AppError, ErrorCode, ProductFilter};
use pos_domain::merge::Fields;
use pos_domain::{
    ConflictChoice, Discount, Money, OfflinePolicy, Product, Rate, RequestId, Tender, TenderKind,
};

use crate::chance::Chance;
use crate::task::WaitsFor;

/// What is done.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// Rings up goods and takes the money, perhaps pressing the button twice.
    Sell(Selling),
    /// The same in one step, from a script.
    SellLines {
        code: String,
        qty: i64,
    },
    /// Sells what waits on hold, or puts the cart there.
    HoldOrRecall,
    /// Makes a product; `barcode` may be one that another register uses at the same time.
    MakeProduct {
        code: String,
        barcode: Option<String>,
        price: i64,
        stock: i64,
    },
    Reprice {
        code: String,
        price: i64,
    },
    Rename {
        code: String,
        name: String,
    },
    DeleteProduct {
        code: String,
    },
    MakeCustomer {
        name: String,
        phone: String,
    },
    EditCustomer {
        place: usize,
        note: String,
    },
    DeleteCustomer {
        place: usize,
    },
    /// Loads a file of products.
    Import {
        text: String,
    },
    /// Enters documents of another day: goods that came in, a return, a sale.
    Replay {
        name: String,
        text: String,
    },
    Decide {
        place: usize,
        choice: usize,
    },
    Reopen {
        place: usize,
    },
    SetDeadline {
        ms: u32,
    },
    NeedServer {
        needed: bool,
    },
    SyncNow,
    Pause {
        paused: bool,
    },
    RetryDead,
    LookAround,
}

/// A sale as a cashier rings it up.
#[derive(Debug, Clone)]
pub(crate) struct Selling {
    pub(crate) lines: Vec<(String, i64)>,
    /// Percent on the first line.
    pub(crate) line_discount: Option<i64>,
    /// Amount on the whole cart.
    pub(crate) cart_discount: Option<i64>,
    pub(crate) cash: bool,
    /// Beyond what is due, in cash.
    pub(crate) extra: i64,
    pub(crate) twice: bool,
    pub(crate) customer: bool,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    /// Shown as sold. `expected` is what undiscounted lines come to.
    Sold { sale: Box<SaleCompleted>, expected: Option<i64>, again: Option<Box<SaleCompleted>> },
    /// Shown as refused.
    Refused { request: RequestId, code: ErrorCode },
    /// Something else, in words for the trace.
    Said(String),
    /// What no person should ever be told.
    Broken(String),
}

impl Deed {
    /// Draws what comes next at a register, at the `n`-th turn of all.
    pub(crate) fn draw(chance: &mut Chance, till: usize, n: u64) -> Self {
        let any = |chance: &mut Chance| format!("P{}", chance.below(8));
        match chance.below(100) {
            0..=49 => Self::Sell(Selling::draw(chance)),
            50..=53 => Self::SellLines { code: any(chance), qty: chance.between(1, 3) },
            54..=56 => Self::HoldOrRecall,
            57..=59 => {
                let shared = chance.permille(500);
                let barcode = shared.then(|| format!("{:08}", 10 * (1 + n / 12)));
                let code = if shared { format!("N{till}-{n}") } else { format!("S{}", n / 10) };
                let (price, stock) = (chance.between(1, 40) * 500, chance.between(0, 6));
                Self::MakeProduct { code, barcode, price, stock }
            }
            60..=66 => Self::Reprice { code: any(chance), price: chance.between(1, 40) * 250 },
            67..=69 => Self::Rename { code: any(chance), name: format!("Name {n} of {till}") },
            70 => Self::DeleteProduct { code: format!("P{}", 6 + chance.below(2)) },
            71..=74 => Self::MakeCustomer { name: format!("Customer {n}"), phone: format!("62{:07}", n / 8) },
            75..=77 => Self::EditCustomer { place: chance.below(9), note: format!("note {n}") },
            78 => Self::DeleteCustomer { place: chance.below(9) },
            79..=81 => {
                let rows: String = (0..chance.between(2, 30))
                    .map(|row| format!("I{n}-{row},Import {n} {row},{},{}\n", 500 + row * 250, row % 4))
                    .collect();
                Self::Import { text: format!("code,name,price,stock\n{rows}") }
            }
            82..=86 => Self::Replay { name: format!("doc-{till}-{n}.csv"), text: documents(chance, till, n) },
            87..=90 => Self::Decide { place: chance.below(6), choice: chance.below(4) },
            91 => Self::Reopen { place: chance.below(6) },
            92 => Self::SetDeadline { ms: u32::try_from(chance.between(1, 6) * 1_000).unwrap() },
            93 => Self::NeedServer { needed: chance.permille(300) },
            94..=95 => Self::SyncNow,
            96 => Self::Pause { paused: chance.permille(300) },
            97 => Self::RetryDead,
            _ => Self::LookAround,
        }
    }

    /// Its name in the trace.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sell(_) => "sell",
            Self::SellLines { .. } => "sell-lines",
            Self::HoldOrRecall => "hold",
            Self::MakeProduct { .. } => "make-product",
            Self::Reprice { .. } => "reprice",
            Self::Rename { .. } => "rename",
            Self::DeleteProduct { .. } => "delete-product",
            Self::MakeCustomer { .. } => "make-customer",
            Self::EditCustomer { .. } => "edit-customer",
            Self::DeleteCustomer { .. } => "delete-customer",
            Self::Import { .. } => "import",
            Self::Replay { .. } => "replay",
            Self::Decide { .. } => "decide",
            Self::Reopen { .. } => "reopen",
            Self::SetDeadline { .. } => "set-deadline",
            Self::NeedServer { .. } => "need-server",
            Self::SyncNow => "sync-now",
            Self::Pause { .. } => "pause",
            Self::RetryDead => "retry",
            Self::LookAround => "look",
        }
    }

    /// What it may wait for.
    pub(crate) fn waits_for(&self) -> WaitsFor {
        match self {
            Self::Sell(_) | Self::SellLines { .. } | Self::SyncNow => WaitsFor::Anything,
            Self::HoldOrRecall
            | Self::MakeProduct { .. }
            | Self::Reprice { .. }
            | Self::Rename { .. }
            | Self::DeleteProduct { .. }
            | Self::MakeCustomer { .. }
            | Self::EditCustomer { .. }
            | Self::DeleteCustomer { .. }
            | Self::Import { .. }
            | Self::Replay { .. }
            | Self::Decide { .. }
            | Self::Reopen { .. }
            | Self::SetDeadline { .. }
            | Self::NeedServer { .. }
            | Self::Pause { .. }
            | Self::RetryDead
            | Self::LookAround => WaitsFor::Threads,
        }
    }

    /// Does it.
    pub(crate) async fn perform(self, app: App) -> Done {
        match self {
            Self::Sell(selling) => selling.perform(&app).await.unwrap_or_else(said),
            Self::SellLines { code, qty } => sell_lines(&app, code, qty).await.unwrap_or_else(said),
            other => match other.other(&app).await {
                Ok(words) => Done::Said(words),
                Err(error) => said(error),
            },
        }
    }

    async fn other(self, app: &App) -> Result<String, AppError> {
        Ok(match self {
            Self::Sell(_) | Self::SellLines { .. } => String::new(),
            Self::HoldOrRecall => match app.held_carts().await?.value.first() {
                Some(held) => format!("recalled {}", app.recall_cart(held.cart_id).await?.value.lines.len()),
                None => {
                    app.scan("P0").await?;
                    format!("{} on hold", app.hold_cart().await?.value.held)
                }
            },
            Self::MakeProduct { code, barcode, price, stock } => {
                let mut draft = draft(&code, &code, price);
                draft.barcodes = barcode.into_iter().collect();
                draft.opening_stock = Some(stock.to_string());
                app.create_product(draft).await?;
                code
            }
            Self::Reprice { code, price } => {
                let product = app.find_product(code).await?.value.product;
                app.update_product(product.product_id, draft_of(&product, &product.name, price)).await?;
                format!("{} costs {price}", product.code)
            }
            Self::Rename { code, name } => {
                let product = app.find_product(code).await?.value.product;
                let draft = draft_of(&product, &name, product.price.minor());
                app.update_product(product.product_id, draft).await?;
                format!("{} is {name}", product.code)
            }
            Self::DeleteProduct { code } => {
                let product = app.find_product(code).await?.value.product;
                app.delete_product(product.product_id).await?;
                product.code
            }
            Self::MakeCustomer { name, phone } => {
                app.create_customer(name, Some(phone.clone()), None).await?;
                phone
            }
            Self::EditCustomer { place, note } => match customer(app, place).await? {
                Some(c) => {
                    app.update_customer(c.customer_id, c.name.clone(), c.phone, Some(note)).await?;
                    c.name
                }
                None => "nobody".to_owned(),
            },
            Self::DeleteCustomer { place } => match customer(app, place).await? {
                Some(c) => {
                    app.delete_customer(c.customer_id).await?;
                    c.name
                }
                None => "nobody".to_owned(),
            },
            Self::Import { text } => {
                let column = |name: &str| Some(name.to_owned());
                let mapping = ColumnMapping {
                    code: column("code"),
                    name: column("name"),
                    price: column("price"),
                    stock: column("stock"),
                    ..ColumnMapping::default()
                };
                let report = app.import_products(text, mapping, false).await?.value;
                format!("{} loaded, {} rejected", report.loaded, report.rejected.len())
            }
            Self::Replay { name, text } => {
                let report = app.replay(text, name).await?.value;
                serde_json::to_string(&report).unwrap()
            }
            Self::Decide { place, choice } => decide(app, place, choice).await?,
            Self::Reopen { place } => reopen(app, place).await?,
            Self::SetDeadline { ms } => {
                app.set_setting("checkout_deadline_ms", serde_json::json!(ms)).await?;
                ms.to_string()
            }
            Self::NeedServer { needed } => {
                app.set_setting("sales_need_server", serde_json::json!(needed)).await?;
                needed.to_string()
            }
            Self::SyncNow => {
                let report = app.sync_now().await?.value;
                format!("pushed {}, pulled {}, refused {}", report.pushed, report.pulled, report.refused)
            }
            Self::Pause { paused } => {
                app.pause_sync(paused).await?;
                paused.to_string()
            }
            Self::RetryDead => match app.list_queue(false, None, 1).await?.value.items.first() {
                Some(entry) if !matches!(entry.state, QueueState::Dead | QueueState::Parked) => {
                    "nothing".to_owned()
                }
                Some(entry) => {
                    app.retry_operation(entry.op_id).await?;
                    entry.op_id.to_string()
                }
                None => "nothing".to_owned(),
            },
            Self::LookAround => {
                let filter = ProductFilter { limit: 50, ..ProductFilter::default() };
                let products = app.list_products(filter).await?.value.items.len();
                let status = app.sync_status().await?.value;
                format!("{products} products, {} wait, {} dead", status.pending, status.dead)
            }
        })
    }
}

impl Selling {
    fn draw(chance: &mut Chance) -> Self {
        let lines = (0..chance.between(1, 4))
            // P0 and P1 are what everybody wants.
            .map(|_| {
                let place = if chance.permille(500) { chance.below(2) } else { chance.below(8) };
                (format!("P{place}"), chance.between(1, 3))
            })
            .collect();
        Self {
            lines,
            line_discount: chance.permille(150).then(|| chance.between(1, 50)),
            cart_discount: chance.permille(150).then(|| chance.between(1, 20) * 10),
            cash: chance.permille(700),
            extra: chance.between(0, 4) * 1_000,
            twice: chance.permille(150),
            customer: chance.permille(200),
        }
    }

    async fn perform(self, app: &App) -> Result<Done, AppError> {
        app.clear_cart().await?;
        for (code, qty) in &self.lines {
            match app.scan(&format!("{qty}*{code}")).await {
                // Deleted meanwhile.
                Err(e) if e.code == ErrorCode::ProductNotFound => {}
                other => drop(other?),
            }
        }
        let mut cart = app.cart().await?.value;
        let Some(first) = cart.lines.first() else { return Ok(Done::Said("nothing to sell".to_owned())) };
        if let Some(percent) = self.line_discount {
            let discount = Discount::Percent(Rate::from_ppm(percent * 10_000).unwrap());
            cart = app.set_line(first.item.line_id, None, Some(discount), false).await?.value;
        }
        if let Some(amount) = self.cart_discount {
            let discount = Discount::Amount(Money::from_minor(amount).unwrap());
            cart = app.set_cart_discount(Some(discount)).await?.value;
        }
        if self.customer
            && let Some(customer) = customer(app, 0).await?
        {
            cart = app.set_cart_customer(Some(customer.customer_id)).await?.value;
        }
        let reduced = self.line_discount.is_some() || self.cart_discount.is_some();
        let expected =
            cart.lines.iter().map(|l| l.item.unit_price.minor() * (l.item.qty.milli() / 1_000)).sum();
        let expected = (!reduced).then_some(expected);
        let (kind, amount) = match self.cash {
            true => (TenderKind::Cash, cart.payable_cash.minor() + self.extra),
            false => (TenderKind::Mobile, cart.payable_other.minor()),
        };
        let amount = Money::from_minor(amount).unwrap();
        let tenders = match amount.is_zero() {
            true => Vec::new(),
            false => vec![Tender { kind, amount, reference: None }],
        };
        let request: RequestId = app.new_id();
        match app.complete_sale(request, tenders.clone()).await {
            Ok(sale) => {
                let again = match self.twice {
                    true => Some(Box::new(app.complete_sale(request, tenders).await?.value)),
                    false => None,
                };
                Ok(Done::Sold { sale: Box::new(sale.value), expected, again })
            }
            Err(error) => Ok(refused(request, error)),
        }
    }
}

async fn sell_lines(app: &App, code: String, qty: i64) -> Result<Done, AppError> {
    let product = app.find_product(code.clone()).await?.value.product;
    let due = product.price.minor() * qty;
    let request: RequestId = app.new_id();
    let tenders = match due {
        0 => Vec::new(),
        due => vec![("mobile".to_owned(), due.to_string(), None)],
    };
    Ok(match app.sell_lines(request, vec![(code, Some(qty.to_string()), None)], tenders).await {
        Ok(sale) => Done::Sold { sale: Box::new(sale.value), expected: Some(due), again: None },
        Err(error) => refused(request, error),
    })
}

/// A checkout that did not sell, as the cashier is told.
fn refused(request: RequestId, error: AppError) -> Done {
    match error.code {
        ErrorCode::SaleInsufficientStock
        | ErrorCode::SaleRefused
        | ErrorCode::SaleNeedsServer
        | ErrorCode::SaleBlockedOffline => Done::Refused { request, code: error.code },
        _ => said(error),
    }
}

fn said(error: AppError) -> Done {
    let code = error.code.as_str();
    match error.code {
        ErrorCode::Internal
        | ErrorCode::StorageFailed
        | ErrorCode::StorageCorrupt
        | ErrorCode::StorageUnknownOutcome => Done::Broken(format!("{code}: {error:?}")),
        _ => Done::Said(code.to_owned()),
    }
}

async fn customer(app: &App, place: usize) -> Result<Option<pos_domain::Customer>, AppError> {
    let page = app.list_customers(String::new(), None, 20).await?.value.items;
    Ok(page.into_iter().nth(place).map(|view| view.customer))
}

async fn decide(app: &App, place: usize, choice: usize) -> Result<String, AppError> {
    let open = app.list_conflicts(false).await?.value;
    let Some(ConflictView { conflict, .. }) = open.get(place) else { return Ok("no conflict".to_owned()) };
    let choices: Vec<ConflictChoice> = conflict.choices.iter().map(|c| c.choice).collect();
    let Some(choice) = choices.get(choice % choices.len().max(1)).copied() else {
        return Ok("no choice".to_owned());
    };
    let fields: Fields = match choice {
        ConflictChoice::Merge => {
            conflict.fields.iter().map(|f| (f.field.clone(), f.incoming.clone())).collect()
        }
        _ => Fields::default(),
    };
    app.resolve_conflict(conflict.conflict_id, choice, fields, None).await?;
    Ok(format!("{} {}", conflict.kind.as_str(), choice.as_str()))
}

async fn reopen(app: &App, place: usize) -> Result<String, AppError> {
    let all = app.list_conflicts(true).await?.value;
    let Some(view) = all.iter().filter(|c| c.can_reopen).nth(place) else { return Ok("none".to_owned()) };
    app.reopen_conflict(view.conflict.conflict_id, None).await?;
    Ok(view.conflict.kind.as_str().to_owned())
}

/// A product as a person types it.
pub(crate) fn draft(code: &str, name: &str, price: i64) -> ProductDraft {
    ProductDraft {
        code: code.to_owned(),
        barcodes: Vec::new(),
        name: name.to_owned(),
        category_id: None,
        unit: "pcs".to_owned(),
        price: price.to_string(),
        cost: String::new(),
        tax_rate: "18".to_owned(),
        track_stock: true,
        opening_stock: None,
        offline_policy: OfflinePolicy::Allow,
        favourite: false,
        archived: false,
    }
}

fn draft_of(product: &Product, name: &str, price: i64) -> ProductDraft {
    ProductDraft {
        barcodes: product.barcodes.clone(),
        offline_policy: product.offline_policy,
        track_stock: product.track_stock,
        ..draft(&product.code, name, price)
    }
}

/// Goods that came in, goods that came back, and an older sale.
fn documents(chance: &mut Chance, till: usize, n: u64) -> String {
    let mut text =
        String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\n");
    let code = format!("P{}", chance.below(8));
    let qty = chance.between(1, 6);
    let line = match chance.below(4) {
        0 | 1 => format!("IN-{till}-{n},{code},,{qty},2026-01-05 09:00,0,\n"),
        2 => format!("RE-{till}-{n},{code},,-{qty},2026-01-05 09:00,750,\n"),
        _ => format!("SA-{till}-{n},{code},,{qty},2026-01-05 09:00,750,\n"),
    };
    text.push_str(&line);
    text
}
