/** The rooms of the window; each is one entry of the rail. */
export type Room = 'sell' | 'products' | 'customers' | 'cash' | 'sync' | 'conflicts' | 'settings';
