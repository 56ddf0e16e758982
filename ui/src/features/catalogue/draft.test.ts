import { expect, it } from 'vitest';
import { plainDecimal } from '$lib/format/number';
import { draftOf, emptyForm } from './draft';

it('turns typed decimals into the program\u2019s own notation in either language', () => {
  expect(plainDecimal('12\u202f500,50')).toBe('12500.50');
  expect(plainDecimal('12500.5')).toBe('12500.5');
  expect(plainDecimal(' ')).toBe('');
});

it('splits barcodes however they were pasted and leaves an unknown first count out', () => {
  const draft = draftOf({ ...emptyForm('warn'), name: ' Riz ', price: '62 000', barcodes: '2000010000012\n40170725; X-1' }, 'keep');
  expect(draft.barcodes).toEqual(['2000010000012', '40170725', 'X-1']);
  expect(draft.packs).toEqual([]);
  expect(draft).toMatchObject({ name: 'Riz', price: '62000', opening_stock: null, category_id: null, offline_policy: 'warn', unit: 'pcs' });
});

it('leaves out packs that nobody filled in and reads the others in either language', () => {
  const empty = { unit: '', size: '', price: '', barcode: '' };
  const carton = { unit: 'carton', size: '12', price: '90\u202f000', barcode: ' 6130001000010 ' };
  const draft = draftOf({ ...emptyForm('allow'), tracking: 'imei', packs: [empty, carton] }, 'keep');
  expect(draft.tracking).toBe('imei');
  expect(draft.packs).toEqual([{ unit: 'carton', size: '12', price: '90000', barcode: '6130001000010' }]);
});
