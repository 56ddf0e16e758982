//! The first run: a demo shop, a new shop, or joining one; and connecting a shop that was begun without a server.

use pos_domain::settings::ShopSettings;
use pos_domain::{Cashier, Currency, DeviceId, Role};
use pos_store::backups::Cause;
use pos_store::device::{JoinedServer, NewDevice};
use pos_store::queue::Lane;
use pos_store::settings::SettingRow;
use pos_store::{Tx, cashiers, device, life, local, settings};
use pos_sync::transport::{AddressFault, PairError, ServerAddress, pair, pair_in_process};
use pos_sync::{ApiError, Business, PairRequest, PairResponse, ProblemCode};
use serde_json::json;

use super::records::Stamp;
use crate::app::App;
use crate::code::ErrorCode;
use crate::demo::DemoShop;
use crate::error::AppError;
use crate::keys::{Keys, Secret};
use crate::outcome::{Outcome, Topic};
use crate::view::{AppState, DeviceSettings, Language};
use crate::world::Network;

/// Series of a shop's first register until a server gives another.
const FIRST_SERIES: &str = "R1";
/// Most characters of a register's name.
const MAX_REGISTER_CHARS: usize = 60;

impl App {
    /// `shop.create_demo`
    pub async fn create_demo(&self, language: Language) -> Result<Outcome<AppState>, AppError> {
        let currency = Currency::from_iso("GNF").map_err(AppError::internal)?;
        let (name, locale, register, thanks) = match language {
            Language::Fr => ("Boutique Kaloum", "fr-GN", "Caisse 1", "Merci de votre visite !"),
            Language::En => ("Kaloum Store", "en-GB", "Register 1", "Thank you for your visit!"),
        };
        let settings = ShopSettings {
            receipt_header: "Avenue de la République, Conakry".to_owned(),
            receipt_footer: thanks.to_owned(),
            expense_categories: usual_expenses(language),
            ..ShopSettings::new(name, currency, locale)
        };
        let shop = DemoShop::load(language, &self.inner.ids)?;
        let owner = shop.cashiers.iter().find(|c| c.role == Role::Owner).map(|c| c.cashier_id);
        let stamp = self.stamp(Lane::Bulk);
        let device = self.new_device(register, FIRST_SERIES)?;
        self.write(move |tx| {
            begin_shop(tx, &stamp, &device, &settings)?;
            shop.categories.iter().try_for_each(|c| stamp.create(tx, c))?;
            shop.products.iter().try_for_each(|(p, stock)| stamp.create_product(tx, p, *stock))?;
            shop.customers.iter().try_for_each(|c| stamp.create(tx, c))?;
            shop.cashiers.iter().try_for_each(|c| stamp.create(tx, c))?;
            device::set_cashier(tx, owner)?;
            local::set_setting(tx, "demo", &json!(true))?;
            speak(tx, language)
        })
        .await?;
        self.shop_opened().await
    }

    /// `shop.create`: a new shop without a server; it can be connected to one at any time. Without a locale it takes the
    /// one that is usual with its currency.
    pub async fn create_shop(
        &self,
        name: &str,
        currency: &str,
        locale: &str,
        prices_include_tax: bool,
        cashier: &str,
    ) -> Result<Outcome<AppState>, AppError> {
        let name = name.trim();
        if name.is_empty() {
            return Err(AppError::input("name", "empty"));
        }
        let currency = Currency::from_iso(currency.trim())
            .map_err(|e| AppError::input("currency", "unknown").caused_by(e))?;
        let locale = match locale.trim() {
            "" => usual_locale(currency),
            given => given,
        };
        check_locale(locale)?;
        let mut settings = ShopSettings::new(name, currency, locale);
        settings.rules.prices_include_tax = prices_include_tax;
        let language = language_of(locale);
        settings.expense_categories = usual_expenses(language);
        let given = cashier.trim();
        let title = if given.is_empty() { owner_title(language) } else { given };
        let cashier = Cashier { cashier_id: self.new_id(), name: title.to_owned(), role: Role::Owner };
        let stamp = self.stamp(Lane::Bulk);
        let device = self.new_device(register_title(language), FIRST_SERIES)?;
        self.write(move |tx| {
            begin_shop(tx, &stamp, &device, &settings)?;
            stamp.create(tx, &cashier)?;
            device::set_cashier(tx, Some(cashier.cashier_id))?;
            speak(tx, language)
        })
        .await?;
        self.shop_opened().await
    }

    /// `shop.join`: joins the business of a server with a pairing code, and loads its catalogue.
    pub async fn join_shop(
        &self,
        server: &str,
        code: &str,
        register: &str,
    ) -> Result<Outcome<AppState>, AppError> {
        let register = register.trim();
        if register.is_empty() || register.chars().count() > MAX_REGISTER_CHARS {
            return Err(AppError::input(
                "register",
                format!("must have 1 to {MAX_REGISTER_CHARS} characters"),
            ));
        }
        if self.read(|conn| Ok(device::find(conn)?)).await?.is_some() {
            return Err(AppError::new(ErrorCode::AlreadySetUp));
        }
        let address = ServerAddress::parse(server).map_err(bad_address)?;
        let device_id = self.with_keys(|keys| keys.joining_as(|| self.new_id()))?;
        let answer = self.ask_to_pair(&address, code, device_id, register, None).await?;
        let mut device = self.new_device(register, &answer.series)?;
        device.device_id = device_id;
        device.tenant_id = answer.business.tenant_id;
        device.outlet_id = answer.business.outlet_id;
        let language = language_of(&answer.business.settings.locale);
        let joined = joined_server(&address);
        self.keep_token(answer.token)?;
        self.write(move |tx| {
            device::create(tx, &device)?;
            device::set_server(tx, &joined)?;
            speak(tx, language)
        })
        .await?;
        self.with_keys(Keys::joined)?;
        self.shop_opened().await
    }

    /// `shop.connect`: a shop begun without a server joins an empty business and uploads everything it has.
    pub async fn connect_shop(&self, server: &str, code: &str) -> Result<Outcome<AppState>, AppError> {
        let address = ServerAddress::parse(server).map_err(bad_address)?;
        let (device, settings) = self.read(|conn| Ok((device::get(conn)?, settings::load(conn)?))).await?;
        if device.server.is_some() {
            return Err(AppError::new(ErrorCode::JoinAlreadyJoined));
        }
        self.save_before(Cause::FirstSync).await;
        let base = self.read(|conn| Ok(life::base_series(conn)?)).await?;
        let business = Business { tenant_id: device.tenant_id, outlet_id: device.outlet_id, settings };
        let bring = Some((business, base));
        let answer = self.ask_to_pair(&address, code, device.device_id, &device.name, bring).await?;
        let joined = joined_server(&address);
        self.keep_token(answer.token)?;
        self.write(move |tx| {
            device::set_business(tx, answer.business.tenant_id, answer.business.outlet_id)?;
            device::set_series(tx, &life::series_of(&answer.series, device.epoch))?;
            Ok(device::set_server(tx, &joined)?)
        })
        .await?;
        self.shop_opened().await
    }

    /// People came from the server: somebody stands at the register from now on, if nobody did.
    pub(crate) async fn welcome_people(&self) -> Result<(), AppError> {
        let nobody = self
            .read(|conn| Ok(device::get(conn)?.cashier_id.is_none() && !cashiers::list(conn)?.is_empty()));
        if nobody.await? { self.choose_first_cashier().await } else { Ok(()) }
    }

    /// Once a joined register has people, somebody stands at it: the owner first, else anyone.
    pub(crate) async fn choose_first_cashier(&self) -> Result<(), AppError> {
        let stamp = self.stamp(Lane::Edit);
        self.write(move |tx| {
            let device = device::get(tx)?;
            if device.cashier_id.is_some() {
                return Ok(());
            }
            let people = cashiers::list(tx)?;
            let first = people.iter().find(|c| c.role == Role::Owner).or(people.first());
            let cashier_id = match first {
                Some(cashier) => cashier.cashier_id,
                None => {
                    // A business that was made on the server has no people yet.
                    let language = language_of(&settings::load(tx)?.locale);
                    let name = owner_title(language).to_owned();
                    let owner = Cashier { cashier_id: stamp.ids.next(), name, role: Role::Owner };
                    stamp.create(tx, &owner)?;
                    owner.cashier_id
                }
            };
            Ok(device::set_cashier(tx, Some(cashier_id))?)
        })
        .await
    }

    fn new_device(&self, register: &str, series: &str) -> Result<NewDevice, AppError> {
        Ok(NewDevice {
            device_id: self.new_id(),
            tenant_id: self.new_id(),
            outlet_id: self.new_id(),
            name: register.to_owned(),
            series: series.to_owned(),
            public_key: self.signing_key()?.public(),
            created_at_ms: self.now_ms(),
        })
    }

    async fn ask_to_pair(
        &self,
        address: &ServerAddress,
        code: &str,
        device_id: DeviceId,
        register: &str,
        bring: Option<(Business, String)>,
    ) -> Result<PairResponse, AppError> {
        let (bring, series) = bring.unzip();
        let public_key = self.signing_key()?.public();
        let code = code.trim().to_owned();
        let request =
            PairRequest { code, device_id, register: register.to_owned(), public_key, series, bring };
        let answer = match &self.inner.world.network {
            Network::Http => pair(address, &request).await,
            Network::InProcess { server, .. } => {
                pair_in_process(server, request).await.map_err(PairError::Api)
            }
        };
        answer.map_err(refused_pairing)
    }

    fn keep_token(&self, token: String) -> Result<(), AppError> {
        self.with_keys(|keys| keys.set_server_token(Secret::new(token)))
    }

    pub(super) fn with_keys<T>(
        &self,
        change: impl FnOnce(&mut Keys) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        match self.keys()?.as_mut() {
            Some(keys) => change(keys),
            None => Err(AppError::new(ErrorCode::NotSetUp)),
        }
    }

    async fn shop_opened(&self) -> Result<Outcome<AppState>, AppError> {
        self.start_link().await?;
        if let Some(link) = self.link() {
            match link.round().await {
                Ok(_) => self.choose_first_cashier().await?,
                // Joined is joined: what was not loaded yet comes with the next round.
                Err(e) => tracing::warn!(code = e.code.as_str(), "the first round was not finished"),
            }
        }
        Ok(Outcome {
            changed: vec![Topic::Shop, Topic::Settings, Topic::Cart, Topic::Sync],
            ..self.state().await?
        })
    }
}

/// What small shops spend cash on; the owner changes the list in the settings.
fn usual_expenses(language: Language) -> Vec<String> {
    let names = match language {
        Language::Fr => ["Transport", "Repas", "Fournitures", "Électricité et eau", "Divers"],
        Language::En => ["Transport", "Meals", "Supplies", "Power and water", "Other"],
    };
    names.map(str::to_owned).to_vec()
}

/// Writes the register and the settings of a shop that begins here.
fn begin_shop(tx: &Tx<'_>, stamp: &Stamp, new: &NewDevice, settings: &ShopSettings) -> Result<(), AppError> {
    if device::find(tx)?.is_some() {
        return Err(AppError::new(ErrorCode::AlreadySetUp));
    }
    device::create(tx, new)?;
    settings.to_rows().into_iter().try_for_each(|(key, value)| stamp.create(tx, &SettingRow { key, value }))
}

/// Sets the language of a register that begins here.
fn speak(tx: &Tx<'_>, language: Language) -> Result<(), AppError> {
    let settings = DeviceSettings { language, ..DeviceSettings::default() };
    Ok(local::set_setting(tx, "device", &serde_json::to_value(settings).map_err(AppError::internal)?)?)
}

fn joined_server(address: &ServerAddress) -> JoinedServer {
    let pins = address.pins().iter().map(ToString::to_string).collect();
    JoinedServer { url: address.url().to_owned(), pins, authority: None, server_epoch: 0 }
}

fn bad_address(fault: AddressFault) -> AppError {
    let code = match fault {
        AddressFault::PlainHttp => ErrorCode::JoinPlainHttp,
        AddressFault::Url | AddressFault::Scheme | AddressFault::Pin => ErrorCode::JoinBadAddress,
    };
    AppError::with(code, json!({ "problem": fault.to_string() })).caused_by(fault)
}

fn refused_pairing(error: PairError) -> AppError {
    match error {
        PairError::Api(ApiError::Refused { problem }) if problem.code == ProblemCode::PairingRefused => {
            AppError::new(ErrorCode::JoinCodeRefused)
        }
        PairError::Api(ApiError::Refused { problem }) if problem.code == ProblemCode::BusinessNotEmpty => {
            AppError::new(ErrorCode::JoinBusinessNotEmpty)
        }
        // It says nothing against this register or its code: a little later it may join.
        PairError::Api(ApiError::Refused { problem })
            if matches!(problem.code, ProblemCode::TooManyRequests | ProblemCode::Unavailable) =>
        {
            AppError::with(ErrorCode::SyncUnreachable, json!({ "detail": problem.detail }))
        }
        PairError::Api(error) => crate::link::api_fault(error),
        error @ PairError::Transport(_) => {
            AppError::with(ErrorCode::JoinBadAddress, json!({ "problem": error.to_string() }))
                .caused_by(error)
        }
    }
}

/// A BCP 47 language tag with a region, such as `fr-GN`.
fn check_locale(locale: &str) -> Result<(), AppError> {
    let mut parts = locale.trim().split('-');
    let language =
        parts.next().is_some_and(|l| matches!(l.len(), 2..=3) && l.chars().all(|c| c.is_ascii_lowercase()));
    let rest = parts.all(|p| (2..=8).contains(&p.len()) && p.chars().all(|c| c.is_ascii_alphanumeric()));
    if language && rest { Ok(()) } else { Err(AppError::input("locale", "malformed")) }
}

/// The language and country in which a currency is mostly counted.
fn usual_locale(currency: Currency) -> &'static str {
    match currency.code() {
        "GNF" => "fr-GN",
        "XOF" => "fr-SN",
        "XAF" => "fr-CM",
        "EUR" => "fr-FR",
        "TND" => "fr-TN",
        "MAD" => "fr-MA",
        "USD" => "en-US",
        _ => "en-GB",
    }
}

fn language_of(locale: &str) -> Language {
    if locale.starts_with("fr") { Language::Fr } else { Language::En }
}

fn owner_title(language: Language) -> &'static str {
    match language {
        Language::Fr => "Propriétaire",
        Language::En => "Owner",
    }
}

fn register_title(language: Language) -> &'static str {
    match language {
        Language::Fr => "Caisse 1",
        Language::En => "Register 1",
    }
}
