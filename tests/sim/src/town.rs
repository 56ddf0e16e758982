//! The server of the business: the real one on a real file, killed and started again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use pos_domain::settings::ShopSettings;
use pos_domain::{CashRounding, Currency, Money, OpId, RoundingMode, RoundingScope};
use pos_protocol::{ApiError, SyncApi, Verdict};
use pos_server::{Records, Server};
use pos_sync::transport::{Question, Reply};
use rusqlite::{Connection, OpenFlags};

use crate::road::{Answer, unreachable};
use crate::task::finish;

/// When a run begins on all clocks, in milliseconds since 1970 UTC: a Monday morning.
pub(crate) const BEGINNING_MS: i64 = 1_767_600_000_000;

/// See the module.
pub(crate) struct Town {
    pub(crate) folder: PathBuf,
    now_ms: Arc<AtomicI64>,
    server: Option<Server>,
    lives: u32,
    /// What was said of each operation, by its mode.
    verdicts: BTreeMap<OpId, Said>,
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
        let mut town = Self {
            folder: top.join("server-0"),
            now_ms: Arc::clone(now_ms),
            server: None,
            lives: 0,
            verdicts: BTreeMap::new(),
        };
        std::fs::create_dir_all(&town.folder).unwrap();
        let mut settings = ShopSettings::new("Baobab", Currency::from_iso("GNF").unwrap(), "fr-GN");
        settings.cash_rounding = Some(CashRounding {
            step: Money::from_minor(500).unwrap(),
            mode: RoundingMode::HalfUp,
            scope: RoundingScope::Cash,
        });
        let server = Server::open(town.folder.as_path(), Some(&settings), town.clock()).unwrap();
        town.server = Some(server);
        town
    }

    fn clock(&self) -> pos_server::Clock {
        let now_ms = Arc::clone(&self.now_ms);
        pos_server::Clock::from_fn(move || BEGINNING_MS + now_ms.load(Ordering::SeqCst))
    }

    /// A code with which a register joins.
    pub(crate) fn code(&self) -> String {
        pos_server::invite(self.folder.as_path(), &self.clock()).unwrap().code
    }

    pub(crate) fn is_up(&self) -> bool {
        self.server.is_some()
    }

    /// The machine of the server is killed: what its operating system has is what is left.
    pub(crate) fn kill(&mut self) {
        if self.server.is_none() {
            return;
        }
        self.lives += 1;
        let left = self.folder.with_file_name(format!("server-{}", self.lives));
        copy_as_killed(&self.folder, &left);
        drop(self.server.take());
        std::fs::remove_dir_all(&self.folder).unwrap();
        self.folder = left;
    }

    pub(crate) fn start(&mut self) {
        if self.server.is_none() {
            self.server = Some(Server::open(self.folder.as_path(), None, self.clock()).unwrap());
        }
    }

    /// Answers a question that arrived. What is wrong with the answer goes to `faults`.
    pub(crate) fn answer(
        &mut self,
        token: Option<&str>,
        question: Question,
        faults: &mut Vec<(u8, String)>,
    ) -> Answer {
        let Some(server) = self.server.clone() else { return Err(unreachable()) };
        let modes: BTreeMap<OpId, pos_protocol::Mode> = match &question {
            Question::Push(push) => push.operations.iter().map(|o| (o.op_id, o.mode)).collect(),
            Question::Pair(_)
            | Question::Hello
            | Question::Pull(_)
            | Question::Snapshot(_)
            | Question::Digest(_) => BTreeMap::new(),
        };
        let answer = finish(async {
            if let Question::Pair(request) = question {
                return server.pair(*request).await.map(Reply::Pair);
            }
            let session = server.authenticate(token.unwrap_or_default()).await?;
            Ok::<_, ApiError>(match question {
                Question::Hello => Reply::Hello(session.hello().await?),
                Question::Push(push) => Reply::Push(session.push(push).await?),
                Question::Pull(pull) => Reply::Pull(session.pull(pull).await?),
                Question::Snapshot(page) => Reply::Snapshot(session.snapshot(page).await?),
                Question::Digest(asked) => Reply::Digest(session.digest(asked).await?),
                Question::Pair(_) => unreachable!("answered above"),
            })
        });
        if let Ok(Reply::Push(push)) = &answer {
            for verdict in &push.verdicts {
                let mode = modes.get(&verdict.op_id).copied();
                self.judge(verdict.op_id, mode, &verdict.verdict, faults);
            }
            if let Some(words) = &push.chain_fault {
                faults.push((8, format!("the server refuses a link of a chain: {words}")));
            }
        }
        answer
    }

    /// A verdict never changes, but by the mode of a sale.
    fn judge(
        &mut self,
        op_id: OpId,
        mode: Option<pos_protocol::Mode>,
        verdict: &Verdict,
        faults: &mut Vec<(u8, String)>,
    ) {
        use pos_protocol::{Mode, RejectReason};
        let said = match verdict {
            Verdict::Applied { .. } | Verdict::Conflict { .. } => Said::Applied,
            Verdict::InsufficientStock { .. } => Said::Short,
            Verdict::Rejected { reason: RejectReason::Withdrawn, .. } => Said::Withdrawn,
            Verdict::Rejected { .. } => Said::Refused,
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

/// What a killed program leaves: its files as they stand, without the memory that it shared.
pub(crate) fn copy_as_killed(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (name, kind) = (entry.file_name(), entry.file_type().unwrap());
        if kind.is_dir() {
            copy_as_killed(&entry.path(), &to.join(name));
        } else if kind.is_file() && !name.to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), to.join(name)).unwrap();
        }
    }
}
