//! Pictures between registers and the real server, with a road on which pieces get lost, doubled and spoilt.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pos_domain::{AttachmentHash, Product};
use pos_protocol::{
    ApiError, DigestAnswer, DigestRequest, FetchPiece, Hello, PieceGiven, PieceTaken, Problem, ProblemCode,
    PullRequest, PullResponse, PushRequest, PushResponse, SaleAnswer, SendPiece, SnapshotPage,
    SnapshotRequest, SyncApi,
};
use pos_server::DeviceSession;
use pos_store::attachment_files::AttachmentFolder;
use pos_store::attachments::{self, Attachment, State};
use pos_store::products;
use pos_sync::{Background, CheckoutAnswer};

use tokio::sync::watch;

use crate::town::{DEADLINE, Register, Restored, Town, create_of, enqueue, now_ms, product, wait_synced};

/// What goes wrong with one piece, in either direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PieceFault {
    LostReply,
    LostRequest,
    Doubled,
    Portal,
    Busy,
    /// A byte is another one when it arrives.
    Spoilt,
    /// Nothing ever comes back.
    Hangs,
}

/// A way to the server whose records always arrive.
#[derive(Clone)]
struct Pieces<A> {
    server: A,
    road: Arc<PieceRoad>,
}

#[derive(Default)]
struct PieceRoad {
    plan: Mutex<VecDeque<PieceFault>>,
    /// What happens when the plan is at its end.
    for_ever: Mutex<Option<PieceFault>>,
    /// First byte and number of bytes of each piece that set out or was asked for.
    seen: Mutex<Vec<(u32, usize)>>,
    /// How many that were.
    set_out: watch::Sender<u32>,
    /// The server is of a time before pictures.
    older: bool,
}

impl PieceRoad {
    fn plan(&self, faults: &[PieceFault]) {
        self.plan.lock().unwrap().extend(faults);
    }

    fn always(&self, fault: Option<PieceFault>) {
        *self.for_ever.lock().unwrap() = fault;
    }

    fn next(&self) -> Option<PieceFault> {
        self.plan.lock().unwrap().pop_front().or(*self.for_ever.lock().unwrap())
    }

    fn note(&self, offset: u32, bytes: usize) {
        self.seen.lock().unwrap().push((offset, bytes));
        self.set_out.send_modify(|pieces| *pieces += 1);
    }

    fn seen(&self) -> Vec<(u32, usize)> {
        std::mem::take(&mut *self.seen.lock().unwrap())
    }
}

fn lost() -> ApiError {
    ApiError::NoAnswer { detail: "lost on the way".to_owned() }
}

fn portal() -> ApiError {
    ApiError::NotTheServer { detail: "200 OK, text/html".to_owned() }
}

fn busy() -> ApiError {
    let (code, detail) = (ProblemCode::Unavailable, "busy".to_owned());
    ApiError::Refused { problem: Problem { code, detail, retry_after_ms: Some(50) } }
}

fn spoil(bytes: &mut [u8]) {
    if let Some(byte) = bytes.get_mut(100) {
        *byte ^= 1;
    }
}

impl<A: SyncApi> SyncApi for Pieces<A> {
    async fn hello(&self) -> Result<Hello, ApiError> {
        let mut hello = self.server.hello().await?;
        if self.road.older {
            hello.limits.attachments = None;
        }
        Ok(hello)
    }

    async fn push(&self, request: PushRequest) -> Result<PushResponse, ApiError> {
        self.server.push(request).await
    }

    async fn pull(&self, request: PullRequest) -> Result<PullResponse, ApiError> {
        self.server.pull(request).await
    }

    async fn snapshot(&self, request: SnapshotRequest) -> Result<SnapshotPage, ApiError> {
        self.server.snapshot(request).await
    }

    async fn digest(&self, request: DigestRequest) -> Result<DigestAnswer, ApiError> {
        self.server.digest(request).await
    }

    async fn find_sale(&self, number: String) -> Result<SaleAnswer, ApiError> {
        self.server.find_sale(number).await
    }

    async fn send_piece(&self, hash: AttachmentHash, mut piece: SendPiece) -> Result<PieceTaken, ApiError> {
        self.road.note(piece.offset, piece.bytes.len());
        match self.road.next() {
            None => self.server.send_piece(hash, piece).await,
            Some(PieceFault::LostReply) => {
                self.server.send_piece(hash, piece).await?;
                Err(lost())
            }
            Some(PieceFault::LostRequest) => Err(lost()),
            Some(PieceFault::Doubled) => {
                self.server.send_piece(hash, piece.clone()).await?;
                self.server.send_piece(hash, piece).await
            }
            Some(PieceFault::Portal) => Err(portal()),
            Some(PieceFault::Busy) => Err(busy()),
            Some(PieceFault::Spoilt) => {
                spoil(&mut piece.bytes);
                self.server.send_piece(hash, piece).await
            }
            Some(PieceFault::Hangs) => std::future::pending().await,
        }
    }

    async fn fetch_piece(&self, hash: AttachmentHash, request: FetchPiece) -> Result<PieceGiven, ApiError> {
        self.road.note(request.offset, 0);
        match self.road.next() {
            None | Some(PieceFault::Doubled) => self.server.fetch_piece(hash, request).await,
            Some(PieceFault::LostReply | PieceFault::LostRequest) => Err(lost()),
            Some(PieceFault::Portal) => Err(portal()),
            Some(PieceFault::Busy) => Err(busy()),
            Some(PieceFault::Spoilt) => {
                let mut given = self.server.fetch_piece(hash, request).await?;
                if let PieceGiven::Piece { bytes, .. } = &mut given {
                    spoil(bytes);
                }
                Ok(given)
            }
            Some(PieceFault::Hangs) => std::future::pending().await,
        }
    }
}

fn over(register: &Register) -> (Pieces<DeviceSession>, Arc<PieceRoad>) {
    let road = Arc::new(PieceRoad::default());
    (Pieces { server: register.session(), road: Arc::clone(&road) }, road)
}

/// Bytes that begin like a JPEG, 150 KB: several pieces.
fn picture(seed: u8) -> Vec<u8> {
    let noise = (0..150_000_u32).map(|n| u8::try_from((n * 31 + u32::from(seed) * 7) % 251).unwrap());
    [0xFF, 0xD8, 0xFF].into_iter().chain(noise).collect()
}

fn folder(register: &Register) -> AttachmentFolder {
    AttachmentFolder::of(register.folder.path())
}

/// Adds a picture and a product that has it, as the use cases do.
fn add_pictured(register: &Register, code: &str, bytes: &[u8]) -> Product {
    let hash = AttachmentHash::of(bytes);
    folder(register).keep(hash, bytes).unwrap();
    let mut product = product(code, 500);
    product.picture = Some(hash.to_string());
    let (row, size) = (product.clone(), u32::try_from(bytes.len()).unwrap());
    let operation = create_of(&product, 100);
    register.write(move |tx| {
        attachments::add(tx, hash, size, now_ms())?;
        products::put(tx, &row)?;
        enqueue(tx, &operation)
    });
    product
}

fn standing(register: &Register, hash: AttachmentHash) -> Attachment {
    register.read(move |conn| attachments::find(conn, hash)).expect("it is known here")
}

fn due_now(register: &Register) {
    register.write(|tx| attachments::retry_all(tx, now_ms()).map(drop));
}

/// One round of a program without a background.
async fn round(register: &Register, api: &Pieces<DeviceSession>) {
    let sync = register.start(api.clone(), Background::Off).await;
    sync.sync_now().await.expect("records never wait for pictures");
}

/// Rounds, each as if the next try were due, until nothing is left to carry.
async fn rounds_until_done(register: &Register, api: &Pieces<DeviceSession>) {
    for _ in 0..20 {
        due_now(register);
        round(register, api).await;
        if register.read(attachments::counts) == attachments::Counts::default() {
            return;
        }
    }
    panic!("a picture is still on its way: {:?}", register.read(|conn| attachments::list_open(conn, 10)));
}

async fn on_server(register: &Register, hash: AttachmentHash) -> bool {
    let asked = FetchPiece { offset: 0, limit: 1 };
    register.session().fetch_piece(hash, asked).await.expect("answered") != PieceGiven::NotHere
}

#[tokio::test]
async fn a_picture_added_on_one_register_reaches_another_that_has_only_its_name() {
    let town = Town::found();
    let (first, second) = (town.join("one").await, town.join("two").await);
    let bytes = picture(1);
    let hash = AttachmentHash::of(&bytes);
    add_pictured(&first, "MILK", &bytes);
    let ((there, _), (here, _)) = (over(&first), over(&second));
    first.write(|tx| attachments::rest(tx, AttachmentHash::of(&picture(1))));
    round(&first, &there).await;
    round(&second, &here).await;
    let waits = standing(&second, hash);
    assert_eq!(
        (waits.state, waits.error.as_deref()),
        (State::Wanted, Some("not_here")),
        "it waits for its sender"
    );
    assert!(folder(&second).read(hash).unwrap().is_none());

    first.write(move |tx| attachments::add(tx, hash, 150_003, now_ms()));
    rounds_until_done(&first, &there).await;
    rounds_until_done(&second, &here).await;
    assert_eq!(folder(&second).read(hash).unwrap(), Some(bytes), "the same bytes under the same name");
    assert_eq!(standing(&second, hash).state, State::Stored);
}

#[tokio::test]
async fn killed_after_any_piece_a_transfer_goes_on_there() {
    let bytes = picture(2);
    let hash = AttachmentHash::of(&bytes);
    let town = Town::found();
    let (mut first, mut second) = (town.join("one").await, town.join("two").await);
    add_pictured(&first, "MILK", &bytes);
    for upwards in [true, false] {
        let register = if upwards { &mut first } else { &mut second };
        let mut reached = 0;
        for kill in 0.. {
            let (api, road) = over(register);
            // One more piece comes through, then the line is dead until the program is.
            let through = if upwards && kill == 0 { 1 } else { usize::from(kill > 0) };
            road.plan(&vec![PieceFault::Doubled; through]);
            road.always(Some(PieceFault::LostRequest));
            due_now(register);
            let sync = register.start(api, Background::Off).await;
            sync.sync_now().await.expect("records never wait for pictures");
            let old = std::mem::replace(register, Register::new("gone"));
            *register = old.crash(sync).await;
            for (offset, _) in road.seen() {
                assert!(
                    offset >= reached,
                    "bytes below {reached} travelled already, and {offset} was asked for"
                );
            }
            let now = standing(register, hash);
            reached = now.offset_bytes;
            if now.state == State::Stored {
                assert!(kill > 3, "there were several pieces to be killed at");
                break;
            }
            assert!(kill < 50, "no piece brings it forward: {now:?}");
        }
    }
    assert_eq!(folder(&second).read(hash).unwrap(), Some(bytes));
}

#[tokio::test]
async fn after_any_faults_on_the_way_the_bytes_are_the_same_on_both_sides() {
    use PieceFault::{Busy, Doubled, LostReply, LostRequest, Portal, Spoilt};
    for fault in [LostReply, LostRequest, Doubled, Portal, Busy, Spoilt] {
        for place in 0..4 {
            let town = Town::found();
            let (first, second) = (town.join("one").await, town.join("two").await);
            let bytes = picture(3);
            let hash = AttachmentHash::of(&bytes);
            add_pictured(&first, "MILK", &bytes);
            for register in [&first, &second] {
                let (api, road) = over(register);
                road.plan(&vec![Doubled; place]);
                road.plan(&[fault]);
                rounds_until_done(register, &api).await;
                assert_eq!(standing(register, hash).state, State::Stored, "{fault:?} at piece {place}");
            }
            assert_eq!(
                folder(&second).read(hash).unwrap().as_ref(),
                Some(&bytes),
                "{fault:?} at piece {place}"
            );
        }
    }
}

#[tokio::test]
async fn bytes_that_are_always_spoilt_are_given_up_until_a_person_asks_again() {
    let town = Town::found();
    let (first, second) = (town.join("one").await, town.join("two").await);
    let bytes = picture(4);
    let hash = AttachmentHash::of(&bytes);
    add_pictured(&first, "MILK", &bytes);
    rounds_until_done(&first, &over(&first).0).await;
    let (api, road) = over(&second);
    road.always(Some(PieceFault::Spoilt));
    for _ in 0..2 {
        second.write(|tx| {
            tx.execute("UPDATE attachment SET next_due_at_ms = 0 WHERE state <> 'broken'", [])
                .map(drop)
                .map_err(Into::into)
        });
        round(&second, &api).await;
        assert_eq!(folder(&second).read(hash).unwrap(), None, "wrong bytes are never shown");
    }
    let given_up = standing(&second, hash);
    assert_eq!((given_up.state, given_up.error.as_deref()), (State::Broken, Some("wrong_hash")));
    road.seen();
    round(&second, &api).await;
    assert_eq!(road.seen(), [], "nobody tries for ever what cannot work");
    road.always(None);
    rounds_until_done(&second, &api).await;
    assert_eq!(folder(&second).read(hash).unwrap(), Some(bytes));
}

#[tokio::test]
async fn two_registers_that_add_the_same_picture_send_it_once() {
    let town = Town::found();
    let (first, second) = (town.join("one").await, town.join("two").await);
    let bytes = picture(5);
    let hash = AttachmentHash::of(&bytes);
    add_pictured(&first, "MILK", &bytes);
    add_pictured(&second, "CREAM", &bytes);
    rounds_until_done(&first, &over(&first).0).await;
    let (api, road) = over(&second);
    rounds_until_done(&second, &api).await;
    assert_eq!(road.seen(), [(0, 0)], "it asks, and hears that the server has it");
    assert_eq!(standing(&second, hash).state, State::Stored);
}

#[tokio::test]
async fn no_sale_waits_for_a_picture_that_never_gets_through() {
    for fault in [PieceFault::Hangs, PieceFault::Portal, PieceFault::LostRequest, PieceFault::Spoilt] {
        let town = Town::found();
        let till = town.join("till").await;
        till.hire("Aissatou");
        let bread = add_pictured(&till, "BREAD", &picture(6));
        let (api, road) = over(&till);
        road.always(Some(fault));
        let sync = till.start(api, Background::On).await;
        wait_synced(&sync).await;
        let mut set_out = road.set_out.subscribe();
        set_out.wait_for(|pieces| *pieces > 0).await.expect("a piece sets out");
        for _ in 0..5 {
            let sold = till.sell(&sync, &bread, 1, DEADLINE).await;
            assert!(matches!(sold.answer, CheckoutAnswer::Applied(_)), "{fault:?}: {:?}", sold.answer);
        }
        let status = wait_synced(&sync).await;
        assert!(status.online, "{fault:?}: what happens to a picture opens no breaker");
        assert_eq!(
            (status.attachments.to_send + status.attachments.broken, status.pending),
            (1, 0),
            "{fault:?}"
        );
        sync.shut_down(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn bytes_that_are_gone_from_a_register_come_back_from_the_server() {
    let town = Town::found();
    let till = town.join("till").await;
    let bytes = picture(7);
    let hash = AttachmentHash::of(&bytes);
    add_pictured(&till, "MILK", &bytes);
    let (api, _) = over(&till);
    rounds_until_done(&till, &api).await;
    folder(&till).remove(hash).unwrap();
    till.write(move |tx| attachments::lost(tx, hash, now_ms()));
    rounds_until_done(&till, &api).await;
    assert_eq!(folder(&till).read(hash).unwrap(), Some(bytes));
}

#[tokio::test]
async fn bytes_that_lie_here_already_are_not_fetched() {
    let town = Town::found();
    let (first, second) = (town.join("one").await, town.join("two").await);
    let bytes = picture(10);
    let hash = AttachmentHash::of(&bytes);
    add_pictured(&first, "MILK", &bytes);
    rounds_until_done(&first, &over(&first).0).await;
    folder(&second).keep(hash, &bytes).unwrap();
    let (api, road) = over(&second);
    rounds_until_done(&second, &api).await;
    assert_eq!(road.seen(), [(0, 0)], "it only asks whether the server has them");
    assert_eq!(standing(&second, hash).state, State::Stored);
}

#[tokio::test]
async fn a_server_of_a_time_before_pictures_is_asked_for_none() {
    let town = Town::found();
    let till = town.join("till").await;
    add_pictured(&till, "MILK", &picture(8));
    let road = Arc::new(PieceRoad { older: true, ..PieceRoad::default() });
    let api = Pieces { server: till.session(), road: Arc::clone(&road) };
    round(&till, &api).await;
    assert_eq!(road.seen(), [], "it would not understand");
    assert_eq!(till.counts().unsynced(), 0, "its product is there all the same");
    rounds_until_done(&till, &over(&till).0).await;
}

#[tokio::test]
async fn a_server_that_was_restored_is_offered_every_picture_again() {
    let town = Town::found();
    let mut till = town.join("till").await;
    till.part();
    let (town, backup) = town.back_up();
    till.meet(&town.server).await;
    let bytes = picture(9);
    let hash = AttachmentHash::of(&bytes);
    add_pictured(&till, "MILK", &bytes);
    rounds_until_done(&till, &over(&till).0).await;
    assert!(on_server(&till, hash).await);

    till.meet(&backup.server).await;
    assert!(!on_server(&till, hash).await, "the copy is older than the picture");
    let sync = till.start(Restored(till.session()), Background::Off).await;
    sync.sync_now().await.expect("a round with the restored server");
    assert!(on_server(&till, hash).await, "whoever has the bytes brings them again");
}
