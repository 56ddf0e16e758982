//! The commands of what happens after a sale: refunds, exchanges and voids, and the lives of things that bear numbers.

use pos_app::{App, Permission};

use crate::list::{Access, Command, command};
use crate::request::{
    CompleteRefund, DraftRefund, FindSerial, ListSerials, NoteSerial, QuoteRefund, SetSerials, TakeTradeIn,
    VoidSale,
};

/// This room's part of the list.
pub(crate) fn after_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{EditCatalogue, Look, Refund, Sell, VoidSale as MayVoid};
    vec![
        command("refund.draft", Sell, Read, |a: App, r: DraftRefund| async move {
            a.draft_refund(&r.number).await
        }),
        command("refund.quote", Sell, Read, |a: App, r: QuoteRefund| async move {
            a.quote_refund(r.what()).await
        }),
        command("refund.complete", Refund, Write, |a: App, r: CompleteRefund| async move {
            a.complete_refund(r.wish()).await
        })
        .or_approval(),
        command("sale.void", MayVoid, Write, |a: App, r: VoidSale| async move {
            a.void_sale(r.request_id, &r.number, r.reason, r.approval_id).await
        })
        .or_approval(),
        command("cart.set_serials", Sell, Write, |a: App, r: SetSerials| async move {
            a.set_serials(r.line_id, r.serials).await
        }),
        command(
            "cart.trade_in",
            Sell,
            Write,
            |a: App, r: TakeTradeIn| async move { a.trade_in(r.taken()).await },
        ),
        command("serial.list", Look, Read, |a: App, r: ListSerials| async move {
            a.list_serials(&r.search, r.limit).await
        }),
        command(
            "serial.find",
            Look,
            Read,
            |a: App, r: FindSerial| async move { a.find_serial(&r.serial).await },
        ),
        command("serial.note", EditCatalogue, Write, |a: App, r: NoteSerial| async move {
            a.note_serial(&r.serial, r.code, r.change, r.note).await
        }),
    ]
}
