//! What each word of the command line does: which commands it calls, and the document that it prints.

mod backup;
mod conflict;
mod customer;
mod debt;
mod init;
mod past;
mod people;
mod printing;
mod product;
mod queue;
mod quote;
mod receipt;
mod records;
mod refund;
mod replay;
mod sell;
mod serial;
mod stock;
mod sync;
mod till;

pub(crate) use queue::field_value;

use pos_app::Clock;

use self::past::PastClock;
use crate::args::{Cli, Command};
use crate::failure::Failure;
use crate::output::Report;
use crate::session::Session;

/// Runs one command line.
pub(crate) async fn run(cli: Cli) -> Result<Report, Failure> {
    let data = cli.data.as_deref();
    if matches!(cli.command, Command::Quote) {
        return quote::run(std::io::stdin().lock());
    }
    let mut commands = needs(&cli.command).to_vec();
    if cli.person.is_some() {
        commands.push("session.login");
    }
    let past = matches!(&cli.command, Command::Init(init) if init.with_past).then(PastClock::begin);
    let clock = past.as_ref().map_or_else(Clock::system, PastClock::clock);
    let session = Session::open(data, &commands, clock).await?;
    let result = match people::step_in(&session, cli.person, cli.pin_file).await {
        Ok(()) => in_its_time(&session, cli.command, past.as_ref()).await,
        Err(refused) => Err(refused),
    };
    let closed = session.close().await;
    let report = result?;
    closed.map(|()| report)
}

/// The commands of the list that a word of the command line calls; they decide how the folder is opened.
fn needs(command: &Command) -> &'static [&'static str] {
    use crate::args::{
        Backup, Conflict, Customer, Debt, DrawerReport, People, Print, Product, Queue, Recovery, Shift,
    };
    match command {
        Command::Init(_) => &["shop.create", "shop.create_demo", "shop.join"],
        Command::Connect { .. } => &["shop.connect", "sync.now"],
        Command::Product(Product::Import { .. }) => &["import.run"],
        Command::Product(Product::Search { .. }) => &["product.list"],
        Command::Product(Product::Show { .. }) => &["product.find"],
        Command::Product(Product::Set { .. }) => &["product.update"],
        Command::Product(Product::Picture { .. }) => &["picture.add", "product.update"],
        Command::Quote => &["quote.calculate"],
        Command::Sell(_) => &["sale.sell"],
        Command::Customer(Customer::List { .. }) => &["customer.list"],
        Command::Customer(Customer::Show { .. }) => &["customer.find"],
        Command::Customer(Customer::Create { .. }) => &["customer.create"],
        Command::Customer(Customer::Set { .. }) => &["customer.update"],
        Command::Customer(Customer::Delete { .. }) => &["customer.delete"],
        Command::Debt(Debt::List { csv: None, .. }) => &["account.list"],
        Command::Debt(Debt::List { csv: Some(_), .. }) => &["account.export"],
        Command::Debt(Debt::Pay { .. }) => &["account.pay"],
        Command::Debt(Debt::Statement { pdf: None, .. }) => &["account.statement"],
        Command::Debt(Debt::Statement { pdf: Some(_), .. }) => &["account.save"],
        Command::Refund(_) => &["refund.complete"],
        Command::Imei(imei) if imei.note.is_none() => &["serial.find"],
        Command::Imei(_) => &["serial.note"],
        Command::Void(_) => &["sale.void"],
        Command::Shift(Shift::State) => &["shift.state"],
        Command::Shift(Shift::Open { .. }) => &["shift.open"],
        Command::Shift(Shift::Close { .. }) => &["shift.close"],
        Command::Cash(_) => &["cash.move"],
        Command::Report(DrawerReport::X { .. }) => &["report.x", "report.save"],
        Command::Report(DrawerReport::Z { .. }) => &["report.z", "report.save"],
        Command::Stock { .. } => &["stock.find"],
        Command::Replay { .. } => &["replay.run"],
        Command::Sync { dry_run: true, .. } => &["sync.dry_run"],
        Command::Sync { dry_run: false, compare: true } => &["sync.now", "sync.compare"],
        Command::Sync { dry_run: false, compare: false } => &["sync.now"],
        Command::Status => &["sync.status", "sync.health", "recovery.report"],
        Command::Queue { command: None, .. } => &["sync.queue"],
        Command::Queue { command: Some(Queue::Dead { .. }), .. } => &["sync.dead_list"],
        Command::Queue { command: Some(Queue::Retry { .. }), .. } => &["sync.retry"],
        Command::Queue { command: Some(Queue::Discard { .. }), .. } => &["sync.discard"],
        Command::Queue { command: Some(Queue::Edit { .. }), .. } => &["sync.edit_and_resend"],
        Command::Queue { command: Some(Queue::Export { .. }), .. } => &["sync.export"],
        Command::Conflicts { .. } => &["conflict.list"],
        Command::Conflict(Conflict::Resolve { .. }) => &["conflict.resolve"],
        Command::Conflict(Conflict::Reopen { .. }) => &["conflict.reopen"],
        Command::Sales { .. } => &["sale.list"],
        Command::Receipt { escpos: None, pdf: None, .. } => &["sale.find"],
        Command::Receipt { .. } => &["receipt.save"],
        Command::Print(Print::List { .. }) => &["print.list"],
        Command::Print(Print::Retry { .. }) => &["print.retry"],
        Command::Print(Print::Cancel { .. }) => &["print.cancel"],
        Command::Label { .. } => &["label.save"],
        Command::Audit { .. } => &["audit.list"],
        Command::People(People::List) => &["people.list"],
        Command::People(People::Add { .. }) => &["people.create"],
        Command::People(People::SetRole { .. }) => &["people.update"],
        Command::People(People::SetPin { .. }) => &["people.set_pin"],
        Command::People(People::ClearPin { .. }) => &["people.clear_pin"],
        Command::People(People::Remove { .. }) => &["people.remove"],
        Command::Verify => &["verify.run"],
        Command::Backup(Backup::Now) => &["backup.make", "backup.list"],
        Command::Backup(Backup::List) => &["backup.list"],
        Command::Backup(Backup::Folder { .. }) => &["backup.set_folder"],
        Command::Backup(Backup::Restore { .. }) => &["backup.restore"],
        Command::Recovery { command: None } => &["recovery.report"],
        Command::Recovery { command: Some(Recovery::GoOn) } => &["recovery.go_on"],
    }
}

/// A demo shop is told its past as soon as it is there.
async fn in_its_time(
    session: &Session,
    command: Command,
    past: Option<&PastClock>,
) -> Result<Report, Failure> {
    let report = with_register(session, command).await?;
    if let Some(past) = past {
        past::live(session, past).await?;
    }
    Ok(report)
}

async fn with_register(session: &Session, command: Command) -> Result<Report, Failure> {
    match command {
        Command::Init(init) => init::init(session, init).await,
        Command::Connect { server, code } => init::connect(session, &server, &code).await,
        Command::Product(command) => product::run(session, command).await,
        Command::Quote => quote::run(std::io::stdin().lock()),
        Command::Sell(sell) => sell::run(session, sell).await,
        Command::Customer(command) => customer::run(session, command).await,
        Command::Debt(command) => debt::run(session, command).await,
        Command::Refund(refund) => refund::run(session, refund).await,
        Command::Void(void) => refund::void(session, void).await,
        Command::Imei(imei) => serial::run(session, imei).await,
        Command::Shift(command) => till::shift(session, command).await,
        Command::Cash(command) => till::cash(session, command).await,
        Command::Report(command) => till::report(session, command).await,
        Command::Stock { code } => stock::run(session, &code).await,
        Command::Replay { file } => replay::run(session, &file).await,
        Command::Sync { dry_run: true, .. } => sync::dry_run(session).await,
        Command::Sync { dry_run: false, compare: true } => sync::compare(session).await,
        Command::Sync { dry_run: false, compare: false } => sync::round(session).await,
        Command::Status => sync::status(session).await,
        Command::Queue { all, limit, command: None } => queue::list(session, all, limit).await,
        Command::Queue { command: Some(command), .. } => queue::run(session, command).await,
        Command::Conflicts { all } => conflict::list(session, all).await,
        Command::Conflict(command) => conflict::run(session, command).await,
        Command::Sales { search, limit } => receipt::sales(session, &search, limit).await,
        Command::Receipt { number, escpos, pdf } => receipt::run(session, &number, escpos, pdf).await,
        Command::Print(command) => printing::run(session, command).await,
        Command::Label { labels, paper, pdf } => printing::label(session, &labels, paper.as_str(), pdf).await,
        Command::Audit { limit } => records::audit(session, limit).await,
        Command::People(command) => people::run(session, command).await,
        Command::Verify => records::verify(session).await,
        Command::Backup(command) => backup::run(session, command).await,
        Command::Recovery { command } => backup::recovery(session, command).await,
    }
}

/// Reads a text file that a person named: UTF-8, what its byte order mark says, or else the usual encoding of western
/// spreadsheets.
fn read_text(path: &std::path::Path) -> Result<String, Failure> {
    let bytes = std::fs::read(path).map_err(|e| Failure::file(path, e))?;
    let encoding = match encoding_rs::Encoding::for_bom(&bytes) {
        Some((encoding, _)) => encoding,
        None if std::str::from_utf8(&bytes).is_ok() => encoding_rs::UTF_8,
        None => encoding_rs::WINDOWS_1252,
    };
    Ok(encoding.decode(&bytes).0.into_owned())
}

#[cfg(test)]
mod tests {
    use super::read_text;

    #[test]
    fn files_of_spreadsheets_are_read_whatever_their_encoding() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cases: [&[u8]; 4] = ["é".as_bytes(), b"\xef\xbb\xbf\xc3\xa9", b"\xe9", b"\xff\xfe\xe9\x00"];
        for bytes in cases {
            std::fs::write(file.path(), bytes).unwrap();
            assert_eq!(read_text(file.path()).unwrap(), "é", "{bytes:x?}");
        }
    }
}
