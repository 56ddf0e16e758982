/** Importing a catalogue from a CSV file: choose, map the columns, try it dry, do it. */
import type { ColumnMapping } from '$lib/host/bindings/ColumnMapping';
import type { ImportPreview } from '$lib/host/bindings/ImportPreview';
import type { ImportReport } from '$lib/host/bindings/ImportReport';
import { type HostError, toHostError } from '$lib/host/host';
import type { Session } from '$features/shell/session.svelte';
import { REQUIRED_FIELDS } from './importFields';

/** `reading` and `running` wait for the program; the others wait for a person. */
export type ImportStep = 'choose' | 'reading' | 'map' | 'running' | 'report';

/** A spreadsheet of a hundred thousand products is about 10 MB; far above it is another file by mistake. */
export const MAX_FILE_BYTES = 64_000_000;
const TOPIC = 'import';

export class CatalogueImport {
  #step = $state<ImportStep>('choose');
  #fileName = $state('');
  #preview = $state.raw<ImportPreview | null>(null);
  #mapping = $state.raw<ColumnMapping | null>(null);
  #report = $state.raw<ImportReport | null>(null);
  #refusal = $state.raw<HostError | null>(null);
  #text = '';

  constructor(readonly session: Session) {}

  get step(): ImportStep {
    return this.#step;
  }

  get fileName(): string {
    return this.#fileName;
  }

  get preview(): ImportPreview | null {
    return this.#preview;
  }

  get mapping(): ColumnMapping | null {
    return this.#mapping;
  }

  get report(): ImportReport | null {
    return this.#report;
  }

  /** Why the last step was refused. */
  get refusal(): HostError | null {
    return this.#refusal;
  }

  /** Every required field has its column. */
  get canRun(): boolean {
    const mapping = this.#mapping;
    return mapping !== null && [...REQUIRED_FIELDS].every((field) => mapping[field] !== null);
  }

  async read(file: File): Promise<void> {
    this.#fileName = file.name;
    this.#refusal = null;
    if (file.size > MAX_FILE_BYTES) {
      this.#refuse('choose', toHostError({ code: 'import.unreadable', params: { problem: 'size' } }));
      return;
    }
    this.#step = 'reading';
    try {
      this.#text = decode(await file.arrayBuffer());
      const preview = await this.session.host.call('import.preview', { text: this.#text });
      this.#preview = preview;
      this.#mapping = preview.mapping;
      this.#step = 'map';
    } catch (thrown) {
      this.#refuse('choose', toHostError(thrown));
    }
  }

  map(field: keyof ColumnMapping, column: string | null): void {
    if (this.#mapping !== null) this.#mapping = { ...this.#mapping, [field]: column };
  }

  /** Runs the import; dry, it writes nothing and only reports. */
  async run(dry: boolean): Promise<void> {
    const mapping = this.#mapping;
    if (mapping === null || this.#step === 'running') return;
    this.#step = 'running';
    this.#refusal = null;
    try {
      this.#report = await this.session.host.call('import.run', { text: this.#text, mapping, dry_run: dry });
      this.#step = 'report';
    } catch (thrown) {
      this.#refuse('map', toHostError(thrown));
    }
  }

  backToMapping(): void {
    this.#report = null;
    this.#step = 'map';
  }

  #refuse(step: ImportStep, error: HostError): void {
    this.#refusal = error;
    this.#step = step;
    this.session.tell(TOPIC, error);
  }
}

/** Spreadsheets write UTF-8, or the old code page of Windows: bytes that are no UTF-8 are the latter. */
export function decode(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}
