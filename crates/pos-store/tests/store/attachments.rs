//! The queue of pictures, and their bytes beside the database.

use pos_domain::{AttachmentHash, Product};
use pos_store::attachment_files::{Arrived, AttachmentFolder};
use pos_store::attachments::{self, Counts, State};
use pos_store::products;

use crate::kit::{NOW, Register, product};

const MONTH_MS: i64 = 30 * 24 * 60 * 60 * 1_000;

fn hash(n: u8) -> AttachmentHash {
    AttachmentHash::of(&[n])
}

fn pictured(n: u128, picture: AttachmentHash, favourite: bool) -> Product {
    let code = format!("P{n}");
    Product { picture: Some(picture.to_string()), favourite, ..product(n, &code, &code) }
}

fn put(register: &Register, product: &Product) {
    let product = product.clone();
    register.write(move |tx| products::put(tx, &product));
}

fn state(register: &Register, hash: AttachmentHash) -> Option<(State, Option<i64>)> {
    register.read(move |conn| attachments::find(conn, hash)).map(|one| (one.state, one.next_due_at_ms))
}

#[test]
fn a_name_alone_makes_bytes_wanted_and_those_of_favourites_first() {
    let register = Register::new();
    put(&register, &pictured(10, hash(1), false));
    put(&register, &pictured(11, hash(2), true));
    put(
        &register,
        &Product { picture: Some("pictures/drawing.svg".to_owned()), ..product(12, "D", "Drawing") },
    );
    assert_eq!(state(&register, hash(1)), Some((State::Wanted, Some(0))));
    let due = register.read(|conn| attachments::find_due(conn, NOW)).expect("two are due");
    assert_eq!(due.hash, hash(2), "customers see the favourites");
    let counts = register.read(attachments::counts);
    assert_eq!(counts, Counts { to_fetch: 2, ..Counts::default() }, "a drawing is built in");
}

#[test]
fn bytes_added_here_travel_once_a_product_names_them() {
    let register = Register::new();
    register.write(|tx| attachments::add(tx, hash(1), 500, NOW));
    assert_eq!(state(&register, hash(1)), Some((State::Local, None)));
    assert_eq!(register.read(attachments::counts), Counts::default(), "nobody waits for what nobody names");
    put(&register, &pictured(10, hash(1), false));
    assert_eq!(state(&register, hash(1)), Some((State::Local, Some(0))));
    register.write(|tx| attachments::stored(tx, hash(1), 500, NOW));
    register.write(|tx| attachments::add(tx, hash(1), 500, NOW));
    assert_eq!(state(&register, hash(1)), Some((State::Stored, None)), "adding it again sends nothing again");
    let other = pictured(11, hash(1), false);
    put(&register, &other);
    assert_eq!(
        state(&register, hash(1)),
        Some((State::Local, Some(0))),
        "whoever names a picture anew offers its bytes: the server may have thrown them away"
    );
    register.write(|tx| attachments::stored(tx, hash(1), 500, NOW));
    put(&register, &Product { name: "Another name".to_owned(), ..other });
    assert_eq!(state(&register, hash(1)), Some((State::Stored, None)), "an edit of something else does not");
}

#[test]
fn what_no_product_names_goes_after_its_time_and_nothing_else_does() {
    let register = Register::new();
    for n in [1, 2, 3] {
        register.write(move |tx| attachments::add(tx, hash(n), 500, NOW));
    }
    put(&register, &pictured(10, hash(1), false));
    let gone = pictured(11, hash(2), false);
    put(&register, &gone);
    register.write(move |tx| products::remove(tx, gone.product_id));
    assert!(
        !register.read(|conn| attachments::has_unnamed(conn, NOW)),
        "an hour ago somebody may have meant to"
    );
    let later = NOW + MONTH_MS;
    assert!(register.read(move |conn| attachments::has_unnamed(conn, later)));
    let mut forgotten = register.write(move |tx| attachments::forget_unnamed(tx, later, 10));
    forgotten.sort();
    let mut expected = [hash(2), hash(3)];
    expected.sort();
    assert_eq!(forgotten, expected);
    assert!(state(&register, hash(1)).is_some() && state(&register, hash(2)).is_none());
}

#[test]
fn pieces_that_come_twice_late_or_after_a_kill_make_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let files = AttachmentFolder::of(folder.path());
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    let hash = AttachmentHash::of(&bytes);
    assert_eq!(files.arrived_bytes(hash).unwrap(), 0);
    files.arrive(hash, 0, &bytes[..6_000]).unwrap();
    files.arrive(hash, 0, &bytes[..4_000]).unwrap();
    assert_eq!(files.arrived_bytes(hash).unwrap(), 4_000, "the file ends where the last piece did");
    assert!(files.arrive(hash, 9_000, &bytes[9_000..]).is_err(), "no hole is ever made");
    let again = AttachmentFolder::of(folder.path());
    assert_eq!(again.read(hash).unwrap(), None, "what is arriving has no name yet");
    again.arrive(hash, 4_000, &bytes[4_000..]).unwrap();
    assert_eq!(again.finish(hash).unwrap(), Arrived::Whole);
    assert_eq!(again.read(hash).unwrap(), Some(bytes.clone()));
    assert_eq!(again.read_piece(hash, 9_990, 100).unwrap(), bytes[9_990..]);
    assert_eq!(again.arrived_bytes(hash).unwrap(), 0);
}

#[test]
fn bytes_that_are_not_what_their_name_says_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let files = AttachmentFolder::of(folder.path());
    let hash = AttachmentHash::of(b"milk");
    files.arrive(hash, 0, b"MILK").unwrap();
    assert_eq!(files.finish(hash).unwrap(), Arrived::Spoilt);
    assert_eq!(files.arrived_bytes(hash).unwrap(), 0, "nothing of it is kept");
    files.keep(hash, b"milk").unwrap();
    let path = folder.path().join("attachments").join(&hash.to_string()[..2]).join(hash.to_string());
    std::fs::write(&path, b"mold").unwrap();
    assert_eq!(files.read(hash).unwrap(), None, "a disk that changed a byte shows no picture");
    files.keep(hash, b"milk").unwrap();
    assert_eq!(files.read(hash).unwrap().as_deref(), Some(&b"milk"[..]));
    files.remove(hash).unwrap();
    files.remove(hash).unwrap();
    assert_eq!(files.read(hash).unwrap(), None);
}
