//! Every command of a register, once: name, permission, access, function. Each function hands over and returns.

use std::sync::LazyLock;

use pos_app::{AccountMoney, App, Days, Outcome, Permission};

use crate::after::after_commands;
use crate::list::{Access, Command, command};
use crate::people::people_commands;
use crate::request::{
    AddPicture, AddProduct, AskStatement, CompleteSale, ConnectShop, CreateCategory, CreateCustomer,
    CreateDemo, CreateProduct, CreateShop, CustomerSales, DiscardOperation, EditAndResend, ExportAccounts,
    ExportQueue, FindCustomer, FindProduct, FindSale, GetPicture, GetReceipt, JoinShop, Latest, ListAccounts,
    ListConflicts, ListCustomers, ListDead, ListHealth, ListProducts, ListQueue, ListSales, Nothing,
    OneConflict, OneCustomer, OneOperation, OnePayment, OnePrintJob, OneProduct, PayAccount, PreviewImport,
    PreviewSettlement, PrintLabels, QuickCash, RecallCart, ReopenConflict, ResolveConflict, RestoreBackup,
    RetryOperation, RunImport, RunReplay, RunVerify, SaveLabels, SaveReceipt, SaveStatement, ScanCode,
    SellLines, SetAlerts, SetBackupFolder, SetCartCustomer, SetCartDiscount, SetCartNote, SetDevice, SetLine,
    SetLineNote, SetLogo, SetPack, SetPrice, SetSetting, SetStrategy, TryBarcodeRule, UpdateCategory,
    UpdateCustomer, UpdateProduct,
};
use crate::till::till_commands;

static COMMANDS: LazyLock<Vec<Command>> = LazyLock::new(|| {
    [
        shop_commands(),
        people_commands(),
        cart_commands(),
        sale_commands(),
        printing_commands(),
        after_commands(),
        till_commands(),
        catalogue_commands(),
        customer_commands(),
        picture_commands(),
        sync_commands(),
        recovery_commands(),
    ]
    .into_iter()
    .flatten()
    .collect()
});

/// The list, in the order of the shop's day.
pub fn commands() -> &'static [Command] {
    &COMMANDS
}

/// The command of a name.
pub fn find_command(name: &str) -> Option<&'static Command> {
    commands().iter().find(|c| c.name == name)
}

fn shop_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{ChangeSettings, Look};
    vec![
        command("app.state", Look, Read, |a: App, _: Nothing| async move { a.state().await }).while_locked(),
        command("shop.create_demo", Look, Write, |a: App, r: CreateDemo| async move {
            a.create_demo(r.language).await
        }),
        command("shop.create", Look, Write, |a: App, r: CreateShop| async move {
            a.create_shop(&r.name, &r.currency, &r.locale, r.prices_include_tax, &r.cashier).await
        }),
        command("shop.join", Look, Write, |a: App, r: JoinShop| async move {
            a.join_shop(&r.server, &r.code, &r.register).await
        }),
        command("shop.connect", ChangeSettings, Write, |a: App, r: ConnectShop| async move {
            a.connect_shop(&r.server, &r.code).await
        }),
        command("setting.set", ChangeSettings, Write, |a: App, r: SetSetting| async move {
            a.set_setting(&r.key, r.value).await
        }),
        command(
            "setting.strategies",
            Look,
            Read,
            |a: App, _: Nothing| async move { a.list_strategies().await },
        ),
        command("setting.set_strategy", ChangeSettings, Write, |a: App, r: SetStrategy| async move {
            a.set_strategy(&r.entity, &r.field, r.strategy).await
        }),
        command(
            "device.set",
            Look,
            Write,
            |a: App, r: SetDevice| async move { a.set_device(r.settings).await },
        ),
        command("verify.run", Look, Read, |a: App, r: RunVerify| async move { a.verify(r.full).await }),
        command("quote.calculate", Look, Read, |_: App, r: pos_app::view::QuoteRequest| async move {
            pos_app::quote::quote(&r).map(Outcome::read)
        }),
    ]
}

fn recovery_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{ChangeSettings, Look, OperateSync};
    vec![
        command("backup.list", Look, Read, |a: App, _: Nothing| async move { a.list_backups().await }),
        command("backup.make", OperateSync, Write, |a: App, _: Nothing| async move { a.make_backup().await }),
        command("backup.restore", ChangeSettings, Write, |a: App, r: RestoreBackup| async move {
            a.restore_backup(&r.name).await
        }),
        command("backup.set_folder", ChangeSettings, Write, |a: App, r: SetBackupFolder| async move {
            a.set_backup_folder(r.folder).await
        }),
        command("recovery.report", Look, Read, |a: App, _: Nothing| async move { a.recovery().await }),
        command(
            "recovery.seen",
            OperateSync,
            Write,
            |a: App, _: Nothing| async move { a.recovery_seen().await },
        ),
        command(
            "recovery.go_on",
            ChangeSettings,
            Write,
            |a: App, _: Nothing| async move { a.go_on_here().await },
        ),
    ]
}

fn cart_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{OverridePrice, Sell};
    vec![
        command("cart.get", Sell, Read, |a: App, _: Nothing| async move { a.cart().await }),
        command("cart.scan", Sell, Write, |a: App, r: ScanCode| async move { a.scan(&r.code).await }),
        command("cart.add", Sell, Write, |a: App, r: AddProduct| async move {
            a.add_product(r.product_id, r.qty).await
        }),
        command("cart.set_line", Sell, Write, |a: App, r: SetLine| async move {
            a.set_line(r.line_id, r.qty, r.discount, r.clear_discount, r.approval_id).await
        }),
        command("cart.set_price", OverridePrice, Write, |a: App, r: SetPrice| async move {
            a.set_price(r.line_id, r.unit_price, r.approval_id).await
        })
        .or_approval(),
        command("cart.settle_preview", Sell, Read, |a: App, r: PreviewSettlement| async move {
            a.settle_preview(r.amounts.into_iter().map(|given| (given.kind, given.amount)).collect()).await
        }),
        command(
            "cart.quick_cash",
            Sell,
            Read,
            |a: App, r: QuickCash| async move { a.quick_cash(r.amount).await },
        ),
        command("cart.set_discount", Sell, Write, |a: App, r: SetCartDiscount| async move {
            a.set_cart_discount(r.discount, r.approval_id).await
        }),
        command("cart.set_customer", Sell, Write, |a: App, r: SetCartCustomer| async move {
            a.set_cart_customer(r.customer_id).await
        }),
        command("cart.set_note", Sell, Write, |a: App, r: SetCartNote| async move {
            a.set_cart_note(r.note).await
        }),
        command("cart.set_pack", Sell, Write, |a: App, r: SetPack| async move {
            a.set_pack(r.line_id, r.unit, r.size).await
        }),
        command("cart.set_line_note", Sell, Write, |a: App, r: SetLineNote| async move {
            a.set_line_note(r.line_id, r.note).await
        }),
        command("barcode.try", Permission::Look, Read, |a: App, r: TryBarcodeRule| async move {
            a.try_barcode_rule(r.rule, r.code).await
        }),
        command("cart.clear", Sell, Write, |a: App, _: Nothing| async move { a.clear_cart().await }),
        command("cart.undo", Sell, Write, |a: App, _: Nothing| async move { a.undo_cart().await }),
        command("cart.hold", Sell, Write, |a: App, _: Nothing| async move { a.hold_cart().await }),
        command("cart.held", Sell, Read, |a: App, _: Nothing| async move { a.held_carts().await }),
        command(
            "cart.recall",
            Sell,
            Write,
            |a: App, r: RecallCart| async move { a.recall_cart(r.cart_id).await },
        ),
    ]
}

fn sale_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{EditCatalogue, Look, Sell};
    vec![
        command("sale.complete", Sell, Write, |a: App, r: CompleteSale| async move {
            a.complete_sale(r.request_id, r.tenders).await
        }),
        command("sale.sell", Sell, Write, |a: App, r: SellLines| async move {
            let lines = r.lines.into_iter().map(|l| (l.code, l.qty, l.unit_price)).collect();
            let tenders = r.tenders.into_iter().map(|t| (t.kind, t.amount, t.reference)).collect();
            a.sell_lines(r.request_id, lines, r.customer, tenders).await
        }),
        command("sale.list", Look, Read, |a: App, r: ListSales| async move {
            a.list_sales(r.search, r.after, r.limit).await
        }),
        command(
            "sale.receipt",
            Look,
            Read,
            |a: App, r: GetReceipt| async move { a.receipt(r.sale_id).await },
        ),
        command("sale.find", Look, Read, |a: App, r: FindSale| async move { a.find_sale(r.number).await }),
        command("receipt.print", Sell, Write, |a: App, r: GetReceipt| async move {
            a.print_receipt(r.sale_id).await
        }),
        command("receipt.save", Sell, Write, |a: App, r: SaveReceipt| async move {
            a.save_receipt(r.sale_id, r.format, r.path).await
        }),
        command("replay.run", EditCatalogue, Write, |a: App, r: RunReplay| async move {
            a.replay(r.text, r.file_name).await
        }),
    ]
}

fn printing_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{ChangeSettings, EditCatalogue, Look, Sell};
    vec![
        command("display.get", Look, Read, |a: App, _: Nothing| async move { a.display().await }),
        command("print.list", Look, Read, |a: App, r: Latest| async move { a.list_prints(r.limit).await }),
        command(
            "print.retry",
            Sell,
            Write,
            |a: App, r: OnePrintJob| async move { a.retry_print(r.job_no).await },
        ),
        command("print.cancel", Sell, Write, |a: App, r: OnePrintJob| async move {
            a.cancel_print(r.job_no).await
        }),
        command("label.save", Look, Read, |a: App, r: SaveLabels| async move {
            a.save_labels(r.labels, r.paper, r.path).await
        }),
        command("label.print", EditCatalogue, Write, |a: App, r: PrintLabels| async move {
            a.print_labels(r.labels).await
        }),
        command("shop.set_logo", ChangeSettings, Write, |a: App, r: SetLogo| async move {
            a.set_logo(r.data).await
        }),
    ]
}

fn catalogue_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{EditCatalogue, Look};
    vec![
        command("product.list", Look, Read, |a: App, r: ListProducts| async move {
            a.list_products(pos_app::ProductFilter {
                search: r.search,
                category_id: r.category_id,
                favourites: r.favourites,
                archived: r.archived,
                after: r.after,
                limit: r.limit,
            })
            .await
        }),
        command(
            "product.get",
            Look,
            Read,
            |a: App, r: OneProduct| async move { a.product(r.product_id).await },
        ),
        command(
            "product.find",
            Look,
            Read,
            |a: App, r: FindProduct| async move { a.find_product(r.code).await },
        ),
        command("product.create", EditCatalogue, Write, |a: App, r: CreateProduct| async move {
            a.create_product(r.draft).await
        }),
        command("product.update", EditCatalogue, Write, |a: App, r: UpdateProduct| async move {
            a.update_product(r.product_id, r.draft).await
        }),
        command("product.delete", EditCatalogue, Write, |a: App, r: OneProduct| async move {
            a.delete_product(r.product_id).await
        }),
        command("stock.find", Look, Read, |a: App, r: FindProduct| async move { a.find_stock(r.code).await }),
        command("category.list", Look, Read, |a: App, _: Nothing| async move { a.list_categories().await }),
        command("category.create", EditCatalogue, Write, |a: App, r: CreateCategory| async move {
            a.create_category(&r.name, &r.colour).await
        }),
        command("category.update", EditCatalogue, Write, |a: App, r: UpdateCategory| async move {
            a.update_category(r.category_id, &r.name, &r.colour).await
        }),
        command("import.preview", EditCatalogue, Read, |_: App, r: PreviewImport| async move {
            pos_app::import::preview(&r.text).map(Outcome::read)
        }),
        command("import.run", EditCatalogue, Write, |a: App, r: RunImport| async move {
            a.import_products(r.text, r.mapping, r.dry_run).await
        }),
    ]
}

fn customer_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{EditCatalogue, Look, Sell};
    vec![
        command("customer.list", Look, Read, |a: App, r: ListCustomers| async move {
            a.list_customers(r.search, r.after, r.limit).await
        }),
        command("customer.get", Look, Read, |a: App, r: OneCustomer| async move {
            a.customer(r.customer_id).await
        }),
        command("customer.find", Look, Read, |a: App, r: FindCustomer| async move {
            a.find_customer(r.text).await
        }),
        command("customer.sales", Look, Read, |a: App, r: CustomerSales| async move {
            a.customer_sales(r.customer_id, r.limit).await
        }),
        command("customer.create", Sell, Write, |a: App, r: CreateCustomer| async move {
            a.create_customer(r.details).await
        }),
        command("customer.update", EditCatalogue, Write, |a: App, r: UpdateCustomer| async move {
            a.update_customer(r.customer_id, r.details).await
        }),
        command("customer.delete", EditCatalogue, Write, |a: App, r: OneCustomer| async move {
            a.delete_customer(r.customer_id).await
        }),
        command("account.list", Look, Read, |a: App, r: ListAccounts| async move {
            a.list_accounts(r.order, r.limit).await
        }),
        command("account.statement", Look, Read, |a: App, r: AskStatement| async move {
            a.statement(r.customer_id, Days { from: r.from, to: r.to }).await
        }),
        command("account.statement_text", Look, Read, |a: App, r: AskStatement| async move {
            a.statement_text(r.customer_id, Days { from: r.from, to: r.to }).await
        }),
        command("account.print", Sell, Write, |a: App, r: AskStatement| async move {
            a.print_statement(r.customer_id, Days { from: r.from, to: r.to }).await
        }),
        command("account.save", Sell, Write, |a: App, r: SaveStatement| async move {
            a.save_statement(r.customer_id, Days { from: r.from, to: r.to }, r.format, r.path).await
        }),
        command("account.export", Sell, Write, |a: App, r: ExportAccounts| async move {
            a.export_accounts(r.path).await
        }),
        command("account.pay", Sell, Write, |a: App, r: PayAccount| async move {
            let PayAccount { request_id, customer_id, amount, tenders, beyond_debt, note } = r;
            a.pay_account(request_id, AccountMoney { customer_id, amount, tenders, beyond_debt, note }).await
        }),
        command("account.print_payment", Sell, Write, |a: App, r: OnePayment| async move {
            a.print_payment(r.document_id).await
        }),
    ]
}

fn picture_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{EditCatalogue, Look, OperateSync};
    vec![
        command(
            "product.picture",
            Look,
            Read,
            |a: App, r: GetPicture| async move { a.picture(&r.name).await },
        ),
        command("picture.add", EditCatalogue, Write, |a: App, r: AddPicture| async move {
            a.add_picture(r.data).await
        }),
        command("picture.list", Look, Read, |a: App, _: Nothing| async move { a.list_pictures().await }),
        command(
            "picture.retry",
            OperateSync,
            Write,
            |a: App, _: Nothing| async move { a.retry_pictures().await },
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table: one entry per command")]
fn sync_commands() -> Vec<Command> {
    use Access::{Read, Write};
    use Permission::{ChangeSettings, DecideConflicts, EditCatalogue, Look, OperateSync};
    vec![
        command("sync.status", Look, Read, |a: App, _: Nothing| async move { a.sync_status().await }),
        command("sync.queue", Look, Read, |a: App, r: ListQueue| async move {
            a.list_queue(r.acknowledged, r.after, r.limit).await
        }),
        command("sync.retry", OperateSync, Write, |a: App, r: RetryOperation| async move {
            a.retry_operation(r.op_id).await
        }),
        command(
            "sync.retry_all",
            OperateSync,
            Write,
            |a: App, _: Nothing| async move { a.retry_all().await },
        ),
        command("sync.dead_list", Look, Read, |a: App, r: ListDead| async move {
            a.list_dead(r.after, r.limit).await
        }),
        command(
            "sync.operation",
            Look,
            Read,
            |a: App, r: OneOperation| async move { a.operation(r.op_id).await },
        ),
        command("sync.discard", DecideConflicts, Write, |a: App, r: DiscardOperation| async move {
            a.discard_operation(r.op_id, r.reason).await
        }),
        command("sync.edit_and_resend", EditCatalogue, Write, |a: App, r: EditAndResend| async move {
            a.edit_and_resend(r.op_id, r.fields, r.reason).await
        }),
        command("sync.export", OperateSync, Read, |a: App, r: ExportQueue| async move {
            a.export_queue(r.format, r.scope, r.path).await
        }),
        command(
            "sync.pause",
            OperateSync,
            Write,
            |a: App, _: Nothing| async move { a.pause_sync(true).await },
        ),
        command(
            "sync.resume",
            OperateSync,
            Write,
            |a: App, _: Nothing| async move { a.pause_sync(false).await },
        ),
        command("sync.cancel", OperateSync, Write, |a: App, _: Nothing| async move { a.cancel_sync().await }),
        command("sync.now", OperateSync, Write, |a: App, _: Nothing| async move { a.sync_now().await }),
        command("sync.compare", OperateSync, Write, |a: App, _: Nothing| async move {
            a.compare_with_server().await
        }),
        command("sync.dry_run", Look, Write, |a: App, _: Nothing| async move { a.sync_dry_run().await }),
        command("sync.history", Look, Read, |a: App, r: Latest| async move { a.sync_history(r.limit).await }),
        command("sync.health", Look, Read, |a: App, _: Nothing| async move { a.sync_health().await }),
        command("sync.health_history", Look, Read, |a: App, r: ListHealth| async move {
            a.sync_health_history(r.since_ms, r.limit).await
        }),
        command("sync.set_alerts", ChangeSettings, Write, |a: App, r: SetAlerts| async move {
            a.set_alerts(r.thresholds).await
        }),
        command("conflict.list", Look, Read, |a: App, r: ListConflicts| async move {
            a.list_conflicts(r.resolved).await
        }),
        command("conflict.get", Look, Read, |a: App, r: OneConflict| async move {
            a.conflict(r.conflict_id).await
        }),
        command("conflict.resolve", DecideConflicts, Write, |a: App, r: ResolveConflict| async move {
            a.resolve_conflict(r.conflict_id, r.choice, r.fields, r.note).await
        }),
        command("conflict.reopen", DecideConflicts, Write, |a: App, r: ReopenConflict| async move {
            a.reopen_conflict(r.conflict_id, r.note).await
        }),
    ]
}
