import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Page } from '$lib/host/bindings/Page';
import { later } from '../../../tests/fakeHost';
import { PagedList, type Question, SEARCH_PAUSE_MS } from './pagedList.svelte';

const page = (items: string[], next: string | null = null): Page<string> => ({ items, next, total: items.length });

let asked: Question[];
let failures: unknown[];

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  failures = [];
});

afterEach(() => vi.useRealTimers());

function listOf(answer: (question: Question) => Promise<Page<string>>): PagedList<string> {
  return new PagedList(
    (question) => {
      asked.push(question);
      return answer(question);
    },
    (thrown) => failures.push(thrown),
  );
}

describe('a list in pages', () => {
  it('adds pages in order and asks for none after the last', async () => {
    const list = listOf(({ after }) => Promise.resolve(after === null ? page(['a', 'b'], 'b') : page(['c'])));
    await list.load();
    await list.more();
    await list.more();
    expect(list.items).toEqual(['a', 'b', 'c']);
    expect(asked.map((q) => q.after)).toEqual([null, 'b']);
    expect(list.total, 'the total is that of the first page').toBe(2);
  });

  it('asks once for several keys, and without the white space around them', async () => {
    const list = listOf(() => Promise.resolve(page([])));
    list.type(' ri');
    list.type(' riz ');
    await vi.advanceTimersByTimeAsync(SEARCH_PAUSE_MS);
    expect(asked).toEqual([{ search: 'riz', after: null }]);
  });

  it('drops an answer that a later question has overtaken', async () => {
    const slow = later<Page<string>>();
    const list = listOf(({ search }) => (search === '' ? slow.promise : Promise.resolve(page(['riz']))));
    const first = list.load();
    list.type('riz');
    await vi.advanceTimersByTimeAsync(SEARCH_PAUSE_MS);
    slow.resolve(page(['everything']));
    await first;
    expect(list.items, 'the list belongs to what stands in the field').toEqual(['riz']);
  });

  it('tells a failure, but not of a question that nobody asks any more', async () => {
    const slow = later<Page<string>>();
    const list = listOf(({ search }) => (search === '' ? slow.promise : Promise.reject(new Error('now'))));
    const first = list.load();
    list.type('x');
    await vi.advanceTimersByTimeAsync(SEARCH_PAUSE_MS);
    slow.reject(new Error('then'));
    await first;
    expect(failures.map(String)).toEqual(['Error: now']);
    expect(list.loaded).toBe(false);
  });
});
