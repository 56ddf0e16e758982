/** The people of the shop and what their roles may do, as the settings show and change them. */
import type { Permission } from '$lib/host/bindings/Permission';
import type { PersonView } from '$lib/host/bindings/PersonView';
import type { Role } from '$lib/host/bindings/Role';
import type { RoleView } from '$lib/host/bindings/RoleView';
import { toHostError } from '$lib/host/host';
import { errorNotice } from '$features/notices/errorWords';
import type { Session } from '$features/shell/session.svelte';

/** Notices about people replace each other under this topic. */
const TOPIC = 'people';

export class Roster {
  #people = $state.raw<readonly PersonView[]>([]);
  #roles = $state.raw<readonly RoleView[]>([]);

  constructor(readonly session: Session) {}

  get people(): readonly PersonView[] {
    return this.#people;
  }

  get roles(): readonly RoleView[] {
    return this.#roles;
  }

  load(): Promise<boolean> {
    return this.#change(() => this.session.host.call('people.list', {}));
  }

  async loadRoles(): Promise<void> {
    try {
      this.#roles = await this.session.host.call('people.roles', {});
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
  }

  add(name: string, role: Role): Promise<boolean> {
    return this.#change(() => this.session.host.call('people.create', { name, role }));
  }

  change({ person }: PersonView, role: Role): Promise<boolean> {
    return this.#change(() => this.session.host.call('people.update', { cashier_id: person.cashier_id, name: person.name, role }));
  }

  remove({ person }: PersonView): Promise<boolean> {
    return this.#change(() => this.session.host.call('people.remove', { cashier_id: person.cashier_id }));
  }

  clearPin({ person }: PersonView): Promise<boolean> {
    return this.#change(() => this.session.host.call('people.clear_pin', { cashier_id: person.cashier_id }));
  }

  /** Null when it was taken, else why not: said in the dialog, over which no notice would be seen. */
  async setPin({ person }: PersonView, pin: string): Promise<string | null> {
    try {
      this.#people = await this.session.host.call('people.set_pin', { cashier_id: person.cashier_id, pin });
      await this.session.refresh();
      return null;
    } catch (thrown) {
      const { title, text } = errorNotice(toHostError(thrown), TOPIC, this.session.reading);
      return `${title} ${text}`;
    }
  }

  /** Gives a role a permission or takes it away. */
  async allow(role: RoleView, permission: Permission, allowed: boolean): Promise<void> {
    const rest = role.may.filter((has) => has !== permission);
    await this.#setPermissions(role.role, allowed ? [...rest, permission] : rest);
  }

  /** What the role usually may. */
  asUsual(role: Role): Promise<void> {
    return this.#setPermissions(role, null);
  }

  async #setPermissions(role: Role, permissions: Permission[] | null): Promise<void> {
    try {
      this.session.take(await this.session.host.call('people.set_permissions', { role, permissions }));
      this.session.notices.clear(TOPIC);
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
    }
    await this.loadRoles();
  }

  async #change(run: () => Promise<PersonView[]>): Promise<boolean> {
    try {
      this.#people = await run();
      this.session.notices.clear(TOPIC);
      return true;
    } catch (thrown) {
      this.session.tell(TOPIC, thrown);
      // A choice that was refused goes back to the one before.
      this.#people = [...this.#people];
      return false;
    }
  }
}
