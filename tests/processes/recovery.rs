//! Backups and restores killed (kill -9) at random moments: the shop is the one of before or the restored one, whole.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pos_testkit::chance::seeded;
use pos_testkit::process::Running;
use pos_testkit::register::Register;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// Programs killed while they restored, and as many while they made a backup.
const KILLS: usize = 40;
/// Where the moments come from.
const SEED: u64 = 0xBAC_0FF;

#[test]
fn a_backup_or_a_restore_killed_at_any_moment_leaves_a_whole_shop() -> Result<()> {
    let mut shop = Shop::open()?;
    let name = shop.back_up_in_peace()?;
    shop.sell()?;
    let restore = shop.time(&["backup", "restore", &name])?;
    let back_up = shop.time(&["backup", "now"])?;
    let (mut restored, mut finished) = (0, 0);
    while shop.kills < 2 * KILLS {
        let lives = shop.life()?;
        shop.cut(&["backup", "restore", &name], restore)?;
        // Whatever the kill left is finished by the next command, and the shop sells on.
        shop.sell()?;
        shop.is_whole()?;
        match shop.life()? == lives {
            true => finished += 1,
            false => restored += 1,
        }
        shop.cut(&["backup", "now"], back_up)?;
        shop.sell()?;
    }
    assert!(restored > 0 && finished > 0, "kills met both sides of the point of no return");
    let newest = shop.register.tell(&["backup", "list"])?;
    let newest = newest["items"][0]["name"].as_str().context("a backup has a name")?.to_owned();
    shop.register.tell(&["backup", "restore", &newest])?;
    shop.is_whole()?;
    println!("{} kills; {restored} restores stood, {finished} shops stayed as they were", shop.kills);
    Ok(())
}

struct Shop {
    register: Register,
    chance: StdRng,
    sold: usize,
    kills: usize,
}

impl Shop {
    fn open() -> Result<Self> {
        let register = Register::shop("EUR", "fr-FR")?;
        register.tell(&[
            "product",
            "import",
            &register.file("shelf.csv", "code,name,price,stock\nTEA,Tea,1.00,1000\n")?,
        ])?;
        let mut shop = Self { register, chance: seeded(SEED), sold: 0, kills: 0 };
        shop.sell()?;
        Ok(shop)
    }

    fn sell(&mut self) -> Result<()> {
        self.register.tell(&["sell", "--line", "TEA", "--tender", "cash:1.00"])?;
        self.sold += 1;
        Ok(())
    }

    fn back_up_in_peace(&self) -> Result<String> {
        let made = self.register.tell(&["backup", "now"])?;
        Ok(made["name"].as_str().context("a backup has a name")?.to_owned())
    }

    /// How long a command takes when nobody kills it, and a little more.
    fn time(&mut self, command: &[&str]) -> Result<Duration> {
        let begun = Instant::now();
        self.register.tell(command)?;
        Ok(begun.elapsed() * 5 / 4)
    }

    fn cut(&mut self, command: &[&str], whole: Duration) -> Result<()> {
        let running: Running = self.register.begin(command)?;
        // Not to wait for something: this is the moment of the fault.
        std::thread::sleep(self.chance.random_range(Duration::ZERO..whole));
        let said = running.cut_short()?;
        self.kills += usize::from(said.code.is_none());
        Ok(())
    }

    /// The life of the register's file.
    fn life(&self) -> Result<Value> {
        Ok(self.register.tell(&["recovery"])?["report"]["epoch"].clone())
    }

    /// Every sale is there once, under a number of its own, and the file agrees with itself.
    fn is_whole(&self) -> Result<()> {
        let sales = self.register.tell(&["sales"])?;
        let sales = sales.as_array().context("a list of sales")?;
        let mut numbers: Vec<_> =
            sales.iter().map(|sale| sale["number"].as_str().unwrap_or_default()).collect();
        assert_eq!(numbers.len(), self.sold, "nothing that was sold is gone: {numbers:?}");
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), self.sold, "no number stands on two receipts");
        let stock = self.register.tell(&["stock", "TEA"])?;
        assert_eq!(stock["shown"], json!((1000 - self.sold).to_string()), "every piece counted once");
        let verified = self.register.tell(&["verify"])?;
        assert_eq!(verified["ok"], true, "{verified}");
        Ok(())
    }
}
