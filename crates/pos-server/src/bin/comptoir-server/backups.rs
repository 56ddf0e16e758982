//! Backups from a shell: made, listed, and put back as a ceremony of the program, never as a copy of files.

use std::path::Path;

use pos_server::{Clock, Location};
use serde_json::json;

use crate::Data;
use crate::commands::rfc3339;
use crate::output::{Report, Stop};

pub(crate) fn make(location: &Location, to: Option<&Path>) -> Result<Report, Stop> {
    let made = pos_server::back_up(location, to, &Clock::system())?;
    let made_at = rfc3339(made.made_at_ms)?;
    let document = json!({ "file": made.path, "made_at": made_at, "bytes": made.bytes });
    Ok(Report::new(document, format!("{} holds everything up to {made_at}", made.path.display())))
}

pub(crate) fn list(folder: &Path) -> Result<Report, Stop> {
    let backups = pos_server::list_backups(folder)?;
    let mut listed = Vec::new();
    let mut words = Vec::new();
    for backup in &backups {
        let made_at = rfc3339(backup.made_at_ms)?;
        words.push(format!("{made_at}  {:>12}  {}", backup.bytes, backup.path.display()));
        listed.push(json!({ "file": backup.path, "made_at": made_at, "bytes": backup.bytes }));
    }
    let words = if words.is_empty() { "there are no backups yet".to_owned() } else { words.join("\n") };
    Ok(Report::new(json!({ "backups": listed }), words))
}

pub(crate) fn restore(data: &Data, backup: &Path) -> Result<Report, Stop> {
    if data.database_url.is_some() {
        return Err(Stop::Refused {
            code: "backup.not_here",
            params: json!({}),
            words:
                "restore into an empty folder, without --database-url, and `move` it to a new database then"
                    .to_owned(),
        });
    }
    let folder = &data.data;
    let listed = pos_server::list_backups(folder)?;
    let named = listed.into_iter().find(|known| known.path.file_name() == Some(backup.as_os_str()));
    let path = named.map_or_else(|| backup.to_owned(), |known| known.path);
    let done = pos_server::restore(folder, &path, &Clock::system())?;
    let document = json!({
        "backup": done.backup, "set_aside": done.set_aside, "server_epoch": done.server_epoch,
        "feed_seq": done.feed_seq, "findings": done.findings,
    });
    let aside =
        done.set_aside.map_or_else(String::new, |place| format!("; the old file is in {}", place.display()));
    let mut words = format!(
        "{} is the business now{aside}\nstart the server: registers send by themselves what the backup lacks",
        done.backup.display()
    );
    for finding in &done.findings {
        words.push_str("\nnot right: ");
        words.push_str(finding);
    }
    Ok(Report { bad_news: !done.findings.is_empty(), ..Report::new(document, words) })
}
