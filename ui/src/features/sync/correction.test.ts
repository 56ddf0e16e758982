import { describe, expect, it } from 'vitest';
import { Correction, fieldOfPath } from './correction.svelte';

const GNF = { code: 'GNF', exponent: 0 };
const refused = {
  name: 'Riz',
  price: -62_000,
  tax_rate: 180_000,
  barcodes: ['1', '2'],
  archived: false,
  category_id: '0190-…',
  product_id: '0190-…',
};

describe('the correction of a refused operation', () => {
  it('offers what people type, and neither ids nor what is chosen from lists', () => {
    const correction = new Correction(refused, GNF, 'fr');
    expect(correction.fields.map((f) => f.name)).toEqual(['name', 'price', 'tax_rate', 'barcodes', 'archived']);
    expect(correction.changed, 'nothing was corrected yet').toBe(false);
  });

  it('sends what was changed and nothing else, in the notation of the program', () => {
    const correction = new Correction(refused, GNF, 'fr');
    const type = (name: string, text: string): void => {
      const field = correction.fields.find((f) => f.name === name);
      if (field !== undefined) correction.type(field, text);
    };
    type('price', '62 000');
    type('tax_rate', '5,5');
    type('barcodes', '1, 3');
    type('archived', 'true');
    expect(correction.changes).toEqual({ price: '62000', tax_rate: '5.5', barcodes: ['1', '3'], archived: true });
    type('price', '-62000');
    expect(Object.keys(correction.changes), 'what is as it was is no change').not.toContain('price');
  });

  it('finds the field of a path', () => {
    expect(fieldOfPath('fields.price')).toBe('price');
    expect(fieldOfPath('price')).toBe('price');
    expect(fieldOfPath(null)).toBeNull();
  });
});
