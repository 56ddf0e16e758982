//! The server of the business: the real one on a real file, killed, put back and started again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pos_domain::settings::ShopSettings;
use pos_domain::{CashRounding, Currency, DeviceId, Money, OpId, RoundingMode, RoundingScope};
use pos_protocol::{ApiError, ProblemCode, PushResponse, SyncApi, Verdict};
use pos_server::{Records, Server};
use pos_sync::transport::{Question, Reply};
use pos_testkit::crash::Moment;
use rusqlite::{Connection, OpenFlags};
use uuid::Uuid;

use crate::chance::Chance;
use crate::disk::{Blow, Disk, copy_folder};
use crate::invariants::Faults;
use crate::road::{Answer, unreachable};
use crate::task::finish;
use crate::versions::{self, Age};

/// When a run begins on all clocks, in milliseconds since 1970 UTC: a Monday morning.
pub(crate) const BEGINNING_MS: i64 = 1_767_600_000_000;
/// How soon the server wants an operation again on which it fails, in milliseconds.
const POISONED_RETRY_MS: u32 = 5_000;

/// An end that comes while the server works on the so-manieth question from now.
pub(crate) struct ServerDoom {
    pub(crate) blow: Blow,
    pub(crate) questions: u32,
}

/// See the module.
pub(crate) struct Town {
    pub(crate) folder: PathBuf,
    pub(crate) disk: Disk,
    now_ms: Arc<AtomicI64>,
    server: Option<Server>,
    pub(crate) doom: Option<ServerDoom>,
    /// What was said of each operation, by its mode.
    verdicts: BTreeMap<OpId, Said>,
    /// An older copy of its folder, as somebody made it; none that lacks a register.
    copy: Option<PathBuf>,
    pub(crate) poison: Poison,
    /// A register works twice: that must not stay unseen.
    pub(crate) alarms_have_a_cause: bool,
    /// Its folder became an older copy of itself.
    pub(crate) was_put_back: bool,
    /// Registers whose folders are gone for good.
    lost: Vec<Uuid>,
}

/// The operations of a question, with what each asked for.
pub(crate) type Asked = Vec<(OpId, pos_protocol::Mode)>;

/// An operation on which this server fails, whatever it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poison {
    None,
    /// The next one that comes.
    Next,
    Is(OpId),
}

/// The verdict that stands, as far as it may not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Applied,
    Short,
    Refused,
    Withdrawn,
}

impl Town {
    pub(crate) fn found(top: &Path, now_ms: &Arc<AtomicI64>) -> Self {
        let folder = top.join("server");
        let mut town = Self {
            disk: Disk::under(&folder),
            folder,
            now_ms: Arc::clone(now_ms),
            server: None,
            doom: None,
            verdicts: BTreeMap::new(),
            copy: None,
            poison: Poison::None,
            alarms_have_a_cause: false,
            was_put_back: false,
            lost: Vec::new(),
        };
        let mut settings = ShopSettings::new("Baobab", Currency::from_iso("GNF").unwrap(), "fr-GN");
        settings.cash_rounding = Some(CashRounding {
            step: Money::from_minor(500).unwrap(),
            mode: RoundingMode::HalfUp,
            scope: RoundingScope::Cash,
        });
        town.disk.begin_life();
        let server = Server::open(town.folder.as_path(), Some(&settings), town.clock()).unwrap();
        server.work_in_step();
        town.server = Some(server);
        town
    }

    fn clock(&self) -> pos_server::Clock {
        let now_ms = Arc::clone(&self.now_ms);
        pos_server::Clock::from_fn(move || BEGINNING_MS + now_ms.load(Ordering::SeqCst))
    }

    /// A code with which a register joins. A copy of before would not know the register.
    ///
    /// None while the server's disk is in trouble.
    pub(crate) fn code(&mut self) -> Option<String> {
        self.copy = None;
        pos_server::invite(self.folder.as_path(), &self.clock()).ok().map(|code| code.code)
    }

    /// The owner revokes a register. A copy of before would not know that.
    /// Whether that could be written.
    pub(crate) fn revoke(&mut self, device_id: Uuid) -> bool {
        self.copy = None;
        pos_server::revoke(self.folder.as_path(), DeviceId(device_id), &self.clock()).is_ok()
    }

    /// A register will never come again.
    pub(crate) fn lose(&mut self, device_id: Uuid) {
        self.lost.push(device_id);
    }

    /// The owner says so: until then what others made with it waits for it. One that was revoked before may be known
    /// to a server that was put back as one that was not.
    pub(crate) fn revoke_the_lost(&mut self) {
        for device_id in std::mem::take(&mut self.lost) {
            pos_server::revoke(self.folder.as_path(), DeviceId(device_id), &self.clock()).unwrap();
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        self.server.is_some()
    }

    /// The machine of the server is struck down at a call of its disk between `since` and now.
    pub(crate) fn strike(&mut self, blow: Blow, since: Option<Moment>, dice: &mut Chance) {
        self.doom = None;
        if let Some(server) = self.server.take() {
            self.disk.end_life(blow, since, dice, move || drop(server));
        }
    }

    pub(crate) fn start(&mut self) {
        if self.server.is_none() {
            self.disk.begin_life();
            let server = Server::open(self.folder.as_path(), None, self.clock()).unwrap();
            server.work_in_step();
            self.server = Some(server);
        }
    }

    /// Somebody copies the folder of the server.
    pub(crate) fn make_copy(&mut self) {
        let to = self.folder.with_file_name("server-copy");
        drop(std::fs::remove_dir_all(&to));
        copy_folder(&self.folder, &to);
        self.copy = Some(to);
    }

    pub(crate) fn has_copy(&self) -> bool {
        self.copy.is_some()
    }

    /// The server is down, and its folder becomes what was copied.
    pub(crate) fn put_back(&mut self) {
        let Some(copy) = &self.copy else { return };
        std::fs::remove_dir_all(&self.folder).unwrap();
        copy_folder(copy, &self.folder);
        self.was_put_back = true;
        // What it said since is forgotten; what it says again may be another thing.
        let sql = "SELECT op_id, (SELECT key FROM json_each(verdict)) AS word,
            verdict ->> '$.rejected.reason' AS reason FROM operation";
        let file = self.look();
        let mut rows = file.prepare(sql).unwrap();
        let said = rows.query_map([], |row| {
            let (word, reason): (String, Option<String>) = (row.get("word")?, row.get("reason")?);
            let said = match (word.as_str(), reason.as_deref()) {
                ("insufficient_stock", _) => Said::Short,
                ("rejected", Some("withdrawn")) => Said::Withdrawn,
                ("rejected", _) => Said::Refused,
                _ => Said::Applied,
            };
            Ok((OpId(Uuid::from_bytes(row.get("op_id")?)), said))
        });
        self.verdicts = said.unwrap().collect::<Result<_, _>>().unwrap();
    }

    /// Answers a question that arrived at a server of some age. Whoever gets the answer to its register calls
    /// [`Town::hear`].
    pub(crate) fn answer(&mut self, token: Option<&str>, question: Question, age: Age) -> (Asked, Answer) {
        let Some(server) = self.server.clone() else { return (Asked::new(), Err(unreachable())) };
        let mut question = versions::as_heard(question, age);
        let failed = self.keep_poison_out(&mut question);
        let asked = match &question {
            Question::Push(push) => push.operations.iter().map(|o| (o.op_id, o.mode)).collect(),
            _ => Asked::new(),
        };
        let answer = finish(async {
            if let Question::Pair(request) = question {
                return server.pair(*request).await.map(Box::new).map(Reply::Pair);
            }
            let session = server.authenticate(token.unwrap_or_default()).await?;
            Ok::<_, ApiError>(match question {
                Question::Hello => Reply::Hello(session.hello().await?),
                Question::Push(push) => Reply::Push(session.push(push).await?),
                Question::Pull(pull) => Reply::Pull(session.pull(pull).await?),
                Question::Snapshot(page) => Reply::Snapshot(session.snapshot(page).await?),
                Question::Digest(asked) => Reply::Digest(session.digest(asked).await?),
                Question::FindSale(number) => Reply::Sale(session.find_sale(number).await?),
                Question::SendPiece(hash, piece) => Reply::PieceTaken(session.send_piece(hash, piece).await?),
                Question::FetchPiece(hash, asked) => {
                    Reply::PieceGiven(session.fetch_piece(hash, asked).await?)
                }
                Question::Pair(_) => unreachable!("answered above"),
            })
        });
        let mut answer = versions::as_said(answer, age);
        if let (Some((place, op_id)), Ok(Reply::Push(push))) = (failed, &mut answer) {
            let verdict = Verdict::Retry { after_ms: POISONED_RETRY_MS };
            push.verdicts.insert(place, pos_protocol::OpVerdict { op_id, duplicate: false, verdict });
        }
        (asked, answer)
    }

    /// Notes what the server has said. What is wrong with it goes to `faults`.
    pub(crate) fn hear(&mut self, asked: &Asked, answer: &Answer, faults: &mut Faults) {
        match answer {
            Ok(Reply::Push(push)) => self.judge_all(asked, push, faults),
            Err(ApiError::Refused { problem }) if problem.code == ProblemCode::Revoked => {
                self.of_revoked(asked, faults);
            }
            Ok(_) | Err(_) => {}
        }
    }

    /// Takes the operation out on which this server fails: its place, and which it is.
    fn keep_poison_out(&mut self, question: &mut Question) -> Option<(usize, OpId)> {
        let Question::Push(push) = question else { return None };
        if self.poison == Poison::Next {
            let new = push.operations.iter().find(|o| !self.verdicts.contains_key(&o.op_id));
            self.poison = new.map_or(Poison::Next, |operation| Poison::Is(operation.op_id));
        }
        let Poison::Is(op_id) = self.poison else { return None };
        let place = push.operations.iter().position(|operation| operation.op_id == op_id)?;
        push.operations.remove(place);
        Some((place, op_id))
    }

    fn judge_all(&mut self, asked: &Asked, push: &PushResponse, faults: &mut Faults) {
        for verdict in &push.verdicts {
            let mode = asked.iter().find(|(op_id, _)| *op_id == verdict.op_id).map(|(_, mode)| *mode);
            self.judge(verdict.op_id, mode, &verdict.verdict, faults);
        }
        // A server that was put back lacks links; a register is not alarmed before it has greeted.
        if let Some(words) = &push.chain_fault
            && !self.alarms_have_a_cause
            && !self.was_put_back
        {
            faults.push((8, format!("the server refuses a link of a chain: {words}")));
        }
    }

    /// What a revoked register sends is kept aside: none of it is lost.
    fn of_revoked(&self, asked: &Asked, faults: &mut Faults) {
        let server = self.look();
        let sql = "SELECT EXISTS (SELECT 1 FROM quarantine WHERE op_id = :op_id)
            OR EXISTS (SELECT 1 FROM operation WHERE op_id = :op_id)";
        for (op_id, _) in asked {
            let key = rusqlite::named_params! { ":op_id": op_id.0.as_bytes() };
            let kept: bool = server.query_row(sql, key, |row| row.get(0)).unwrap();
            if !kept {
                faults.push((2, format!("{op_id} of a revoked register is not kept aside")));
            }
        }
    }

    /// A verdict never changes, but by the mode of a sale.
    fn judge(
        &mut self,
        op_id: OpId,
        mode: Option<pos_protocol::Mode>,
        verdict: &Verdict,
        faults: &mut Faults,
    ) {
        use pos_protocol::{Mode, RejectReason};
        let said = match verdict {
            Verdict::Applied { .. } | Verdict::Conflict { .. } => Said::Applied,
            Verdict::InsufficientStock { .. } => Said::Short,
            Verdict::Rejected { reason: RejectReason::Withdrawn, .. } => Said::Withdrawn,
            Verdict::Rejected { .. } => Said::Refused,
            Verdict::BodyMismatch | Verdict::StaleEpoch { .. } if self.alarms_have_a_cause => return,
            Verdict::BodyMismatch | Verdict::StaleEpoch { .. } => {
                return faults.push((4, format!("{op_id}: an alarm without a cause: {verdict:?}")));
            }
            Verdict::BlockedBy { .. }
            | Verdict::Gap { .. }
            | Verdict::UnknownKind
            | Verdict::Retry { .. } => {
                if let Some(before) = self.verdicts.get(&op_id) {
                    faults.push((4, format!("{op_id}: {before:?} before, now {verdict:?}")));
                }
                return;
            }
        };
        let may = match (self.verdicts.get(&op_id), said) {
            (None, _) => true,
            (Some(before), now) if *before == now => true,
            (Some(Said::Short), Said::Applied) => mode == Some(Mode::Fact),
            (Some(Said::Short | Said::Applied), Said::Withdrawn) => mode == Some(Mode::Withdraw),
            (Some(Said::Applied | Said::Short | Said::Refused | Said::Withdrawn), _) => false,
        };
        if !may {
            let before = self.verdicts.get(&op_id);
            faults.push((4, format!("{op_id}: {before:?} before, {said:?} now, asked as {mode:?}")));
        }
        self.verdicts.insert(op_id, said);
    }

    /// The server's file, for looking.
    pub(crate) fn look(&self) -> Connection {
        look_into(&self.folder.join("server.db"))
    }

    /// Everything that the server's own check finds.
    pub(crate) fn verify(&self) -> Vec<String> {
        let records = Records::open(self.folder.as_path()).unwrap();
        records
            .verify()
            .unwrap()
            .into_iter()
            .map(|fault| format!("{}: {}", fault.check, fault.detail))
            .collect()
    }
}

/// A file of SQLite, read-only.
pub(crate) fn look_into(file: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(file, flags).unwrap()
}
