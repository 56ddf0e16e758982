/** Words for roles and permissions. */
import type { Permission } from '$lib/host/bindings/Permission';
import type { Role } from '$lib/host/bindings/Role';
import { m } from '$lib/paraglide/messages';

export const ROLE_WORDS: Readonly<Record<Role, () => string>> = { cashier: m.role_cashier, manager: m.role_manager, owner: m.role_owner };

/** In the order in which they are shown. */
export const PERMISSION_WORDS: Readonly<Record<Permission, () => string>> = {
  look: m.permission_look,
  sell: m.permission_sell,
  override_price: m.permission_override_price,
  discount: m.permission_discount,
  refund: m.permission_refund,
  void_sale: m.permission_void_sale,
  give_credit: m.permission_give_credit,
  move_cash: m.permission_move_cash,
  operate_shift: m.permission_operate_shift,
  edit_catalogue: m.permission_edit_catalogue,
  operate_sync: m.permission_operate_sync,
  decide_conflicts: m.permission_decide_conflicts,
  manage_people: m.permission_manage_people,
  change_settings: m.permission_change_settings,
};
