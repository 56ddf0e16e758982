import { describe, expect, it, vi } from 'vitest';
import { HostError } from '$lib/host/host';
import { locale } from '$lib/i18n/locale.svelte';
import { Notices } from '$features/notices/notices.svelte';
import { Session } from '$features/shell/session.svelte';
import { FakeHost } from '../../../tests/fakeHost';
import { PictureChoice } from './pictureChoice.svelte';
import { Pictures } from './pictures.svelte';

const JPEG = { media_type: 'image/jpeg', data: btoa('bytes') };

vi.stubGlobal('URL', { createObjectURL: () => 'blob:there', revokeObjectURL: () => undefined });

function opened(host: FakeHost, before: string | null = null): PictureChoice {
  return new PictureChoice(new Session(host, new Notices()), new Pictures(host), before);
}

describe('the picture of a product', () => {
  it('that is not here yet is asked for again when one has arrived', async () => {
    let here = false;
    const host = new FakeHost().on('product.picture', () => (here ? JPEG : null));
    const pictures = new Pictures(host);
    await pictures.want('abc');
    await pictures.want('abc');
    expect(pictures.find('abc')).toBeNull();
    expect(host.requests('product.picture')).toHaveLength(1);
    here = true;
    host.tell('pictures');
    await vi.waitFor(() => expect(pictures.find('abc')).toBe('blob:there'));
  });

  it('is shown as it was made before the product is saved, and saved by its name', async () => {
    const host = new FakeHost().on('picture.add', () => ({ picture: 'def', file: JPEG }));
    const choice = opened(host, 'abc');
    expect(choice.change).toBe('keep');
    await choice.choose(new File(['bytes'], 'photo.jpg'));
    expect(host.requests('picture.add')).toEqual([{ data: btoa('bytes') }]);
    expect(choice.name).toBe('def');
    expect(choice.pictures.find('def')).toBe('blob:there');
    expect(choice.change).toEqual({ set: 'def' });
  });

  it('can be taken away, and is kept when the file was none', async () => {
    const host = new FakeHost().on('picture.add', () => {
      throw new HostError('picture.refused', { reason: 'not_a_picture', max_mib: 12 });
    });
    locale.language = 'fr';
    const choice = opened(host, 'abc');
    await choice.choose(new File(['%PDF'], 'menu.pdf'));
    expect(choice.refusal?.params['reason']).toBe('not_a_picture');
    expect([choice.name, choice.change]).toEqual(['abc', 'keep']);
    choice.remove();
    expect([choice.name, choice.change, choice.refusal]).toEqual([null, 'remove', null]);
    expect(opened(host).change).toBe('keep');
  });

  it('of more bytes than are taken is not even read', async () => {
    const host = new FakeHost();
    const choice = opened(host);
    const large = new File([], 'wall.png');
    Object.defineProperty(large, 'size', { value: 13 * 1024 * 1024 });
    await choice.choose(large);
    expect(choice.refusal?.params['reason']).toBe('file_too_large');
    expect(host.calls).toEqual([]);
  });
});
