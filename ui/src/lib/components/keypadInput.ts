/** What a key of the on-screen pad does to the text of a field. */
export function pressKey(text: string, key: string): string {
  if (key === 'back') return text.slice(0, -1);
  if ((key === ',' || key === '.') && /[.,]/.test(text)) return text;
  // Zeros in front say nothing.
  const joined = text + key;
  return joined.replace(/^0+(?=\d)/, '');
}

/**
 * Takes the first character typed into a field that shows a proposal: it replaces the proposal, wherever the caret
 * stands. Gives the new text; null when the event is something else (deleting, pasting), which works on what is there.
 */
export function replaceProposal(event: InputEvent): string | null {
  if (event.inputType !== 'insertText' || event.data === null) return null;
  event.preventDefault();
  return event.data;
}
