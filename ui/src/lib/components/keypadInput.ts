/** What a key of the on-screen pad does to the text of a field. */
export function pressKey(text: string, key: string): string {
  if (key === 'back') return text.slice(0, -1);
  if ((key === ',' || key === '.') && /[.,]/.test(text)) return text;
  // Zeros in front say nothing.
  const joined = text + key;
  return joined.replace(/^0+(?=\d)/, '');
}

/** Empties a field before a character is typed into it; deleting and pasting work on what stands there. */
export function emptyForTyping(event: InputEvent & { currentTarget: HTMLInputElement }): void {
  if (event.inputType === 'insertText') event.currentTarget.value = '';
}
