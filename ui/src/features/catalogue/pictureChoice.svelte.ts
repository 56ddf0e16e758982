/** The picture of one product while its form is open: chosen from a file or a camera, or taken away. */
import { base64 } from '$lib/format/file';
import type { PictureChange } from '$lib/host/bindings/PictureChange';
import { HostError, toHostError } from '$lib/host/host';
import type { Session } from '$features/shell/session.svelte';
import type { Pictures } from './pictures.svelte';

/** Larger files are not even read; the program would refuse them in the same words. */
const MAX_FILE_BYTES = 12 * 1024 * 1024;
const MAX_FILE_MIB = 12;

export class PictureChoice {
  #name = $state<string | null>(null);
  #change = $state.raw<PictureChange>('keep');
  #busy = $state(false);
  #refusal = $state.raw<HostError | null>(null);

  constructor(
    readonly session: Session,
    readonly pictures: Pictures,
    readonly before: string | null,
  ) {
    this.#name = before;
  }

  /** Name of the picture as it would be saved. */
  get name(): string | null {
    return this.#name;
  }

  /** What saving does with the picture. */
  get change(): PictureChange {
    return this.#change;
  }

  /** A file is being made into a picture. */
  get busy(): boolean {
    return this.#busy;
  }

  /** Why the last file was not taken. */
  get refusal(): HostError | null {
    return this.#refusal;
  }

  async choose(file: File): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.#refusal = null;
    try {
      if (file.size > MAX_FILE_BYTES) {
        this.#refusal = new HostError('picture.refused', { reason: 'file_too_large', max_mib: MAX_FILE_MIB });
        return;
      }
      const added = await this.session.host.call('picture.add', { data: await base64(file) });
      this.pictures.keep(added.picture, added.file);
      this.#name = added.picture;
      this.#change = added.picture === this.before ? 'keep' : { set: added.picture };
    } catch (thrown) {
      this.#refusal = toHostError(thrown);
    } finally {
      this.#busy = false;
    }
  }

  remove(): void {
    this.#refusal = null;
    this.#name = null;
    this.#change = this.before === null ? 'keep' : 'remove';
  }
}
