/** Words for what a comparison with the server found. */
import type { ComparisonView } from '$lib/host/bindings/ComparisonView';
import type { DifferenceWord } from '$lib/host/bindings/DifferenceWord';
import { m } from '$lib/paraglide/messages';
import type { Comparison } from './sync.svelte';

export function comparisonHead(comparison: Comparison): string {
  if (comparison === 'unfinished' || comparison.outcome !== 'done') return m.compare_question();
  return comparison.differences.length === 0 ? m.compare_same() : m.compare_differed({ count: comparison.differences.length });
}

export function comparisonWords(comparison: Comparison, count: (n: number) => string): string {
  return comparison === 'unfinished' ? m.compare_unfinished() : OUTCOMES[comparison.outcome](comparison, count);
}

const OUTCOMES: Record<ComparisonView['outcome'], (found: ComparisonView, count: (n: number) => string) => string> = {
  done: (found, count) =>
    found.differences.length === 0 ? m.compare_same_figures({ rows: count(found.rows) }) : m.compare_differed_about(),
  put_off: () => m.compare_put_off(),
  not_offered: () => m.compare_not_offered(),
};

const DIFFERENCES: Record<DifferenceWord, () => string> = {
  missing: m.compare_missing,
  surplus: m.compare_surplus,
  unequal: m.compare_unequal,
};

export function differenceWords(what: DifferenceWord): string {
  return DIFFERENCES[what]();
}
