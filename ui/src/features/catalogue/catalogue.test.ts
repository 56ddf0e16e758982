import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Page } from '$lib/host/bindings/Page';
import type { ProductView } from '$lib/host/bindings/ProductView';
import { HostError } from '$lib/host/host';
import { SEARCH_PAUSE_MS } from '$lib/paging/pagedList.svelte';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost, later } from '../../../tests/fakeHost';
import { CatalogueImport, decode } from './import.svelte';
import { Products } from './products.svelte';
import { Shelf } from './shelf.svelte';

let host: FakeHost;
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  host = new FakeHost().on('category.list', () => []);
  session = new Session(host, new Notices());
});
afterEach(() => vi.useRealTimers());

const page = (names: string[], next: string | null = null): Page<ProductView> => ({
  items: names.map((name) => ({
    product: {
      product_id: name, code: name, barcodes: [], name, category_id: null, unit: 'pcs', price: 1, cost: null, tax_rate: 0,
      track_stock: false, offline_policy: 'allow', favourite: false, picture: null, archived: false, tracking: 'none', packs: [],
    },
    category: null,
    stock: null,
    unsynced: false,
  })),
  next,
  total: null,
});

it('searches once per pause in typing', async () => {
  host.on('product.list', () => page([]));
  const shelf = new Shelf(session);
  for (const text of ['r', 'ri', 'riz']) shelf.type(text);
  await vi.advanceTimersByTimeAsync(SEARCH_PAUSE_MS);
  expect(host.requests('product.list').map((r) => r.search)).toEqual(['riz']);
});

it('shows the answer to the latest question, in whatever order answers come', async () => {
  const slow = later<Page<ProductView>>();
  host.on('product.list', ({ favourites }) => (favourites ? slow.promise : page(['all'])));
  const shelf = new Shelf(session);
  const first = shelf.load();
  shelf.choose('all');
  await vi.advanceTimersByTimeAsync(0);
  slow.resolve(page(['favourite']));
  await first;
  expect(shelf.items.map((v) => v.product.name)).toEqual(['all']);
});

it('loads each further page of the list once', async () => {
  host.on('product.list', ({ after }) => (after === null ? page(['a'], 'x') : page(['b'])));
  const products = new Products(session);
  await products.list.load();
  await Promise.all([products.list.more(), products.list.more()]);
  await products.list.more();
  expect(products.list.items.map((v) => v.product.name)).toEqual(['a', 'b']);
  expect(host.requests('product.list').length).toBe(2);
});

it('makes and renames categories, and keeps the form when the name is taken', async () => {
  const made = { category_id: 'c', name: 'Boissons', colour: '#22558f', position: 1 };
  host.on('category.create', () => made).on('category.update', () => Promise.reject(new HostError('category.duplicate_name', { name: 'Riz' })));
  const products = new Products(session);
  expect(await products.saveCategory(null, ' Boissons ', '#22558f')).toBe(true);
  expect(host.requests('category.create')).toEqual([{ name: 'Boissons', colour: '#22558f' }]);
  expect(await products.saveCategory('c', 'Riz', '#22558f')).toBe(false);
  expect(host.requests('category.update')[0]?.category_id).toBe('c');
});

it('reads files of spreadsheets in UTF-8 and in the old code page of Windows', () => {
  expect(decode(new TextEncoder().encode('Épicerie').buffer)).toBe('Épicerie');
  expect(decode(new Uint8Array([0xc9, 0x70, 0x69]).buffer)).toBe('Épi');
});

it('imports only when the needed columns are known, dry before for real', async () => {
  const mapping = { code: null, barcode: null, name: 'Nom', category: null, unit: null, price: null, cost: null, tax_rate: null, stock: null };
  host.on('import.preview', () => ({ columns: ['Nom', 'Prix'], mapping, rows: [], total: 2, delimiter: ';' }));
  host.on('import.run', ({ dry_run }) => ({ dry_run, created: 2, updated: 0, unchanged: 0, loaded: 2, rejected: [], warnings: [] }));
  const importing = new CatalogueImport(session);
  await importing.read(new File(['Nom;Prix\nRiz;1'], 'c.csv'));
  expect(importing.canRun, 'nobody said which column is the price').toBe(false);
  importing.map('price', 'Prix');
  expect(importing.canRun).toBe(true);
  await importing.run(true);
  expect(importing.report?.dry_run).toBe(true);
  expect(host.requests('import.run')).toEqual([{ text: 'Nom;Prix\nRiz;1', mapping: { ...mapping, price: 'Prix' }, dry_run: true }]);
});

it('goes back to choosing when the file is no table, and says so', async () => {
  host.on('import.preview', () => Promise.reject(new HostError('import.unreadable', { problem: 'binary' })));
  const importing = new CatalogueImport(session);
  await importing.read(new File(['\u0000'], 'photo.jpg'));
  expect(importing.step).toBe('choose');
  expect(importing.refusal?.code).toBe('import.unreadable');
});
