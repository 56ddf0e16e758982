//! Who wins when two registers changed the same field: what a shop may choose, and what it has chosen.

use pos_domain::body::EntityKind;
use pos_domain::settings::{FieldStrategy, default_strategy};
use pos_store::settings;
use serde_json::json;

use crate::app::App;
use crate::error::AppError;
use crate::outcome::Outcome;
use crate::view::{AppState, StrategyView};

/// What people write into by hand, and may therefore disagree about.
const FIELDS: [(EntityKind, &[&str]); 3] = [
    (
        EntityKind::Product,
        &[
            "name",
            "price",
            "cost",
            "tax_rate",
            "category_id",
            "unit",
            "offline_policy",
            "favourite",
            "archived",
        ],
    ),
    (EntityKind::Customer, &["name", "phone", "note"]),
    (EntityKind::Category, &["name", "colour"]),
];

impl App {
    /// `setting.strategies`: every field whose strategy may be chosen.
    pub async fn list_strategies(&self) -> Result<Outcome<Vec<StrategyView>>, AppError> {
        let settings = self.read(|conn| Ok(settings::load(conn)?)).await?;
        let views =
            FIELDS.into_iter().flat_map(|(kind, fields)| fields.iter().map(move |f| (kind.as_str(), *f)));
        let view = |(entity, field): (&str, &str)| StrategyView {
            entity: entity.to_owned(),
            field: field.to_owned(),
            strategy: settings.strategy(entity, field),
            usual: default_strategy(entity, field),
        };
        Ok(Outcome::read(views.map(view).collect()))
    }

    /// `setting.set_strategy`: for one field. What is usual is not kept as a choice, so that it follows the program.
    pub async fn set_strategy(
        &self,
        entity: &str,
        field: &str,
        strategy: FieldStrategy,
    ) -> Result<Outcome<AppState>, AppError> {
        let known = FIELDS.iter().any(|(kind, fields)| kind.as_str() == entity && fields.contains(&field));
        if !known {
            return Err(AppError::input("strategies", "unknown"));
        }
        let mut strategies = self.read(|conn| Ok(settings::load(conn)?.strategies)).await?;
        let key = format!("{entity}.{field}");
        if strategy == default_strategy(entity, field) {
            strategies.remove(&key);
        } else {
            strategies.insert(key, strategy);
        }
        self.set_setting("strategies", json!(strategies)).await
    }
}
