//! Lists for people: columns aligned, numbers to the right.

/// Which way a column leans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lean {
    /// Text.
    Left,
    /// Numbers and amounts.
    Right,
}

/// Lines of a table with its header. Widths follow the longest cell.
pub(crate) fn table<const N: usize>(columns: [(&str, Lean); N], rows: &[[String; N]]) -> String {
    let width = |i: usize, (title, _): &(&str, Lean)| {
        let cells = rows.iter().filter_map(|row| row.get(i)).map(|cell| cell.chars().count());
        cells.max().unwrap_or(0).max(title.chars().count())
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(i, column)| width(i, column)).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded = cells.zip(columns.iter().zip(&widths)).map(|(cell, ((_, lean), width))| match lean {
            Lean::Left => format!("{cell:<width$}"),
            Lean::Right => format!("{cell:>width$}"),
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(&mut columns.iter().map(|(title, _)| *title));
    for row in rows {
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_under_each_other() {
        let rows = [["RIZ".to_owned(), "9".to_owned()], ["SUCRE-1KG".to_owned(), "120".to_owned()]];
        let text = table([("code", Lean::Left), ("stock", Lean::Right)], &rows);
        assert_eq!(text, "code       stock\nRIZ            9\nSUCRE-1KG    120\n");
    }
}
