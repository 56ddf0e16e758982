//! Taking back what the server was asked for.

use pos_protocol::{OpVerdict, RejectReason, Verdict};
use pos_store::queue::{self, OpMode, OpState};
use pos_sync::{Answered, End, apply_verdict};

use crate::town::{Town, now_ms};

/// The model of the checkout found it (docs/MODEL.md): the cart had been given back, and a dead letter stayed that no
/// person could do anything about.
#[tokio::test]
async fn a_withdrawal_of_what_the_server_had_refused_anyway_is_over_and_no_dead_letter() {
    let town = Town::found();
    let register = town.join("till").await;
    register.hire("Aissatou");
    let bread = register.create_product("BREAD", 500, 5);
    for reason in [RejectReason::Withdrawn, RejectReason::Validation, RejectReason::UnknownReference] {
        let document = register.document(&bread, 1);
        let (sale_id, (op_id, _)) = (document.head.sale_id, register.confirm(&document, OpMode::Admit, &[]));
        let end = register.write(move |tx| {
            queue::latch_to_withdraw(tx, op_id, now_ms())?;
            pos_store::sales::roll_back(tx, sale_id, "sale.needs_server", &serde_json::json!({}), now_ms())?;
            let claimed = queue::claim_one(tx, op_id, now_ms() + 60_000)?;
            let answered =
                claimed.last().map(Answered::from).expect("it goes to the server, as a withdrawal");
            let verdict = Verdict::Rejected { reason, field: None, detail: String::new() };
            let verdict = OpVerdict { op_id, duplicate: true, verdict };
            Ok(apply_verdict(tx, &answered, &verdict, now_ms())?.end)
        });
        assert_eq!(end, End::Settled, "{reason:?}");
        let row = register.read(move |conn| queue::find(conn, op_id)).expect("it stays on record");
        assert_eq!(row.state, OpState::Rejected, "{reason:?}");
    }
}
