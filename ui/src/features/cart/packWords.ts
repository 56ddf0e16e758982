/** In which size goods are sold, such as "carton of 12". */
import { formatQuantity } from '$lib/format/quantity';
import { m } from '$lib/paraglide/messages';

interface Sized {
  readonly unit: string;
  /** Thousandths of the product's unit; none for a single one. */
  readonly pack_size?: number | null;
}

export function packWords(goods: Sized, language: 'fr' | 'en'): string {
  const { unit, pack_size: size } = goods;
  return size === null || size === undefined ? unit : m.pack_of({ unit, size: formatQuantity(size, language) });
}
