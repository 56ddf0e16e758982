//! The commands of the drawer: shifts, cash in and out, X and Z reports.

use pos_app::{App, Permission};

use crate::list::{Access, Command, command};
use crate::request::{
    CloseShift, CountCash, GetZ, ListZ, MoveCash, Nothing, OpenShift, PrintDrawerReport, SaveDrawerReport,
};

/// This room's part of the list.
pub(crate) fn till_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{Look, MoveCash as MayMove, OperateShift, Sell};
    vec![
        command("shift.current", Sell, Read, |a: App, _: Nothing| async move { a.current_shift().await }),
        command("shift.state", Sell, Read, |a: App, _: Nothing| async move { a.drawer_state().await }),
        command("cash.count", Sell, Read, |a: App, r: CountCash| async move {
            a.count_cash(r.counted(), r.expected)
        }),
        command("shift.open", OperateShift, Write, |a: App, r: OpenShift| async move {
            a.open_shift(r.request_id, r.counted(), r.approval_id).await
        })
        .or_approval(),
        command("cash.move", MayMove, Write, |a: App, r: MoveCash| async move {
            a.move_cash(r.request_id, r.moved(), r.approval_id).await
        })
        .or_approval(),
        command("shift.close", OperateShift, Write, |a: App, r: CloseShift| async move {
            a.close_shift(r.request_id, r.close(), r.approval_id).await
        })
        .or_approval(),
        command("report.x", Sell, Read, |a: App, _: Nothing| async move { a.report_x().await }),
        command(
            "report.z",
            Look,
            Read,
            |a: App, r: GetZ| async move { a.report_z(r.z.map(u64::from)).await },
        ),
        command(
            "report.list_z",
            Look,
            Read,
            |a: App, r: ListZ| async move { a.list_z(r.skip, r.limit).await },
        ),
        command("report.print", Sell, Write, |a: App, r: PrintDrawerReport| async move {
            a.print_drawer_report(r.z.map(u64::from)).await
        }),
        command("report.save", Look, Read, |a: App, r: SaveDrawerReport| async move {
            a.save_drawer_report(r.z.map(u64::from), r.path).await
        }),
    ]
}
