//! A made catalogue, the same at every run: names that people type in pieces, with accents, in categories.

use std::io::Write;

/// What is sold, as the first words of a name.
const KINDS: [&str; 24] = [
    "Café moulu",
    "Café soluble",
    "Thé vert",
    "Riz parfumé",
    "Riz brisé",
    "Savon de Marseille",
    "Savon noir",
    "Crème hydratante",
    "Huile d'arachide",
    "Lait concentré sucré",
    "Lait en poudre",
    "Sucre en morceaux",
    "Farine de blé",
    "Pâtes alimentaires",
    "Jus de bissap",
    "Eau minérale",
    "Piles alcalines",
    "Cahier à spirale",
    "Stylo à bille",
    "Câble de charge",
    "Ampoule économique",
    "Œufs frais",
    "Maïs grillé",
    "Couches bébé",
];
/// Who makes it.
const MAKERS: [&str; 20] = [
    "Kankan",
    "Fouta",
    "Soleil",
    "Étoile",
    "Baobab",
    "Nimba",
    "Kaloum",
    "Océan",
    "Savane",
    "Royale",
    "Belle Vie",
    "Niger",
    "Palmier",
    "Zénith",
    "Harmattan",
    "Boké",
    "Lion",
    "Délice",
    "Prestige",
    "Familial",
];
/// How it is packed.
const PACKS: [&str; 10] =
    ["100 g", "250 g", "500 g", "1 kg", "5 kg", "25 cl", "50 cl", "1,5 L", "lot de 3", "lot de 12"];
/// Where it stands in the shop.
const CATEGORIES: [&str; 12] = [
    "Boissons chaudes",
    "Boissons fraîches",
    "Épicerie",
    "Céréales",
    "Hygiène",
    "Entretien",
    "Papeterie",
    "Électricité",
    "Téléphonie",
    "Bébé",
    "Produits frais",
    "Confiserie",
];
/// So many pieces of each that no sale of a bench is ever short.
const STOCK: u32 = 1_000_000;
/// Lines of a sale.
pub(crate) const LINES: u32 = 3;

/// Products numbered from 0, each made of its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Catalogue {
    products: u32,
}

impl Catalogue {
    pub(crate) fn new(products: u32) -> Self {
        Self { products }
    }

    /// How many products there are.
    pub(crate) fn len(&self) -> u32 {
        self.products
    }

    /// Writes it as a list that `product import` takes.
    pub(crate) fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        writeln!(out, "code,barcode,name,category,price,tax,stock")?;
        for number in 0..self.products {
            let (code, barcode, name) = (code(number), barcode(number), name(number));
            let category = pick(&CATEGORIES, mix(number) >> 40);
            let price = 500 + mix(number) % 400 * 250;
            writeln!(out, "{code},{barcode},\"{name}\",{category},{price},18,{STOCK}")?;
        }
        Ok(())
    }

    /// The products of the `sale`th sale: different ones, all over the catalogue.
    pub(crate) fn products_of(&self, sale: u32) -> impl Iterator<Item = u32> + use<> {
        let (first, products) = (self.product(sale), self.products);
        (0..LINES).map(move |line| (first + line * 7_919) % products)
    }

    /// The `turn`th product of a walk all over the catalogue.
    pub(crate) fn product(&self, turn: u32) -> u32 {
        let among = u64::from(self.products.max(1));
        u32::try_from(mix(turn.wrapping_add(0x5eed)) % among).unwrap_or(0)
    }
}

/// The shop's own code.
pub(crate) fn code(number: u32) -> String {
    format!("P-{number:06}")
}

/// An EAN-13 of the range for use inside a shop (20), with its check digit.
pub(crate) fn barcode(number: u32) -> String {
    let digits = format!("20{:010}", u64::from(number) * 97_003 % 10_000_000_000);
    let sum: u32 = digits.bytes().zip([1, 3].into_iter().cycle()).map(|(d, w)| u32::from(d - b'0') * w).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

fn name(number: u32) -> String {
    let mixed = mix(number);
    let (kind, maker, pack) = (pick(&KINDS, mixed), pick(&MAKERS, mixed >> 16), pick(&PACKS, mixed >> 32));
    format!("{kind} {maker} {pack} n° {number}")
}

fn pick(words: &[&'static str], by: u64) -> &'static str {
    let among = u64::try_from(words.len()).unwrap_or(1);
    usize::try_from(by % among).ok().and_then(|at| words.get(at)).copied().unwrap_or_default()
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014): far numbers from near ones.
fn mix(number: u32) -> u64 {
    let z = u64::from(number).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
