//! A server whose file was put back from an older copy: by hand, without a word to anybody, and as a ceremony of its own
//! program. Registers find the first out, are told of the second, and send again what was lost in both.

use std::fs;

use anyhow::{Context, Result};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use crate::books;

/// Units of the shelf's first product.
const SHELF: u32 = 100;

#[test]
fn a_server_put_back_by_hand_that_has_moved_on_is_found_out_and_all_agree_without_a_comparison() -> Result<()>
{
    let mut server = Server::start()?;
    let shop = Shop::open(&server)?;
    server.stop()?;
    let copy = fs::read(server.data().join("server.db"))?;
    server.start_again()?;

    // What the copy lacks: sales of two registers, and a product. One register reads all of it.
    shop.work_behind_the_copy()?;

    server.kill()?;
    let file = server.data().join("server.db");
    for beside in ["server.db-wal", "server.db-shm"] {
        drop(fs::remove_file(server.data().join(beside)));
    }
    fs::write(&file, copy)?;
    server.start_again()?;

    // The one that knows nothing newer than the copy sells on, until the feed is longer than it ever was.
    let before = feed_seq(&server)?;
    while feed_seq(&server)? <= before + 40 {
        sell(&shop.third, "applied")?;
    }
    assert_eq!(server_epoch(&server)?, 1, "nobody has told the server, and it could not know");
    shop.everything_agrees(&server)?;
    assert_eq!(server_epoch(&server)?, 2, "a cursor showed it, once");
    Ok(())
}

#[test]
fn a_backup_restored_by_the_servers_own_program_is_another_life_that_every_register_meets() -> Result<()> {
    let mut server = Server::start()?;
    let shop = Shop::open(&server)?;
    let backup = server.ask(&["backup"])?;
    let backup = books::text(&backup, "file").to_owned();
    shop.work_behind_the_copy()?;
    server.stop()?;
    let done = server.ask(&["restore", &backup])?;
    assert_eq!((&done["server_epoch"], &done["findings"]), (&json!(2), &json!([])));
    let aside = books::text(&done, "set_aside").to_owned();
    assert!(
        fs::exists(format!("{aside}/server.db"))?,
        "the file of before is set aside, not deleted: {aside}"
    );
    server.start_again()?;
    shop.everything_agrees(&server)?;
    let listed = server.ask(&["backups"])?;
    assert_eq!(listed["backups"].as_array().map(Vec::len), Some(1));
    Ok(())
}

/// Three registers of one business.
struct Shop {
    first: Register,
    second: Register,
    third: Register,
}

impl Shop {
    fn open(server: &Server) -> Result<Self> {
        let first = Register::shop("EUR", "fr-FR")?;
        let shelf = format!("code,name,price,stock\nLAIT,Lait,1.00,{SHELF}\n");
        first.tell(&["product", "import", &first.file("shelf.csv", &shelf)?])?;
        first.connect(server, &server.url())?;
        let second = Register::join(server, "Second")?;
        let third = Register::join(server, "Third")?;
        for register in [&first, &second, &third] {
            sell(register, "applied")?;
            register.tell(&["sync"])?;
        }
        Ok(Self { first, second, third })
    }

    fn work_behind_the_copy(&self) -> Result<()> {
        for _ in 0..3 {
            sell(&self.first, "applied")?;
            sell(&self.second, "applied")?;
        }
        let more = "code,name,price,stock\nPAIN,Pain,2.00,7\n";
        self.second.tell(&["product", "import", &self.second.file("more.csv", more)?])?;
        self.second.tell(&["sync"])?;
        self.first.tell(&["sync"])?;
        assert_eq!(self.first.tell(&["stock", "PAIN"])?["shown"], "7", "it has read behind the copy");
        Ok(())
    }

    /// Two rounds of each are enough: one that finds out and sends, one that reads what the others sent.
    fn everything_agrees(&self, server: &Server) -> Result<()> {
        let registers = [&self.first, &self.second, &self.third];
        for register in registers.iter().chain(&registers) {
            register.tell(&["sync"])?;
        }
        let agreed = books::agree(server, &registers)?;
        let sold = u32::try_from(agreed.documents.len())?;
        assert_eq!(
            books::balance(server, "LAIT")?,
            books::pieces(SHELF - sold, 0),
            "nothing lost, nothing doubled"
        );
        assert_eq!(books::balance(server, "PAIN")?, books::pieces(7, 0), "an edit was sent again as well");
        for register in registers {
            assert_eq!(register.tell(&["stock", "LAIT"])?["shown"], json!((SHELF - sold).to_string()));
            assert_eq!(register.tell(&["stock", "PAIN"])?["shown"], "7");
            assert_eq!(register.tell(&["status"])?["state"], "synced", "nobody is called");
            let found = last_comparison(register)?;
            assert_eq!(found["differences"], json!([]), "the sync alone has put everything right: {found}");
        }
        Ok(())
    }
}

fn sell(register: &Register, sync: &str) -> Result<()> {
    let sold = register.tell(&["sell", "--line", "LAIT", "--tender", "cash:1.00"])?;
    assert_eq!(sold["sync"], sync, "{sold}");
    Ok(())
}

/// What the comparison found that follows each reading of everything.
fn last_comparison(register: &Register) -> Result<Value> {
    let file = register.data().join("register.db");
    let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let kept: String =
        file.query_row("SELECT value FROM device_setting WHERE key = 'comparison'", [], |row| row.get(0))?;
    Ok(serde_json::from_str(&kept)?)
}

fn feed_seq(server: &Server) -> Result<u64> {
    ask_file(server, "SELECT feed_seq FROM business")
}

fn server_epoch(server: &Server) -> Result<u64> {
    ask_file(server, "SELECT server_epoch FROM business")
}

fn ask_file(server: &Server, sql: &str) -> Result<u64> {
    let file = server.data().join("server.db");
    let file = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let number: i64 = file.query_row(sql, [], |row| row.get(0)).context("the server's file")?;
    Ok(u64::try_from(number)?)
}
