/** What a key of the on-screen pad does to the text of a field. */
export function pressKey(text: string, key: string): string {
  if (key === 'back') return text.slice(0, -1);
  if ((key === ',' || key === '.') && /[.,]/.test(text)) return text;
  // Zeros in front say nothing.
  const joined = text + key;
  return joined.replace(/^0+(?=\d)/, '');
}
