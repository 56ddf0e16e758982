//! A disk that is full or broken at any call of a checkout.
//!
//! The cashier hears one of three things. Sold: then it is there. Refused: then nothing is, and the cart is. Unknown:
//! then the next press of the same button says which. In every case the register sells on once the disk works again.

use pos_app::view::SaleCompleted;
use pos_app::{AppError, ErrorCode, OpenAccess};
use pos_domain::RequestId;
use pos_testkit::chance::seeded;
use pos_testkit::crash::{Fault, Image, Lasts, Syncs, Trouble};
use rand::rngs::StdRng;

use crate::till::{PLENTY, Place, Till, books, faults, next_number, numbers, open, sell_one};

/// Where the choices of the power cuts come from.
const SEED: u64 = 0xBAD_D15C;

/// What was heard, for all faults.
#[derive(Debug, Default)]
struct Heard {
    /// Calls that met the fault: for once, and until it was repaired.
    calls: Vec<u64>,
    sold: u32,
    refused: u32,
    unknown: u32,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_on_a_disk_that_is_full_at_any_call_is_sold_or_refused_and_the_register_sells_on() {
    let heard = checkouts(Trouble::Full).await;
    println!("{heard:?}");
    assert!(heard.sold > 0 && heard.unknown > 0, "a full disk found room again, or did not: {heard:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_on_a_disk_that_breaks_at_any_call_is_sold_or_refused_and_the_register_sells_on() {
    let heard = checkouts(Trouble::Broken).await;
    println!("{heard:?}");
    assert!(heard.refused > 0 && heard.unknown > 0, "faults before and in COMMIT were met: {heard:?}");
}

/// The same checkout again and again, with a fault at each of its calls.
async fn checkouts(trouble: Trouble) -> Heard {
    let mut chance = seeded(SEED);
    let till = Till::demo().await;
    sell_one(&till.app, PLENTY[0]).await.unwrap();
    till.app.scan(PLENTY[0]).await.unwrap();
    till.app.scan(PLENTY[1]).await.unwrap();
    let (mut place, disk) = till.close().await;
    let counter = disk.killed(disk.now().unwrap()).unwrap();
    let mut heard = Heard::default();
    for lasts in [Lasts::Once, Lasts::UntilRepaired] {
        let (mut nth, mut struck) = (0, true);
        while struck {
            nth += 1;
            let fault = Fault { trouble, nth, lasts };
            (place, struck) = checkout(place, &counter, fault, &mut heard, &mut chance).await;
        }
        heard.calls.push(nth - 1);
        assert!(nth > 5, "a checkout asks the disk for more than that");
    }
    heard
}

/// One checkout that meets a fault; whether it did.
async fn checkout(
    place: Place,
    counter: &Image,
    fault: Fault,
    heard: &mut Heard,
    chance: &mut StdRng,
) -> (Place, bool) {
    let disk = place.put_back(counter);
    let till = Till::open(place, disk).await.unwrap();
    let (request, tenders): (RequestId, _) = (till.app.new_id(), till.cash().await);
    let before = books(&till.app).await.unwrap();
    till.disk.fail(fault);
    let answer = till.app.complete_sale(request, tenders.clone()).await.map(|outcome| outcome.value);
    let at = till.disk.now().unwrap();
    let has_struck = till.disk.repair();

    let there = tempfile::tempdir().unwrap();
    till.disk.killed(at).unwrap().lay_out(there.path()).unwrap();
    let there = open(there.path(), OpenAccess::Read).await.unwrap();
    let sold = numbers(&there).await;
    match meaning(&answer) {
        Meaning::Sold(number) => {
            heard.sold += 1;
            assert_eq!(sold.last(), Some(&number), "{fault:?}: what was sold is there");
        }
        Meaning::Refused => {
            heard.refused += 1;
            assert_eq!(books(&there).await.unwrap(), before, "{fault:?}: nothing was sold, {answer:?}");
        }
        Meaning::Unknown => {
            heard.unknown += 1;
            assert!(sold.len() == 1 || sold.len() == 2, "{fault:?}: one sale or none, {sold:?}");
        }
    }

    let again = till.app.complete_sale(request, tenders).await;
    let again = again.unwrap_or_else(|e| panic!("{fault:?}: {answer:?}, and then again {e:?}")).value;
    assert_eq!(again.number, next_number(1), "{fault:?}: one press is one sale, {answer:?}");
    let next = sell_one(&till.app, PLENTY[2]).await.unwrap();
    assert_eq!(next.number, next_number(2), "{fault:?}: the register sells on without a gap");
    assert_eq!(faults(&till.app).await, [""; 0], "{fault:?}: the file agrees with itself");

    if fault.trouble == Trouble::Full {
        return (till.close().await.0, has_struck);
    }
    // What a failed synchronisation had left in doubt must not come to light later.
    let told = books(&till.app).await.unwrap();
    let cut = till.disk.power_cut(till.disk.now().unwrap(), Syncs::Kept, chance).unwrap();
    let (place, _) = till.close().await;
    let disk = place.put_back(&cut);
    let after = Till::open(place, disk).await.unwrap();
    assert_eq!(books(&after.app).await.unwrap(), told, "{fault:?}: all of it survives a power cut");
    assert_eq!(faults(&after.app).await, [""; 0], "{fault:?}: and the file is sound");
    (after.close().await.0, has_struck)
}

/// What an answer tells the cashier.
pub(crate) enum Meaning {
    Sold(String),
    Refused,
    Unknown,
}

/// Anything else than these is no answer to a disk in trouble.
pub(crate) fn meaning(answer: &Result<SaleCompleted, AppError>) -> Meaning {
    match answer {
        Ok(sold) => Meaning::Sold(sold.number.clone()),
        Err(e) if e.code == ErrorCode::StorageUnknownOutcome => Meaning::Unknown,
        Err(e) if [ErrorCode::StorageDiskFull, ErrorCode::StorageFailed].contains(&e.code) => {
            Meaning::Refused
        }
        Err(e) => panic!("no answer to a disk in trouble: {e:?}"),
    }
}
