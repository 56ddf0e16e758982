/** Everything behind one window, put together once and given to its screens. */
import { createContext } from 'svelte';
import type { Host } from '$lib/host/host';
import { CartController } from '$features/cart/cart.svelte';
import { SellRoom } from '$features/cart/room.svelte';
import { Pictures } from '$features/catalogue/pictures.svelte';
import { Shelf } from '$features/catalogue/shelf.svelte';
import { Notices } from '$features/notices/notices.svelte';
import { Checkout } from '$features/pay/checkout.svelte';
import { Asking, withApprovals } from '$features/people/asking.svelte';
import { SyncWatch } from '$features/sync/watch.svelte';
import { Session } from './session.svelte';

export interface Till {
  readonly host: Host;
  readonly notices: Notices;
  readonly session: Session;
  readonly asking: Asking;
  readonly watch: SyncWatch;
  readonly cart: CartController;
  readonly checkout: Checkout;
  readonly room: SellRoom;
  readonly shelf: Shelf;
  readonly pictures: Pictures;
}

export function openTill(program: Host, openConflicts: () => void, openCash: () => void): Till {
  const asking = new Asking();
  const host = withApprovals(program, asking);
  const notices = new Notices();
  const session = new Session(host, notices, openCash);
  const cart = new CartController(session);
  const checkout = new Checkout(session, cart);
  return {
    host,
    notices,
    session,
    asking,
    cart,
    watch: new SyncWatch(host, notices, openConflicts),
    checkout,
    room: new SellRoom(cart, checkout),
    shelf: new Shelf(session),
    pictures: new Pictures(host),
  };
}

export const [getTill, setTill] = createContext<Till>();
