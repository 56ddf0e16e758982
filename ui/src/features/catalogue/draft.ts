/** A product as the form holds it: texts as typed, turned into what the program takes when it is saved. */
import { type CurrencyShape, typedAmount } from '$lib/format/money';
import { type Language, plainDecimal } from '$lib/format/number';
import { typedQuantity } from '$lib/format/quantity';
import { typedPercent } from '$lib/format/rate';
import type { OfflinePolicy } from '$lib/host/bindings/OfflinePolicy';
import type { PictureChange } from '$lib/host/bindings/PictureChange';
import type { Product } from '$lib/host/bindings/Product';
import type { ProductDraft } from '$lib/host/bindings/ProductDraft';
import type { SerialTracking } from '$lib/host/bindings/SerialTracking';

/** A pack as it is typed. */
export interface PackForm {
  unit: string;
  size: string;
  price: string;
  barcode: string;
}

export interface ProductForm {
  code: string;
  /** One code a line, or separated by spaces. */
  barcodes: string;
  name: string;
  categoryId: string;
  unit: string;
  price: string;
  cost: string;
  taxRate: string;
  trackStock: boolean;
  openingStock: string;
  offlinePolicy: OfflinePolicy;
  favourite: boolean;
  archived: boolean;
  tracking: SerialTracking;
  packs: PackForm[];
}

export function emptyForm(offlinePolicy: OfflinePolicy): ProductForm {
  return {
    code: '',
    barcodes: '',
    name: '',
    categoryId: '',
    unit: 'pcs',
    price: '',
    cost: '',
    taxRate: '0',
    trackStock: true,
    openingStock: '',
    offlinePolicy,
    favourite: false,
    archived: false,
    tracking: 'none',
    packs: [],
  };
}

export function formOf(product: Product, currency: CurrencyShape, language: Language): ProductForm {
  return {
    code: product.code,
    barcodes: product.barcodes.join(' '),
    name: product.name,
    categoryId: product.category_id ?? '',
    unit: product.unit,
    price: typedAmount(product.price, currency, language),
    cost: product.cost === null ? '' : typedAmount(product.cost, currency, language),
    taxRate: typedPercent(product.tax_rate, language),
    trackStock: product.track_stock,
    openingStock: '',
    offlinePolicy: product.offline_policy,
    favourite: product.favourite,
    archived: product.archived,
    tracking: product.tracking,
    packs: product.packs.map((pack) => ({
      unit: pack.unit,
      size: typedQuantity(pack.size, language),
      price: typedAmount(pack.price, currency, language),
      barcode: pack.barcode ?? '',
    })),
  };
}

export function draftOf(form: ProductForm, picture: PictureChange): ProductDraft {
  return {
    code: form.code.trim(),
    barcodes: form.barcodes.split(/[\s,;]+/).filter((code) => code !== ''),
    name: form.name.trim(),
    category_id: form.categoryId === '' ? null : form.categoryId,
    unit: form.unit.trim() === '' ? 'pcs' : form.unit.trim(),
    price: plainDecimal(form.price),
    cost: plainDecimal(form.cost),
    tax_rate: plainDecimal(form.taxRate),
    track_stock: form.trackStock,
    opening_stock: form.openingStock.trim() === '' ? null : plainDecimal(form.openingStock),
    offline_policy: form.offlinePolicy,
    favourite: form.favourite,
    archived: form.archived,
    tracking: form.tracking,
    // A row that nobody filled in is no pack.
    packs: form.packs
      .filter((pack) => pack.unit.trim() !== '' || pack.price.trim() !== '')
      .map((pack) => ({ unit: pack.unit.trim(), size: plainDecimal(pack.size), price: plainDecimal(pack.price), barcode: pack.barcode.trim() })),
    picture,
  };
}
