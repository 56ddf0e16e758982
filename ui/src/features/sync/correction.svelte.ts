/**
 * The fields of a refused operation, as a person corrects them: texts as typed, turned into what the program takes.
 * Only what was changed is sent; what people never type (ids, pictures) is left as it is.
 */
import { type CurrencyShape, typedAmount } from '$lib/format/money';
import { type Language, plainDecimal } from '$lib/format/number';
import { typedPercent } from '$lib/format/rate';
import { fieldName } from '$features/notices/fieldWords';

export type FieldKind = 'text' | 'money' | 'percent' | 'list' | 'switch';

/** One field of the form. */
export interface CorrectionField {
  readonly name: string;
  readonly label: string;
  readonly kind: FieldKind;
  /** As it was refused: text, or `true`/`false` for a switch. */
  readonly was: string;
}

const MONEY: ReadonlySet<string> = new Set(['price', 'cost']);
/** Chosen from lists in their own rooms; a correction by hand would only break them. */
const CHOSEN: ReadonlySet<string> = new Set(['category_id', 'picture', 'offline_policy']);

/** The part of a field's path that names it: `fields.price` and `price` are the same field. */
export function fieldOfPath(path: string | null): string | null {
  return path === null ? null : (path.split('.').at(-1) ?? null);
}

export class Correction {
  readonly fields: readonly CorrectionField[];
  #typed = $state<Record<string, string>>({});

  constructor(fields: Readonly<Record<string, unknown>>, currency: CurrencyShape, language: Language) {
    this.fields = Object.entries(fields).flatMap(([name, value]) => {
      const label = fieldName(name);
      return label === null || CHOSEN.has(name) ? [] : fieldOf(name, label, value, currency, language);
    });
  }

  textOf(field: CorrectionField): string {
    return this.#typed[field.name] ?? field.was;
  }

  type(field: CorrectionField, text: string): void {
    this.#typed[field.name] = text;
  }

  /** What differs from what was refused, in the program's own notation. */
  get changes(): Record<string, unknown> {
    const changed = this.fields.filter((field) => this.textOf(field) !== field.was);
    return Object.fromEntries(changed.map((field) => [field.name, valueOf(field.kind, this.textOf(field))]));
  }

  get changed(): boolean {
    return Object.keys(this.changes).length > 0;
  }
}

function fieldOf(name: string, label: string, value: unknown, currency: CurrencyShape, language: Language): CorrectionField[] {
  if (typeof value === 'boolean') return [{ name, label, kind: 'switch', was: String(value) }];
  if (typeof value === 'number' && MONEY.has(name)) return [{ name, label, kind: 'money', was: typedAmount(value, currency, language) }];
  if (typeof value === 'number' && name === 'tax_rate') return [{ name, label, kind: 'percent', was: typedPercent(value, language) }];
  if (Array.isArray(value)) return [{ name, label, kind: 'list', was: value.join(' ') }];
  return typeof value === 'string' ? [{ name, label, kind: 'text', was: value }] : [];
}

function valueOf(kind: FieldKind, text: string): unknown {
  switch (kind) {
    case 'text':
      return text.trim();
    case 'money':
    case 'percent':
      return plainDecimal(text);
    case 'list':
      return text.split(/[\s,;]+/).filter((part) => part !== '');
    case 'switch':
      return text === 'true';
  }
}
