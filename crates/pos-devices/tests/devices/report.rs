//! Reports of a day and of a customer, on every paper.

use pos_devices::PaperWidth;
use pos_devices::escpos::PrinterModel;
use pos_devices::pdf::PdfPaper;
use pos_devices::report::{Column, Content, Report, ReportRow, Section, Table, to_escpos, to_pdf, to_text};

use crate::decoder::print;

fn z_report() -> Report {
    let section = |heading: &str, content| Section { heading: heading.into(), content };
    Report {
        language: "fr",
        title: "CLÔTURE Z 12".into(),
        subtitle: vec!["Épicerie Diallo & Frères".into(), "Caisse 1, du 20/11/2026 08:00 au 20:14".into()],
        sections: vec![
            section(
                "Ventes",
                Content::Rows(vec![
                    ReportRow::plain("42 ventes", "1\u{202F}234\u{202F}500"),
                    ReportRow::plain("Remises accordées aux clients de la maison", "-12\u{202F}000"),
                    ReportRow::total("TOTAL", "1\u{202F}222\u{202F}500\u{A0}FG"),
                ]),
            ),
            section("Comptage", Content::Table(counts())),
            section("Remarques", Content::Remarks(vec!["Tiroir compté deux fois\npar Mariama".into()])),
        ],
        footer: vec!["Contrôle 8F3A-02C1-77D0".into()],
    }
}

fn counts() -> Table {
    let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
    Table {
        columns: vec![
            Column::words("Moyen de paiement"),
            Column::amounts("Attendu"),
            Column::amounts("Compté"),
            Column::amounts("Écart"),
        ],
        rows: vec![
            row(["Espèces", "1 000 000", "999 500", "-500"]),
            row(["Orange Money", "222 500", "222 500", "0"]),
        ],
        totals: row(["Total", "1 222 500", "1 222 000", "-500"]),
    }
}

fn plain(text: &str) -> String {
    text.replace(['\u{202F}', '\u{A0}'], " ")
}

#[test]
fn a_report_reads_the_same_on_the_screen_and_on_the_roll() {
    for (width, name) in [(PaperWidth::Mm58, "report_32"), (PaperWidth::Mm80, "report_48")] {
        let text = to_text(&z_report(), width);
        insta::assert_snapshot!(name, text);
        let columns = width.columns();
        assert!(
            text.lines().all(|line| line.chars().count() <= columns),
            "no row is wider than the paper:\n{text}"
        );
        let paper = print(&to_escpos(&z_report(), width, PrinterModel::Epson));
        assert_eq!(paper.text(), plain(&text), "the printer shows what the screen shows");
        assert_eq!(paper.cuts, 1, "one report, one paper");
    }
}

#[test]
fn a_table_too_wide_for_the_roll_loses_no_cell() {
    let text = to_text(&z_report(), PaperWidth::Mm58);
    for row in counts().rows.iter().chain([&counts().totals]) {
        for cell in row {
            assert!(text.contains(cell.as_str()), "{cell} is on the narrow paper:\n{text}");
        }
    }
}

#[test]
fn rows_with_too_few_or_too_many_cells_and_hostile_texts_do_no_harm() {
    let mut report = z_report();
    let hostile = "\u{1b}@\u{202E}x\u{0}".to_owned() + &"long ".repeat(13_000);
    report.title.clone_from(&hostile);
    report.subtitle.push(hostile.clone());
    report.sections.push(Section {
        heading: hostile.clone(),
        content: Content::Table(Table {
            columns: vec![Column::words("Nom"), Column::amounts(hostile.clone())],
            rows: vec![vec![], vec!["seul".into()], vec![hostile.clone(); 5]],
            totals: vec![],
        }),
    });
    report.sections.push(Section {
        heading: String::new(),
        content: Content::Table(Table { columns: vec![], rows: vec![vec![hostile]], totals: vec![] }),
    });
    for width in [PaperWidth::Mm58, PaperWidth::Mm80] {
        let paper = print(&to_escpos(&report, width, PrinterModel::Epson));
        assert!(paper.text().contains("seul"), "what is short stands");
        assert!(paper.rows.len() < 200, "no text empties the roll: {} rows", paper.rows.len());
    }
    for paper in [PdfPaper::Roll, PdfPaper::A4] {
        assert!(to_pdf(&report, paper).unwrap().starts_with(b"%PDF-"));
    }
}

#[test]
fn a_long_statement_fills_numbered_sheets() {
    let mut report = z_report();
    let row = |i: u32| vec![format!("R1-{i:06}"), format!("{i} 500"), "0".into(), "0".into()];
    report.sections[1].content = Content::Table(Table { rows: (0..200).map(row).collect(), ..counts() });
    let file = to_pdf(&report, PdfPaper::A4).unwrap();
    let Some(text) = crate::pdf::text_of(&file) else { return };
    for expected in ["R1-000000", "R1-000199", "1 / 4", "4 / 4", "CLÔTURE Z 12", "Mariama"] {
        assert!(text.contains(expected), "{expected} is in the statement:\n{text}");
    }
    assert_eq!(file, to_pdf(&report, PdfPaper::A4).unwrap(), "the same report gives the same file");
}

#[test]
fn accents_and_narrow_spaces_of_a_z_and_a_statement_are_text_on_every_paper() {
    for paper in [PdfPaper::Roll, PdfPaper::A4] {
        let Some(text) = crate::pdf::text_of(&to_pdf(&z_report(), paper).unwrap()) else { return };
        let text = plain(&text);
        for expected in
            ["CLÔTURE Z 12", "Épicerie Diallo & Frères", "1 222 500 FG", "Espèces", "Écart", "Compté"]
        {
            assert!(text.contains(expected), "{expected} on {paper:?}:\n{text}");
        }
    }
    for width in [PaperWidth::Mm58, PaperWidth::Mm80] {
        let paper = print(&to_escpos(&z_report(), width, PrinterModel::Epson)).text();
        for expected in ["CLÔTURE Z 12", "1 222 500 FG", "Espèces", "Écart"] {
            assert!(paper.contains(expected), "{expected} on {width:?}:\n{paper}");
        }
    }
}
