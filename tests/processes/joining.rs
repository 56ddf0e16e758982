//! Joining: over TLS by the key that the owner carried to the register, and again after the power went in the middle.

use std::time::Duration;

use anyhow::Result;
use pos_testkit::process::Said;
use pos_testkit::proxy::{Fault, Proxy};
use pos_testkit::register::Register;
use pos_testkit::server::Server;
use serde_json::json;

use crate::books;

/// Most that a pairing takes to reach the server. Only a hang reaches it.
const HANG: Duration = Duration::from_secs(60);

#[test]
fn a_register_trusts_the_key_that_its_invitation_names_and_no_other() -> Result<()> {
    let mut server = Server::start_sealed()?;
    let first = Register::shop("EUR", "fr-FR")?;
    first.tell(&[
        "product",
        "import",
        &first.file("shelf.csv", "code,name,price,stock\nTEA,Tea,1.00,100\n")?,
    ])?;
    let (url, code) = server.invite()?;
    assert!(
        url.starts_with("https://") && url.contains("#pin-sha256="),
        "the address carries the pin: {url}"
    );
    let joined = first.tell(&["connect", "--server", &url, "--code", &code])?;
    assert_eq!(joined["pinned"], true, "{joined}");
    let sell = ["sell", "--line", "TEA", "--tender", "cash:1.00"];
    assert_eq!(first.tell(&sell)?["sync"], "applied", "sold over TLS");

    // Another pin, and no pin at all: nobody joins, and the code is not given away.
    let (_, code) = server.invite()?;
    let (address, pin) = url.split_once("sha256=").unwrap_or_default();
    let first_letter = if pin.starts_with('A') { 'B' } else { 'A' };
    let another = format!("{address}sha256={first_letter}{}", &pin[1..]);
    for wrong in [another.as_str(), &server.url()] {
        let second = Register::new()?;
        let said = second.run(&["init", "--join", &code, "--server", wrong, "--register", "Second"])?;
        assert_eq!(said.document(4)?["error"]["code"], "sync.wrong_certificate", "{wrong}: {said:?}");
        assert_eq!(server.registers()?.len(), 1, "{wrong}: the server has not even been asked");
    }
    let second = Register::new()?;
    second.tell(&["init", "--join", &code, "--server", &url, "--register", "Second"])?;
    assert_eq!(second.tell(&sell)?["sync"], "applied", "the same code, with the right key");

    // Somebody else under the same address, with a certificate of his own.
    server.stop()?;
    let (keys, kept) = (server.data().join("tls"), server.data().join("tls.kept"));
    std::fs::rename(&keys, &kept)?;
    server.start_again()?;
    assert_eq!(second.tell(&sell)?["sync"], "queued", "the register sells all the same");
    assert_eq!(second.fails(&["sync"], 4)?["code"], "sync.wrong_certificate", "and tells him nothing");
    server.stop()?;
    std::fs::remove_dir_all(&keys)?;
    std::fs::rename(&kept, &keys)?;
    server.start_again()?;
    assert_eq!(second.tell(&["sync"])?["pushed"], 1, "its own server is known again");
    first.tell(&["sync"])?;
    books::agree(&server, &[&first, &second])?;
    Ok(())
}

#[test]
fn a_register_cut_off_while_it_joins_joins_again_as_the_same() -> Result<()> {
    for (fault, arrives) in CUTS {
        let server = Server::start()?;
        let first = Register::shop("EUR", "fr-FR")?;
        first.connect(&server, &server.url())?;
        let way = Proxy::lay_sealed(server.address())?;
        let register = Register::new()?;
        let code = server.pair()?;
        let join = |code: &str| {
            register.begin(&["init", "--join", code, "--server", &way.url(), "--register", "Second"])
        };
        way.always(Some(fault.clone()));
        cut_off(&way, &fault, join(&code)?)?;
        assert_eq!(
            server.registers()?.len(),
            1 + usize::from(arrives),
            "{fault:?}: what the server knows by now"
        );
        way.behave();
        let again = if arrives {
            let refused = join(&code)?.finish()?.document(3)?;
            assert_eq!(refused["error"]["code"], "join.code_refused", "{fault:?}: a code is good once");
            server.pair()?
        } else {
            code
        };
        let joined = join(&again)?.finish()?.document(0)?;
        assert_eq!(joined["joined"], true, "{fault:?}: and it is in");
        assert_eq!(joined["series"], "R2", "{fault:?}: no series is lost to nobody");
        assert_eq!(
            server.registers()?.len(),
            2,
            "{fault:?}: as the one that it was: {:?}",
            server.registers()?
        );
        assert_eq!(register.tell(&["sync"])?["refused"], 0);
    }
    Ok(())
}

#[test]
fn a_shop_cut_off_while_it_is_given_to_a_server_is_given_again() -> Result<()> {
    for (fault, _) in CUTS {
        let server = Server::start()?;
        let way = Proxy::lay(server.address())?;
        let register = Register::shop("EUR", "fr-FR")?;
        register.tell(&[
            "product",
            "import",
            &register.file("shelf.csv", "code,name,price,stock\nTEA,Tea,1.00,9\n")?,
        ])?;
        let sell = ["sell", "--line", "TEA", "--tender", "cash:1.00"];
        assert_eq!(register.tell(&sell)?["number"], "R1-000001");
        let connect = |code: &str| register.begin(&["connect", "--server", &way.url(), "--code", code]);
        way.always(Some(fault.clone()));
        cut_off(&way, &fault, connect(&server.pair()?)?)?;
        assert_eq!(register.tell(&sell)?["sync"], "queued", "{fault:?}: the shop goes on");
        way.behave();
        let joined = connect(&server.pair()?)?.finish()?.document(0)?;
        assert_eq!(joined["series"], "R1", "{fault:?}: it keeps its numbers");
        assert_eq!(server.registers()?.len(), 1, "{fault:?}: one register");
        register.tell(&["sync"])?;
        assert_eq!(register.tell(&sell)?["sync"], "applied");
        let agreed = books::agree(&server, &[&register])?;
        assert_eq!(agreed.documents.len(), 3, "{fault:?}: each sale once");
    }
    Ok(())
}

/// Ways in which the first attempt ends, and whether the server has taken it by then. Where nothing comes back the
/// register is killed (kill -9) while it waits.
const CUTS: [(Fault, bool); 6] = [
    (Fault::LoseReply, true),
    (Fault::CutReply, true),
    (Fault::ResetReply, true),
    (Fault::SilenceAfter, true),
    (Fault::LoseRequest, false),
    (Fault::Silence, false),
];

/// Ends the attempt as the fault wants it.
fn cut_off(way: &Proxy, fault: &Fault, attempt: pos_testkit::process::Running) -> Result<()> {
    if matches!(fault, Fault::Silence | Fault::SilenceAfter) {
        way.wait_for_silences(1, HANG)?;
        let Said { code, out, .. } = attempt.cut_short()?;
        assert_eq!((code, out.as_str()), (None, ""), "it was killed while it waited");
        return Ok(());
    }
    let error = attempt.finish()?.document(4)?;
    assert_eq!(
        error["error"]["retryable"],
        json!(true),
        "{fault:?}: it says that it may be tried again: {error}"
    );
    Ok(())
}
