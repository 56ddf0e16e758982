//! X and Z reports on paper: their words in both languages and the order of their rows.
//!
//! Must not know where the page goes, and computes no amount.

use pos_devices::format::percent;
use pos_devices::report::{Column, Content, Report, ReportRow, Section, Table};
use pos_domain::chain::printed_number;
use pos_domain::settings::ShopSettings;
use pos_domain::shift::TenderTotal;

use crate::account_pages::Hand;
use crate::view::{CountedDrawer, DrawerReport, DrawerReportKind};

/// An X or Z report as a page.
pub(crate) fn drawer_page(report: &DrawerReport, settings: &ShopSettings) -> Report {
    let hand = Hand::of(settings);
    let title = match report.kind {
        DrawerReportKind::X => hand.say("RAPPORT X", "X REPORT").to_owned(),
        DrawerReportKind::Z => format!("{} {}", hand.say("CLÔTURE Z", "Z REPORT"), report.z_number),
    };
    let mut subtitle = vec![report.business.clone()];
    if report.outlet != report.business {
        subtitle.push(report.outlet.clone());
    }
    subtitle.push(report.register.clone());
    let footer = match report.kind {
        DrawerReportKind::X => {
            vec![hand.say("La caisse reste ouverte.", "The drawer stays open.").to_owned()]
        }
        DrawerReportKind::Z => Vec::new(),
    };
    let sections = [
        Some(period(report, &hand)),
        Some(turnover(report, &hand)),
        taxes(report, &hand),
        tenders(hand.say("ENCAISSEMENTS", "TENDERS"), &report.totals.tenders, &hand),
        tenders(hand.say("PAIEMENTS SUR COMPTE", "PAID ON ACCOUNTS"), &report.totals.payments, &hand),
        expenses(report, &hand),
        Some(drawer(report, &hand)),
        report.counted.as_ref().and_then(|counted| piles(counted, &hand)),
        Some(perpetual(report, &hand)),
        remarks(report, &hand),
    ];
    let sections = sections.into_iter().flatten().collect();
    Report { language: hand.locale.language_code(), title, subtitle, sections, footer }
}

fn rows(heading: &str, rows: Vec<ReportRow>) -> Section {
    Section { heading: heading.to_owned(), content: Content::Rows(rows) }
}

fn period(report: &DrawerReport, hand: &Hand) -> Section {
    let mut lines = Vec::new();
    if let Some(number) = &report.number {
        lines.push(ReportRow::plain(hand.say("Document n°", "Document no."), number));
    }
    if let Some(opened_at_ms) = report.opened_at_ms {
        lines.push(ReportRow::plain(hand.say("Ouverture", "Opened"), hand.time(opened_at_ms)));
    }
    let at = match report.kind {
        DrawerReportKind::X => hand.say("Heure", "Time"),
        DrawerReportKind::Z => hand.say("Clôture", "Closed"),
    };
    lines.push(ReportRow::plain(at, hand.time(report.made_at_ms)));
    lines.push(ReportRow::plain(hand.say("Par", "By"), &report.cashier));
    for range in &report.ranges {
        let first = printed_number(&range.series, range.first);
        let last = printed_number(&range.series, range.last);
        lines.push(ReportRow::plain(hand.say("Du n°", "From no."), first));
        lines.push(ReportRow::plain(hand.say("Au n°", "To no."), last));
    }
    rows("", lines)
}

fn turnover(report: &DrawerReport, hand: &Hand) -> Section {
    let totals = &report.totals;
    let counted = |word: &str, count: u32| format!("{word} ({count})");
    let mut lines = vec![
        ReportRow::plain(
            counted(hand.say("Ventes", "Sales"), totals.sales.count),
            hand.amount(totals.sales.amount),
        ),
        ReportRow::plain(
            counted(hand.say("Remboursements", "Refunds"), totals.refunds.count),
            hand.amount(totals.refunds.amount.negated()),
        ),
        ReportRow::plain(
            counted(hand.say("Annulations", "Voids"), totals.voids.count),
            hand.amount(totals.voids.amount.negated()),
        ),
        ReportRow::plain(hand.say("Remises accordées", "Discounts given"), hand.amount(totals.discounts)),
    ];
    if !totals.rounding.is_zero() {
        lines.push(ReportRow::plain(hand.say("Arrondis", "Rounding"), hand.amount(totals.rounding)));
    }
    lines.push(ReportRow::strong(hand.say("Total hors taxe", "Net of tax"), hand.amount(totals.net)));
    lines.push(ReportRow::strong(hand.say("TVA", "Tax"), hand.amount(totals.tax)));
    rows(hand.say("CHIFFRE D’AFFAIRES", "TURNOVER"), lines)
}

fn taxes(report: &DrawerReport, hand: &Hand) -> Option<Section> {
    let taxes = &report.totals.taxes;
    let table = Table {
        columns: vec![
            Column::amounts(hand.say("Taux", "Rate")),
            Column::amounts(hand.say("HT", "Net")),
            Column::amounts(hand.say("TVA", "Tax")),
            Column::amounts(hand.say("TTC", "Gross")),
        ],
        rows: taxes
            .iter()
            .map(|tax| {
                let [net, paid, gross] = [tax.net, tax.tax, tax.gross].map(|value| hand.amount(value));
                vec![percent(tax.rate, hand.locale), net, paid, gross]
            })
            .collect(),
        totals: Vec::new(),
    };
    let heading = hand.say("TVA PAR TAUX", "TAX BY RATE").to_owned();
    (!taxes.is_empty()).then_some(Section { heading, content: Content::Table(table) })
}

fn tenders(heading: &str, totals: &[TenderTotal], hand: &Hand) -> Option<Section> {
    let lines: Vec<_> = totals
        .iter()
        .map(|total| {
            ReportRow::plain(
                format!("{} ({})", hand.tender(total.kind), total.count),
                hand.amount(total.amount),
            )
        })
        .collect();
    (!lines.is_empty()).then(|| rows(heading, lines))
}

fn expenses(report: &DrawerReport, hand: &Hand) -> Option<Section> {
    let lines: Vec<_> = report
        .totals
        .expenses
        .iter()
        .map(|spent| {
            ReportRow::plain(format!("{} ({})", spent.category, spent.count), hand.amount(spent.amount))
        })
        .collect();
    (!lines.is_empty()).then(|| rows(hand.say("DÉPENSES", "EXPENSES"), lines))
}

fn drawer(report: &DrawerReport, hand: &Hand) -> Section {
    let cash = report.totals.cash;
    let mut lines = vec![
        ReportRow::plain(hand.say("Fond de caisse", "Float"), hand.amount(cash.float)),
        ReportRow::plain(hand.say("Ventes en espèces", "Cash sales"), hand.amount(cash.sales)),
        ReportRow::plain(hand.say("Paiements de dettes", "Debts paid"), hand.amount(cash.payments)),
        ReportRow::plain(hand.say("Entrées", "Paid in"), hand.amount(cash.paid_in)),
        ReportRow::plain(hand.say("Sorties et dépenses", "Paid out"), hand.amount(cash.paid_out.negated())),
        ReportRow::strong(hand.say("Attendu en caisse", "Expected"), hand.money(report.expected)),
    ];
    if let Some(counted) = &report.counted {
        lines.push(ReportRow::strong(hand.say("Compté", "Counted"), hand.money(counted.counted)));
        lines.push(ReportRow::total(hand.say("ÉCART", "DIFFERENCE"), hand.money(counted.difference)));
    }
    rows(hand.say("CAISSE", "DRAWER"), lines)
}

fn piles(counted: &CountedDrawer, hand: &Hand) -> Option<Section> {
    let lines: Vec<_> = counted
        .count
        .iter()
        .map(|pile| ReportRow::plain(hand.money(pile.value), format!("× {}", pile.count)))
        .collect();
    (!lines.is_empty()).then(|| rows(hand.say("COMPTAGE", "COUNT"), lines))
}

fn perpetual(report: &DrawerReport, hand: &Hand) -> Section {
    let all = report.perpetual;
    let heading = hand.say("TOTAUX PERPÉTUELS", "PERPETUAL TOTALS");
    rows(
        heading,
        vec![
            ReportRow::plain(hand.say("Documents", "Documents"), all.documents.to_string()),
            ReportRow::plain(hand.say("Ventes", "Sales"), hand.amount(all.sales)),
            ReportRow::plain(hand.say("Remboursements", "Refunds"), hand.amount(all.refunds)),
            ReportRow::plain(hand.say("Annulations", "Voids"), hand.amount(all.voids)),
        ],
    )
}

fn remarks(report: &DrawerReport, hand: &Hand) -> Option<Section> {
    let mut lines = Vec::new();
    if report.open_carts > 0 {
        lines.push(format!("{} : {}", hand.say("Paniers en cours", "Carts not sold"), report.open_carts));
    }
    if report.unsynced > 0 {
        lines.push(format!("{} : {}", hand.say("Non synchronisés", "Not synced yet"), report.unsynced));
    }
    lines.extend(report.counted.as_ref().and_then(|counted| counted.note.clone()));
    (!lines.is_empty()).then_some(Section { heading: String::new(), content: Content::Remarks(lines) })
}
