//! The demo shop: a catalogue with pictures, customers and people, all made by us (see `demo/README.md`).

use include_dir::{Dir, include_dir};
use pos_domain::catalogue::Pack;
use pos_domain::serial::SerialTracking;
use pos_domain::{Cashier, Category, Customer, Gtin, Money, OfflinePolicy, Product, Quantity, Rate, Role};
use serde::Deserialize;

use crate::error::{AppError, decimal};
use crate::ids::IdSource;
use crate::view::Language;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/demo");

/// Everything the demo shop starts with.
#[derive(Debug)]
pub struct DemoShop {
    /// In the order of the screen.
    pub categories: Vec<Category>,
    /// With their first count, when stock is counted.
    pub products: Vec<(Product, Option<Quantity>)>,
    /// Customers.
    pub customers: Vec<Customer>,
    /// People; the first cashier of the list sells first.
    pub cashiers: Vec<Cashier>,
}

#[derive(Deserialize)]
struct CategoryRow {
    key: String,
    name_fr: String,
    name_en: String,
    colour: String,
}

#[derive(Deserialize)]
struct ProductRow {
    code: String,
    barcode: String,
    name_fr: String,
    name_en: String,
    category: String,
    unit: String,
    price_gnf: i64,
    cost_gnf: i64,
    tax_rate_percent: String,
    stock: String,
    track_stock: bool,
    offline_policy: OfflinePolicy,
    picture: String,
    favourite: bool,
    tracking: SerialTracking,
}

/// A size in which a product of the table above is also sold.
#[derive(Deserialize)]
struct PackRow {
    code: String,
    unit_fr: String,
    unit_en: String,
    size: String,
    price_gnf: i64,
    barcode: String,
}

#[derive(Deserialize)]
struct CustomerRow {
    name: String,
    phone: String,
    note: String,
}

#[derive(Deserialize)]
struct CashierRow {
    name: String,
    role: Role,
}

impl PackRow {
    fn pack(&self, language: Language) -> Result<Pack, AppError> {
        Ok(Pack {
            unit: if language == Language::Fr { &self.unit_fr } else { &self.unit_en }.clone(),
            size: Quantity::parse(&self.size).map_err(decimal("packs"))?,
            price: Money::from_minor(self.price_gnf).map_err(AppError::internal)?,
            barcode: Some(Gtin::parse(&self.barcode).map_err(AppError::internal)?.canonical()),
        })
    }
}

impl DemoShop {
    /// Reads the demo's files; each call makes new ids.
    pub fn load(language: Language, ids: &IdSource) -> Result<Self, AppError> {
        let french = language == Language::Fr;
        let mut by_key = std::collections::HashMap::new();
        let mut categories = Vec::new();
        for (row, position) in rows::<CategoryRow>("categories.csv")?.into_iter().zip(0_i32..) {
            let category_id = ids.next();
            by_key.insert(row.key, category_id);
            let name = if french { row.name_fr } else { row.name_en };
            categories.push(Category { category_id, name, colour: row.colour, position });
        }
        let packs = rows::<PackRow>("packs.csv")?;
        let packs_of = |code: &str| {
            packs
                .iter()
                .filter(|row| row.code == code)
                .map(|row| row.pack(language))
                .collect::<Result<_, _>>()
        };
        let products = rows::<ProductRow>("products.csv")?.into_iter().map(|row| {
            let category_id = by_key.get(&row.category).copied();
            let barcode = Gtin::parse(&row.barcode).map_err(AppError::internal)?;
            let stock = Quantity::parse(&row.stock).map_err(decimal("stock"))?;
            let product = Product {
                product_id: ids.next(),
                packs: packs_of(&row.code)?,
                code: row.code,
                barcodes: vec![barcode.canonical()],
                name: if french { row.name_fr } else { row.name_en },
                category_id,
                unit: row.unit,
                price: Money::from_minor(row.price_gnf).map_err(AppError::internal)?,
                cost: Some(Money::from_minor(row.cost_gnf).map_err(AppError::internal)?),
                tax_rate: Rate::parse_percent(&row.tax_rate_percent).map_err(decimal("tax_rate"))?,
                track_stock: row.track_stock,
                offline_policy: row.offline_policy,
                favourite: row.favourite,
                picture: Some(row.picture),
                archived: false,
                tracking: row.tracking,
            };
            Ok((product, row.track_stock.then_some(stock)))
        });
        let customers = rows::<CustomerRow>("customers.csv")?.into_iter().map(|row| Customer {
            customer_id: ids.next(),
            code: None,
            name: row.name,
            phone: Some(row.phone).filter(|p| !p.is_empty()),
            note: Some(row.note).filter(|n| !n.is_empty()),
            credit_limit: None,
        });
        let cashiers = rows::<CashierRow>("cashiers.csv")?.into_iter().map(|row| Cashier {
            cashier_id: ids.next(),
            name: row.name,
            role: row.role,
        });
        Ok(Self {
            products: products.collect::<Result<_, AppError>>()?,
            customers: customers.collect(),
            cashiers: cashiers.collect(),
            categories,
        })
    }
}

/// The SVG text of a picture of the demo shop.
pub fn picture(name: &str) -> Option<&'static str> {
    FILES
        .get_file(name)
        .filter(|f| f.path().extension().is_some_and(|e| e == "svg"))
        .and_then(|f| f.contents_utf8())
}

fn rows<T: for<'de> Deserialize<'de>>(file: &str) -> Result<Vec<T>, AppError> {
    let bytes = FILES.get_file(file).map_or(&b""[..], include_dir::File::contents);
    csv::Reader::from_reader(bytes).deserialize().collect::<Result<_, _>>().map_err(AppError::internal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    #[test]
    fn every_row_of_the_demo_shop_is_acceptable_and_has_its_picture() {
        let ids = IdSource::new(Clock::from_fn(|| 1_700_000_000_000));
        for language in [Language::Fr, Language::En] {
            let shop = DemoShop::load(language, &ids).unwrap();
            assert_eq!(shop.products.len(), 64);
            for (product, _) in &shop.products {
                assert_eq!(product.check(), Ok(()), "{}", product.code);
                assert!(product.category_id.is_some(), "{} has a category", product.code);
                assert!(
                    product.picture.as_deref().and_then(picture).is_some(),
                    "{} has a picture",
                    product.code
                );
            }
            assert_eq!(shop.products.iter().filter(|(product, _)| !product.packs.is_empty()).count(), 2);
            shop.categories.iter().for_each(|c| assert_eq!(c.check(), Ok(())));
            shop.customers.iter().for_each(|c| assert_eq!(c.check(), Ok(())));
            assert!(shop.cashiers.iter().any(|c| c.role == Role::Cashier));
        }
    }
}
