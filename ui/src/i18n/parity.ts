/** Compiles only while both languages have exactly the same messages. */
import type en from './en.json';
import type fr from './fr.json';

type Same<A, B> = [keyof A] extends [keyof B] ? ([keyof B] extends [keyof A] ? true : never) : never;

export const bothLanguagesHaveTheSameMessages: Same<typeof fr, typeof en> = true;
