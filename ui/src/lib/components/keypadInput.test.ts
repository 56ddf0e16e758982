import { expect, it } from 'vitest';
import { pressKey, replaceProposal } from './keypadInput';

it('types digits, one decimal mark, and no zeros in front', () => {
  expect(['1', '000', ',', ',', '5', 'back'].reduce(pressKey, '')).toBe('1000,');
  expect(['0', '0', '7'].reduce(pressKey, '')).toBe('7');
  expect(['0', '.', '5'].reduce(pressKey, '')).toBe('0.5');
  expect(pressKey('', 'back')).toBe('');
});

it('replaces a proposal by the first character typed and lets the browser do everything else', () => {
  const typed = new InputEvent('beforeinput', { inputType: 'insertText', data: '2', cancelable: true });
  expect(replaceProposal(typed)).toBe('2');
  expect(typed.defaultPrevented).toBe(true);
  const erased = new InputEvent('beforeinput', { inputType: 'deleteContentBackward', cancelable: true });
  expect(replaceProposal(erased)).toBeNull();
  expect(erased.defaultPrevented).toBe(false);
});
