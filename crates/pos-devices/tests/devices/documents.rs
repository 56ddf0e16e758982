//! Documents built by the domain itself, one for each thing a receipt must be able to say.

use pos_devices::format::Locale;
use pos_devices::receipt::{Codes, Copy, Issue, Receipt, Style};
use pos_domain::cart::{Discount, PriceRules};
use pos_domain::document::{DocumentCustomer, DocumentHead, OriginalSale};
use pos_domain::{
    Cart, CartLine, CashRounding, Currency, Hash32, Money, Quantity, Rate, RoundingMode, RoundingScope,
    SaleDocument, SaleKind, Tender, TenderKind,
};
use uuid::Uuid;

/// A document and the locale its shop works in.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) document: SaleDocument,
    pub(crate) tag: &'static str,
    pub(crate) copy: Copy,
}

impl Sample {
    pub(crate) fn receipt(&self) -> Receipt {
        receipt(&self.document, self.tag, self.copy)
    }
}

pub(crate) fn receipt(document: &SaleDocument, tag: &str, copy: Copy) -> Receipt {
    let french = tag.starts_with("fr");
    let (header, footer) = if french {
        (
            "Marché Madina, Conakry\nTél. 622 00 00 00",
            "Merci et à bientôt !\nNi repris ni échangé sans ticket.",
        )
    } else {
        ("12 High Street, Leeds", "Thank you!")
    };
    let issue = Issue {
        number: "R1-000042",
        issued_at: "2026-03-14T17:05:09",
        chain_hash: Hash32::of(b"link"),
        copy,
    };
    Receipt::of(
        document,
        issue,
        Style { locale: Locale::parse(tag), header, footer, logo: None, codes: Codes::default() },
    )
}

pub(crate) fn money(minor: i64) -> Money {
    Money::from_minor(minor).unwrap()
}

pub(crate) fn line(id: u128, name: &str, qty: &str, unit: &str, price: i64, tax: &str) -> CartLine {
    CartLine {
        line_id: Uuid::from_u128(id).into(),
        product_id: Uuid::from_u128(id + 1_000).into(),
        code: format!("P{id}"),
        name: name.into(),
        unit: unit.into(),
        qty: Quantity::parse(qty).unwrap(),
        unit_price: money(price),
        catalogue_price: money(price),
        tax_rate: Rate::parse_percent(tax).unwrap(),
        discount: None,
        track_stock: true,
        pack_size: None,
        serials: Vec::new(),
        trade_in: false,
        note: None,
    }
}

pub(crate) fn tender(kind: TenderKind, minor: i64, reference: Option<&str>) -> Tender {
    Tender { kind, amount: money(minor), reference: reference.map(str::to_owned) }
}

pub(crate) fn head(currency: &str) -> DocumentHead {
    DocumentHead {
        sale_id: Uuid::from_u128(1).into(),
        kind: SaleKind::Sale,
        business: "Épicerie Diallo & Frères".into(),
        outlet_id: Uuid::from_u128(2).into(),
        outlet: "Boutique de Kaloum".into(),
        device_id: Uuid::from_u128(3).into(),
        register: "Caisse 1".into(),
        cashier_id: Uuid::from_u128(4).into(),
        cashier: "Aïssatou".into(),
        currency: Currency::from_iso(currency).unwrap(),
        rules: PriceRules { prices_include_tax: true, line_rounding: RoundingMode::HalfUp },
        cash_rounding: None,
        sold_at_ms: 1_773_507_909_000,
        document_date: None,
        external_number: None,
        original: None,
        shift_id: None,
        swap_number: None,
        approvals: Vec::new(),
    }
}

pub(crate) fn cart(lines: Vec<CartLine>) -> Cart {
    Cart { cart_id: Uuid::from_u128(5).into(), lines, discount: None, customer_id: None, note: None }
}

pub(crate) fn customer(name: &str) -> Option<DocumentCustomer> {
    Some(DocumentCustomer { customer_id: Uuid::from_u128(6).into(), name: name.into() })
}

pub(crate) fn build(head: DocumentHead, cart: &Cart, tenders: Vec<Tender>) -> SaleDocument {
    let document = SaleDocument::build(head, None, cart, tenders).unwrap();
    document.check().unwrap();
    document
}

/// All samples; each name is the name of its snapshots.
pub(crate) fn samples() -> Vec<Sample> {
    vec![
        cash_sale(),
        euro_tax_split(),
        dinar_exclusive_tax(),
        refund(),
        discounts(),
        cash_rounding(),
        mobile_money(),
        long_names(),
        replayed(),
    ]
}

fn sample(name: &'static str, document: SaleDocument, tag: &'static str) -> Sample {
    Sample { name, document, tag, copy: Copy::Original }
}

fn cash_sale() -> Sample {
    let lines = vec![
        line(1, "Riz parfumé 5 kg", "2", "sac", 62_500, "18"),
        line(2, "Café moulu", "0.25", "kg", 48_000, "18"),
    ];
    sample(
        "gnf_cash",
        build(head("GNF"), &cart(lines), vec![tender(TenderKind::Cash, 150_000, None)]),
        "fr-GN",
    )
}

fn euro_tax_split() -> Sample {
    let lines = vec![
        line(1, "Baguette tradition", "3", "pce", 120, "5.5"),
        line(2, "Savon d’Alep", "1", "pce", 690, "20"),
        line(3, "Journal", "1", "pce", 150, "2.1"),
    ];
    let tenders = vec![tender(TenderKind::Card, 1_200, Some("AUT 004217"))];
    sample("eur_tax_split", build(head("EUR"), &cart(lines), tenders), "fr-FR")
}

fn dinar_exclusive_tax() -> Sample {
    let mut head = head("TND");
    head.rules.prices_include_tax = false;
    let lines =
        vec![line(1, "Huile d’olive", "1.5", "l", 14_250, "19"), line(2, "Pain", "2", "pce", 240, "0")];
    let tenders = vec![tender(TenderKind::Cash, 30_000, None)];
    sample("tnd_exclusive_tax", build(head, &cart(lines), tenders), "fr-TN")
}

fn refund() -> Sample {
    let mut head = head("GNF");
    head.kind = SaleKind::Refund;
    head.original = Some(OriginalSale { sale_id: None, number: Some("R1-000017".into()) });
    let mut cart = cart(vec![line(1, "Riz parfumé 5 kg", "-1", "sac", 62_500, "18")]);
    cart.note = Some("Sac percé".into());
    let document = build(head, &cart, vec![tender(TenderKind::Cash, -62_500, None)]);
    Sample { copy: Copy::Duplicate, ..sample("gnf_refund_duplicate", document, "fr-GN") }
}

fn discounts() -> Sample {
    let mut first = line(1, "Umbrella", "2", "pcs", 1_999, "20");
    first.discount = Some(Discount::Percent(Rate::parse_percent("12.5").unwrap()));
    let mut cart = cart(vec![first, line(2, "Scarf", "1", "pcs", 2_500, "20")]);
    cart.discount = Some(Discount::Amount(money(500)));
    let tenders = vec![tender(TenderKind::Cash, 6_000, None)];
    sample("gbp_discounts", build(head("GBP"), &cart, tenders), "en-GB")
}

fn cash_rounding() -> Sample {
    let mut head = head("GNF");
    head.cash_rounding =
        Some(CashRounding { step: money(500), mode: RoundingMode::HalfUp, scope: RoundingScope::Cash });
    let cart = cart(vec![line(1, "Tomates", "1.33", "kg", 9_700, "0")]);
    sample("gnf_cash_rounding", build(head, &cart, vec![tender(TenderKind::Cash, 15_000, None)]), "fr-GN")
}

fn mobile_money() -> Sample {
    let cart = cart(vec![line(1, "Recharge téléphone", "1", "", 100_000, "18")]);
    let tenders = vec![
        tender(TenderKind::Mobile, 60_000, Some("OM-PP260314.1705.C12345")),
        tender(TenderKind::Cash, 50_000, None),
    ];
    let mut document = build(head("GNF"), &cart, tenders);
    document.customer = customer("Mamadou Ɓaldé");
    sample("gnf_mobile_money", document, "fr-GN")
}

fn long_names() -> Sample {
    let name = "Ensemble de casseroles en acier inoxydable avec couvercles en verre, poignées isolantes";
    let mut cart = cart(vec![
        line(1, name, "1000000", "pièce", 9_007_199_254, "18"),
        line(2, "Anticonstitutionnellement-et-sans-espace-aucun-d’aucune-sorte", "1", "pce", 1, "0"),
        line(3, "Thé 茶叶 \u{202E}drow\u{202C} \u{1F375}\u{1b}@", "3", "pce", 15_000, "18"),
    ]);
    cart.note = Some("Livraison à domicile, troisième étage, demander Monsieur Camara.\nFragile !".into());
    let mut document = build(head("GNF"), &cart, vec![tender(TenderKind::Cash, 9_007_199_254_045_001, None)]);
    document.customer = customer("Coopérative agricole des producteurs de pommes de terre de Timbi-Madina");
    sample("gnf_long_names", document, "fr-GN")
}

fn replayed() -> Sample {
    let mut head = head("GBP");
    head.business = "Gift Shop".into();
    head.outlet = "Gift Shop".into();
    head.cashier = "Ann".into();
    head.register = "Till 1".into();
    head.external_number = Some("536365".into());
    head.document_date = Some("2010-12-01T08:26:00".into());
    let lines = vec![
        line(1, "WHITE HANGING HEART T-LIGHT HOLDER", "6", "pcs", 255, "0"),
        line(2, "GIFT WRAP", "1", "pcs", 0, "0"),
    ];
    sample("gbp_replayed", build(head, &cart(lines), vec![tender(TenderKind::Cash, 1_530, None)]), "en-GB")
}
