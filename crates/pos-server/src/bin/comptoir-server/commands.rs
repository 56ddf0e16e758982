//! Every command but `serve`. Each works beside a running server.

use anyhow::Context;
use chrono::{DateTime, SecondsFormat};
use pos_domain::settings::ShopSettings;
use pos_domain::{Currency, DeviceId};
use pos_protocol::PairingInvitation;
use pos_server::{Clock, Listening, Location, Records};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use serde_json::json;
use uuid::Uuid;

use crate::output::{Report, Stop};

pub(crate) fn init(
    location: &Location,
    business: &str,
    currency: &str,
    locale: &str,
) -> Result<Report, Stop> {
    let refused = |field: &str, words: String| Stop::Refused {
        code: "server.invalid_business",
        params: json!({ "field": field }),
        words,
    };
    let code = Currency::from_iso(currency).map_err(|fault| refused("currency", fault.to_string()))?;
    if business.trim().is_empty() {
        return Err(refused("business", "a business needs a name".to_owned()));
    }
    pos_server::found(location, &ShopSettings::new(business, code, locale), &Clock::system())?;
    let document = json!({ "business": business, "currency": currency, "locale": locale });
    Ok(Report::new(document, format!("{business} is ready; run `comptoir-server serve`")))
}

pub(crate) fn move_away(location: &Location, name: Option<&str>) -> Result<Report, Stop> {
    let moved = pos_server::move_to_postgres(location, name)?;
    let document = json!({ "business": moved.business, "rows": moved.rows });
    let words = format!(
        "{} is on PostgreSQL with all of its {} rows; from now on run `comptoir-server serve` with --database-url",
        moved.business, moved.rows
    );
    Ok(Report::new(document, words))
}

pub(crate) fn pair(location: &Location, with_picture: bool) -> Result<Report, Stop> {
    let Some(listening) = Listening::read(location.folder())? else {
        return Err(Stop::Refused {
            code: "server.never_served",
            params: json!({}),
            words: "registers cannot reach this server yet; run `comptoir-server serve` first".to_owned(),
        });
    };
    let made = pos_server::invite(location, &Clock::system())?;
    let invitation = PairingInvitation {
        code: made.code,
        server: listening.server,
        pins: listening.pins,
        expires_at_ms: made.expires_at_ms,
    };
    let expires_at = rfc3339(invitation.expires_at_ms)?;
    let document = json!({
        "code": invitation.code, "server": invitation.server, "pins": invitation.pins, "expires_at": expires_at,
    });
    let mut words =
        format!("code    {}\nserver  {}\nuntil   {expires_at}", invitation.code, invitation.server);
    if with_picture {
        let text = serde_json::to_string(&invitation).context("the invitation cannot be written")?;
        let picture = QrCode::new(text).context("the invitation does not fit a QR code")?;
        let picture =
            picture.render::<Dense1x2>().dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build();
        words = format!("{picture}\n{words}");
    }
    Ok(Report::new(document, words))
}

pub(crate) fn stock(location: &Location, code: &str) -> Result<Report, Stop> {
    let Some(balance) = Records::open(location)?.stock(code)? else {
        return Err(Stop::Refused {
            code: "product.unknown",
            params: json!({ "code": code }),
            words: format!("there is no product {code}"),
        });
    };
    let (on_hand, oversold) = (balance.on_hand.to_decimal(), balance.oversold.to_decimal());
    let document = json!({ "code": code, "on_hand": on_hand, "oversold": oversold });
    Ok(Report::new(document, format!("{code}: {on_hand} on hand, {oversold} oversold")))
}

pub(crate) fn verify(location: &Location) -> Result<Report, Stop> {
    let findings = Records::open(location)?.verify()?;
    let listed: Vec<_> =
        findings.iter().map(|finding| json!({ "check": finding.check, "detail": finding.detail })).collect();
    let document = json!({ "ok": findings.is_empty(), "findings": listed });
    let words = if findings.is_empty() {
        "everything holds".to_owned()
    } else {
        findings.iter().map(|f| format!("{}: {}", f.check, f.detail)).collect::<Vec<_>>().join("\n")
    };
    Ok(Report { bad_news: !findings.is_empty(), ..Report::new(document, words) })
}

pub(crate) fn totals(location: &Location) -> Result<Report, Stop> {
    let totals = Records::open(location)?.totals()?;
    let listed: Vec<_> = totals
        .iter()
        .map(|sum| {
            let amount = |money: pos_domain::Money| money.to_decimal(sum.currency);
            json!({
                "kind": sum.kind, "currency": sum.currency.code(), "count": sum.count,
                "net": amount(sum.net), "tax": amount(sum.tax), "total": amount(sum.total),
            })
        })
        .collect();
    let words = totals
        .iter()
        .map(|sum| {
            let (total, code) = (sum.total.to_decimal(sum.currency), sum.currency.code());
            format!("{}: {} documents, {total} {code}", sum.kind, sum.count)
        })
        .collect::<Vec<_>>()
        .join("\n");
    Ok(Report::new(json!({ "documents": listed }), words))
}

pub(crate) fn list_devices(location: &Location) -> Result<Report, Stop> {
    let devices = Records::open(location)?.registers()?;
    let mut listed = Vec::new();
    let mut words = Vec::new();
    for device in &devices {
        let revoked_at = device.revoked_at_ms.map(rfc3339).transpose()?;
        let joined_at = rfc3339(device.joined_at_ms)?;
        let state = if revoked_at.is_some() { "revoked" } else { "active" };
        words.push(format!("{}  {}  {}  {state}", device.device_id, device.series, device.name));
        listed.push(json!({
            "device_id": device.device_id, "name": device.name, "series": device.series,
            "joined_at": joined_at, "revoked_at": revoked_at,
        }));
    }
    Ok(Report::new(json!({ "devices": listed }), words.join("\n")))
}

pub(crate) fn revoke(location: &Location, device: Uuid) -> Result<Report, Stop> {
    if pos_server::revoke(location, DeviceId(device), &Clock::system())? {
        return Ok(Report::new(
            json!({ "device_id": device, "revoked": true }),
            format!("{device} is revoked"),
        ));
    }
    Err(Stop::Refused {
        code: "device.unknown",
        params: json!({ "device_id": device }),
        words: format!("there is no register {device}"),
    })
}

pub(crate) fn rfc3339(ms: i64) -> Result<String, Stop> {
    let time = DateTime::from_timestamp_millis(ms).context("a time that no calendar has")?;
    Ok(time.to_rfc3339_opts(SecondsFormat::Secs, true))
}
