//! A till with the people of the demo shop.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use pos_app::view::Language;
use pos_app::{App, AppError, AppOptions, Clock, OpenAccess, PinDigits, World};
use pos_domain::{Cashier, CashierId, Role};
use tempfile::TempDir;

/// The PIN that tests give the owner.
pub(crate) const OWNER_PIN: &str = "9040";
/// The PIN that tests give the manager.
pub(crate) const MANAGER_PIN: &str = "7315";

/// A till whose stopwatch and clock stand still until a test moves them.
pub(crate) struct Counter {
    pub(crate) folder: TempDir,
    pub(crate) app: App,
    stopwatch_ms: Arc<AtomicU64>,
    clock_ms: Arc<AtomicI64>,
    lives: u64,
}

impl Counter {
    /// The demo shop; the owner sits at it, and nobody has a PIN.
    pub(crate) async fn demo() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let stopwatch_ms = Arc::new(AtomicU64::new(0));
        let clock_ms = Arc::new(AtomicI64::new(1_780_000_000_000));
        let app = open(folder.path(), &stopwatch_ms, &clock_ms, 0).await;
        app.create_demo(Language::En).await.unwrap();
        Self { folder, app, stopwatch_ms, clock_ms, lives: 0 }
    }

    /// The demo shop where owner and manager have PINs and a cashier sits.
    pub(crate) async fn with_pins() -> Self {
        let counter = Self::demo().await;
        counter.app.set_pin(counter.of(Role::Owner).await.cashier_id, pin(OWNER_PIN)).await.unwrap();
        counter.app.set_pin(counter.of(Role::Manager).await.cashier_id, pin(MANAGER_PIN)).await.unwrap();
        counter.app.log_in(counter.of(Role::Cashier).await.cashier_id, None).await.unwrap();
        counter
    }

    /// The first person of a role.
    pub(crate) async fn of(&self, role: Role) -> Cashier {
        let people = self.app.state().await.unwrap().value.cashiers;
        people.into_iter().find(|person| person.role == role).unwrap()
    }

    pub(crate) async fn log_in(&self, who: CashierId, digits: &str) -> Result<(), AppError> {
        self.app.log_in(who, Some(pin(digits))).await.map(drop)
    }

    /// Time goes by, for stopwatch and clock alike.
    pub(crate) fn pass(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.stopwatch_ms.fetch_add(ms, Ordering::SeqCst);
        self.set_clock(i64::try_from(ms).unwrap());
    }

    /// Somebody sets the machine's clock.
    pub(crate) fn set_clock(&self, by_ms: i64) {
        self.clock_ms.fetch_add(by_ms, Ordering::SeqCst);
    }

    /// The program ends and starts again; `meanwhile` is done to its folder. The new program's stopwatch starts anew.
    pub(crate) async fn restart(self, meanwhile: impl FnOnce(&Path)) -> Self {
        let Self { folder, app, clock_ms, lives, .. } = self;
        app.close().await.unwrap();
        meanwhile(folder.path());
        let stopwatch_ms = Arc::new(AtomicU64::new(0));
        let lives = lives + 1;
        let app = open(folder.path(), &stopwatch_ms, &clock_ms, lives).await;
        Self { folder, app, stopwatch_ms, clock_ms, lives }
    }
}

pub(crate) fn pin(digits: &str) -> PinDigits {
    PinDigits::new(digits.to_owned())
}

async fn open(folder: &Path, stopwatch_ms: &Arc<AtomicU64>, clock_ms: &Arc<AtomicI64>, life: u64) -> App {
    let (stopwatch, clock) = (Arc::clone(stopwatch_ms), Arc::clone(clock_ms));
    let options = AppOptions {
        dir: folder.to_owned(),
        access: OpenAccess::Write,
        background_sync: false,
        clock: Clock::from_fn(move || clock.load(Ordering::SeqCst)),
    };
    let stopwatch = Arc::new(move || Duration::from_millis(stopwatch.load(Ordering::SeqCst)));
    // There is no server: whoever asks one waits for ever, and no test here does.
    let world = World::in_process(Arc::new(|_, _| Box::pin(std::future::pending())), 7 + life, stopwatch, 0);
    App::open_in(options, world).await.unwrap()
}
