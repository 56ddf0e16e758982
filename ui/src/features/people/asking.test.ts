import { describe, expect, it, vi } from 'vitest';
import { type Host, HostError } from '$lib/host/host';
import { Asking, withApprovals } from './asking.svelte';

const REFUSED = new HostError('permission.denied', { permission: 'override_price', subject: 'cart', line_id: 'line', amount: 500 });
const REQUEST = { line_id: 'line', unit_price: '500' };

function hostThat(...answers: (HostError | string)[]): { host: Host; call: ReturnType<typeof vi.fn> } {
  const call = vi.fn(() => {
    const answer = answers.shift();
    return answer instanceof HostError ? Promise.reject(answer) : Promise.resolve(answer);
  });
  return { host: { call, onChanged: () => () => undefined } as unknown as Host, call };
}

describe('asking somebody who may', () => {
  it('sends the same command again with the yes', async () => {
    const asking = new Asking();
    const { host, call } = hostThat(REFUSED, 'done');
    const done = withApprovals(host, asking).call('cart.set_price', REQUEST);
    await vi.waitFor(() => expect(asking.asked).toEqual({ permission: 'override_price', subject: 'cart', line_id: 'line', amount: 500 }));
    asking.answer('yes-1');
    expect(await done).toBe('done');
    expect(call).toHaveBeenLastCalledWith('cart.set_price', { ...REQUEST, approval_id: 'yes-1' });
    expect(asking.asked).toBeNull();
  });

  it('is refused as before when nobody says yes', async () => {
    const asking = new Asking();
    const { host, call } = hostThat(REFUSED);
    const refused = expect(withApprovals(host, asking).call('cart.set_price', REQUEST)).rejects.toBe(REFUSED);
    await vi.waitFor(() => expect(asking.asked).not.toBeNull());
    asking.answer(null);
    await refused;
    expect(call).toHaveBeenCalledTimes(1);
  });

  it('asks nobody where no yes would help', async () => {
    const asking = new Asking();
    const refusal = new HostError('permission.denied', { permission: 'change_settings' });
    const { host } = hostThat(refusal);
    await expect(withApprovals(host, asking).call('cart.get', {})).rejects.toBe(refusal);
    expect(asking.asked).toBeNull();
  });
});
