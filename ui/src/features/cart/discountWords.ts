/** A discount as it is shown beside a line: `−10 %` or `−500`. */
import { formatAmount, type CurrencyShape } from '$lib/format/money';
import { type Language, MINUS } from '$lib/format/number';
import { formatPercent } from '$lib/format/rate';
import type { Discount } from '$lib/host/bindings/Discount';

export function discountWords(discount: Discount, currency: CurrencyShape, language: Language): string {
  switch (discount.kind) {
    case 'amount':
      return MINUS + formatAmount(discount.value, currency, language);
    case 'percent':
      return MINUS + formatPercent(discount.value, language);
  }
}
