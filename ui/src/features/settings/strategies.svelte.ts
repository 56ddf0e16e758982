/** Who wins when two registers change the same field: the list as the program gives it, and the choices made in it. */
import type { FieldStrategy } from '$lib/host/bindings/FieldStrategy';
import type { StrategyView } from '$lib/host/bindings/StrategyView';
import type { Session } from '$features/shell/session.svelte';

const TOPIC = 'setting';

/** The fields of one kind of row. */
export interface StrategyGroup {
  readonly entity: string;
  readonly fields: readonly StrategyView[];
}

export class Strategies {
  #views = $state.raw<readonly StrategyView[]>([]);

  constructor(readonly session: Session) {}

  /** By kind of row, in the program's order. */
  get groups(): readonly StrategyGroup[] {
    const firsts = this.#views.filter((view, at) => this.#views.findIndex((other) => other.entity === view.entity) === at);
    return firsts.map(({ entity }) => ({ entity, fields: this.#views.filter((view) => view.entity === entity) }));
  }

  start(): () => void {
    void this.#load();
    return this.session.host.onChanged((topics) => {
      if (topics.includes('settings')) void this.#load();
    });
  }

  /** Chooses for one field. A refusal is told, and the list shows again what holds. */
  async choose(view: StrategyView, strategy: FieldStrategy): Promise<void> {
    try {
      this.session.take(await this.session.host.call('setting.set_strategy', { entity: view.entity, field: view.field, strategy }));
      this.session.notices.clear(TOPIC);
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
    await this.#load();
  }

  async #load(): Promise<void> {
    try {
      this.#views = await this.session.host.call('setting.strategies', {});
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }
}
