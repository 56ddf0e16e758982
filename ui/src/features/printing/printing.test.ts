import { describe, expect, it } from 'vitest';
import type { PrintJob } from '$lib/host/bindings/PrintJob';
import { locale } from '$lib/i18n/locale.svelte';
import { isOpen, jobDetail, jobTitle, noticeWords } from './printWords';

const JOB: PrintJob = {
  job_no: 7,
  printer: 'receipts',
  kind: 'receipt',
  title: 'R1-000042',
  state: 'waiting',
  attempts: 2,
  trouble: 'paper_out',
  asked_at_ms: 1_000,
  next_due_at_ms: 9_000,
  ended_at_ms: null,
};

describe('words for the printer', () => {
  it('says why a job waits and when it is tried next, in both languages', () => {
    locale.language = 'fr';
    expect(jobDetail(JOB, 2_000, 'fr')).toContain('Plus de papier.');
    expect(jobDetail(JOB, 2_000, 'fr').split(' · ')).toHaveLength(3);
    locale.language = 'en';
    expect(jobDetail(JOB, 10_000, 'en')).toContain('No paper.');
    expect(jobDetail(JOB, 10_000, 'en').split(' · '), 'a time that has passed is not told').toHaveLength(2);
  });

  it('says nothing of trouble that is over', () => {
    expect(jobDetail({ ...JOB, state: 'done', next_due_at_ms: null }, 10_000, 'en')).not.toContain('No paper.');
  });

  it('calls a job without a title by what it is', () => {
    locale.language = 'en';
    expect(jobTitle({ ...JOB, kind: 'drawer', title: '' })).toBe('Opening the drawer');
    expect(jobTitle(JOB)).toBe('R1-000042');
  });

  it('offers another try only where there is one', () => {
    expect((['waiting', 'failed'] as const).every((state) => isOpen({ ...JOB, state }))).toBe(true);
    expect((['printing', 'done', 'cancelled'] as const).some((state) => isOpen({ ...JOB, state }))).toBe(false);
  });

  it('knows the codes of a sale’s notice and says nothing of others', () => {
    expect(noticeWords('paper_out')).toBe('No paper.');
    expect(noticeWords('what nobody knows')).toBe('');
  });
});
