//! The groups of the catalogue.

use pos_domain::{Category, CategoryId};
use pos_store::queue::Lane;
use pos_store::{Conn, categories};
use serde_json::json;

use crate::app::App;
use crate::code::ErrorCode;
use crate::error::AppError;
use crate::outcome::{Outcome, Topic};

impl App {
    /// `category.list`, in the order of the screen.
    pub async fn list_categories(&self) -> Result<Outcome<Vec<Category>>, AppError> {
        Ok(Outcome::read(self.read(|conn| Ok(categories::list(conn)?)).await?))
    }

    /// `category.create`: at the end of the list. `colour` is `#rrggbb`.
    pub async fn create_category(&self, name: &str, colour: &str) -> Result<Outcome<Category>, AppError> {
        let (stamp, category_id) = (self.stamp(Lane::Edit), self.new_id());
        let (name, colour) = (name.trim().to_owned(), colour.trim().to_owned());
        let category = self
            .write(move |tx| {
                let last = categories::list(tx)?.iter().map(|c| c.position).max();
                let position = last.map_or(0, |position| position.saturating_add(1));
                let category = Category { category_id, name, colour, position };
                check(tx, &category)?;
                stamp.create(tx, &category)?;
                Ok(category)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(category, &[Topic::Products, Topic::Sync]))
    }

    /// `category.update`: its name and colour; its products stay in it.
    pub async fn update_category(
        &self,
        category_id: CategoryId,
        name: &str,
        colour: &str,
    ) -> Result<Outcome<Category>, AppError> {
        let stamp = self.stamp(Lane::Edit);
        let (name, colour) = (name.trim().to_owned(), colour.trim().to_owned());
        let category = self
            .write(move |tx| {
                let gone = || AppError::new(ErrorCode::CategoryNotFound);
                let before = categories::find(tx, category_id)?.ok_or_else(gone)?;
                let after = Category { name, colour, ..before.row.clone() };
                check(tx, &after)?;
                stamp.update(tx, &before, &after)?;
                Ok(after)
            })
            .await?;
        self.wrote();
        Ok(Outcome::changed(category, &[Topic::Products, Topic::Sync]))
    }
}

/// Two groups of one name are one group entered twice, whatever their accents and capitals.
fn check(conn: &Conn, category: &Category) -> Result<(), AppError> {
    category.check()?;
    match categories::find_by_name(conn, &category.name)? {
        Some(other) if other.category_id != category.category_id => {
            Err(AppError::with(ErrorCode::CategoryDuplicateName, json!({ "name": other.name })))
        }
        Some(_) | None => Ok(()),
    }
}
