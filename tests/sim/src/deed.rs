//! What people do at a register in one go, through the use cases that the window calls.

mod people;
mod selling;

use pos_app::view::{CustomerDetails, SaleCompleted};
use pos_app::{App, AppError, ErrorCode};
use pos_domain::RequestId;

use crate::chance::Chance;
use crate::task::WaitsFor;

pub(crate) use people::draft;
pub(crate) use selling::{Press, Selling};

/// What is done.
#[derive(Debug, Clone)]
pub(crate) enum Deed {
    /// Rings up goods and takes the money, perhaps pressing the button twice.
    Sell(Selling),
    /// Presses the button again of which nobody knows what became.
    PressAgain(Press),
    /// A sale in one step, from a script.
    SellLines {
        code: String,
        qty: i64,
    },
    /// The longest cart that there may be.
    SellLongest,
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
    BackUp,
    /// The ceremony of putting a backup back.
    Restore {
        place: usize,
    },
    /// Joins the business with a code of the owner's.
    Join {
        code: String,
    },
    /// The owner decides that this copy of a register goes on.
    GoOnHere,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Done {
    /// Shown as sold. `expected` is what undiscounted lines come to.
    Sold { sale: Box<SaleCompleted>, expected: Option<i64>, again: Option<Box<SaleCompleted>> },
    /// Shown as refused.
    Refused { request: RequestId, code: ErrorCode },
    /// Nobody knows what became of this press: the disk is in trouble.
    Unknown(Press),
    /// It has joined.
    Joined,
    /// This copy of the register goes on, or was never stopped.
    GoesOn(String),
    /// Something else, in words for the trace.
    Said(String),
    /// The disk did not let it.
    DiskFailed(String),
    /// What no person should ever be told.
    Broken(String),
}

impl Deed {
    /// Draws what comes next at a register, at the `n`-th turn of all.
    pub(crate) fn draw(chance: &mut Chance, till: usize, n: u64) -> Self {
        let any = |chance: &mut Chance| format!("P{}", chance.below(8));
        let text = |chance: &mut Chance, plain: String| match chance.permille(150) {
            true => format!("{}{n}", chance.pick(&people::HOSTILE)),
            false => plain,
        };
        match chance.below(100) {
            0..=47 => Self::Sell(Selling::draw(chance)),
            48 if chance.permille(30) => Self::SellLongest,
            48 => Self::BackUp,
            49 if chance.permille(250) => Self::Restore { place: chance.below(4) },
            49..=53 => Self::SellLines { code: any(chance), qty: chance.between(1, 3) },
            54..=56 => Self::HoldOrRecall,
            57..=59 => {
                let shared = chance.permille(500);
                let barcode = shared.then(|| format!("{:08}", 10 * (1 + n / 12)));
                let code = if shared { format!("N{till}-{n}") } else { format!("S{}", n / 10) };
                let (price, stock) = (chance.between(1, 40) * 500, chance.between(0, 6));
                Self::MakeProduct { code, barcode, price, stock }
            }
            60..=66 => Self::Reprice { code: any(chance), price: chance.between(1, 40) * 250 },
            67..=69 => {
                let code = any(chance);
                Self::Rename { code, name: text(chance, format!("Name {n} of {till}")) }
            }
            70 => Self::DeleteProduct { code: format!("P{}", 6 + chance.below(2)) },
            71..=74 => {
                let name = text(chance, format!("Customer {n}"));
                Self::MakeCustomer { name, phone: format!("62{:07}", n / 8) }
            }
            75..=77 => {
                let place = chance.below(9);
                Self::EditCustomer { place, note: text(chance, format!("note {n}")) }
            }
            78 => Self::DeleteCustomer { place: chance.below(9) },
            79..=81 => {
                let rows: String = (0..chance.between(2, 30))
                    .map(|row| format!("I{n}-{row},Import {n} {row},{},{}\n", 500 + row * 250, row % 4))
                    .collect();
                Self::Import { text: format!("code,name,price,stock\n{rows}") }
            }
            82..=86 => {
                Self::Replay { name: format!("doc-{till}-{n}.csv"), text: people::documents(chance, till, n) }
            }
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
            Self::PressAgain(_) => "press-again",
            Self::SellLines { .. } => "sell-lines",
            Self::SellLongest => "sell-longest",
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
            Self::BackUp => "back-up",
            Self::Restore { .. } => "restore",
            Self::Join { .. } => "join",
            Self::GoOnHere => "go-on-here",
        }
    }

    /// What it may wait for.
    pub(crate) fn waits_for(&self) -> WaitsFor {
        match self {
            Self::Sell(_)
            | Self::PressAgain(_)
            | Self::SellLines { .. }
            | Self::SellLongest
            | Self::Join { .. }
            | Self::SyncNow => WaitsFor::Anything,
            Self::Restore { .. } | Self::GoOnHere => WaitsFor::ThreadsAndAnswers,
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
            | Self::LookAround
            | Self::BackUp => WaitsFor::Threads,
        }
    }

    /// Does it.
    pub(crate) async fn perform(self, app: App) -> Done {
        let done = match self {
            Self::Sell(selling) => selling.perform(&app).await,
            Self::PressAgain(press) => Ok(press.perform(&app).await),
            Self::SellLines { code, qty } => selling::sell_lines(&app, code, qty).await,
            Self::SellLongest => Ok(selling::sell_longest(&app).await),
            Self::Join { code } => {
                match app.join_shop("http://127.0.0.1:1", &code, "Till").await {
                    // The server that let it in spoke too new a protocol to tell it anything; now it does not.
                    Err(e) if e.code == ErrorCode::AlreadySetUp => Ok(Done::Joined),
                    joined => joined.map(|_| Done::Joined),
                }
            }
            Self::GoOnHere => people::go_on_here(&app).await,
            other => other.other(&app).await.map(Done::Said),
        };
        done.unwrap_or_else(said)
    }

    async fn other(self, app: &App) -> Result<String, AppError> {
        Ok(match self {
            Self::Sell(_)
            | Self::PressAgain(_)
            | Self::SellLines { .. }
            | Self::SellLongest
            | Self::GoOnHere
            | Self::Join { .. } => String::new(),
            Self::HoldOrRecall => match app.held_carts().await?.value.first() {
                Some(held) => format!("recalled {}", app.recall_cart(held.cart_id).await?.value.lines.len()),
                None => {
                    app.scan("P0").await?;
                    format!("{} on hold", app.hold_cart().await?.value.held)
                }
            },
            Self::MakeProduct { code, barcode, price, stock } => {
                people::make_product(app, code, barcode, price, stock).await?
            }
            Self::Reprice { code, price } => people::reprice(app, code, price).await?,
            Self::Rename { code, name } => people::rename(app, code, name).await?,
            Self::DeleteProduct { code } => {
                let product = app.find_product(code).await?.value.product;
                app.delete_product(product.product_id).await?;
                product.code
            }
            Self::MakeCustomer { name, phone } => {
                app.create_customer(CustomerDetails {
                    name,
                    phone: Some(phone.clone()),
                    ..CustomerDetails::default()
                })
                .await?;
                phone
            }
            Self::EditCustomer { place, note } => people::edit_customer(app, place, note).await?,
            Self::DeleteCustomer { place } => people::delete_customer(app, place).await?,
            Self::Import { text } => people::import(app, text).await?,
            Self::Replay { name, text } => {
                let report = app.replay(text, name).await?.value;
                serde_json::to_string(&report).unwrap()
            }
            Self::Decide { place, choice } => people::decide(app, place, choice).await?,
            Self::Reopen { place } => people::reopen(app, place).await?,
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
            Self::RetryDead => people::retry(app).await?,
            Self::LookAround => people::look_around(app).await?,
            Self::BackUp => app.make_backup().await?.value.name,
            Self::Restore { place } => people::restore(app, place).await?,
        })
    }
}

fn said(error: AppError) -> Done {
    let code = error.code.as_str();
    match error.code {
        ErrorCode::StorageFailed
        | ErrorCode::StorageDiskFull
        | ErrorCode::StorageDiskLow
        | ErrorCode::StorageUnknownOutcome => Done::DiskFailed(format!("{code}: {error:?}")),
        ErrorCode::Internal | ErrorCode::StorageCorrupt => Done::Broken(format!("{code}: {error:?}")),
        _ => Done::Said(code.to_owned()),
    }
}
