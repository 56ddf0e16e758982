//! The demo shop that has a past.

use crate::shell::Shell;

#[test]
fn a_demo_shop_with_a_past_has_old_debts_a_z_and_an_open_drawer_and_every_document_is_right() {
    let shell = Shell::empty();
    shell.done(&["init", "--demo", "--with-past"]);

    let debts = shell.done(&["debt", "list"]);
    assert_eq!(debts["debtors"], 3, "{debts}");
    assert_ne!(debts["ageing"]["over_90"], "0", "somebody owes for more than three months: {debts}");
    assert_ne!(debts["ageing"]["current"], "0", "and somebody bought lately: {debts}");

    let z = shell.done(&["report", "z", "1"]);
    assert_eq!(z["difference"], "-1000", "the drawer was counted, and a little was missing: {z}");
    let now = shell.done(&["shift", "state"]);
    assert_eq!(now["open"]["cashier"], "Hadja Mariam Soumah", "today's drawer is open: {now}");
    shell.verify();
}
