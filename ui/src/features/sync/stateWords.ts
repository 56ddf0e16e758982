/** The sync state in words: one or two for the rail, a sentence for the panel and for screen readers. */
import type { SyncStatusView } from '$lib/host/bindings/SyncStatusView';
import { m } from '$lib/paraglide/messages';

export function shortState(status: SyncStatusView | null): string {
  if (status === null) return m.sync_short_unknown();
  switch (status.state) {
    case 'synced':
      return m.sync_short_synced();
    case 'pending':
      return m.sync_short_pending({ count: status.pending });
    case 'offline':
      if (!status.joined) return m.sync_short_alone();
      return status.pending > 0 ? m.sync_short_offline_pending({ count: status.pending }) : m.sync_short_offline();
    case 'attention':
      return m.sync_short_attention();
  }
}

export function stateSentence(status: SyncStatusView | null): string {
  if (status === null) return m.sync_state_unknown();
  if (status.paused) return m.sync_state_paused();
  switch (status.state) {
    case 'synced':
      return m.sync_state_synced();
    case 'pending':
      return m.sync_state_pending({ count: status.pending });
    case 'offline':
      if (!status.joined) return m.sync_state_alone();
      return status.pending > 0 ? m.sync_state_offline_pending({ count: status.pending }) : m.sync_state_offline();
    case 'attention':
      if (status.alarm !== null) return m.sync_state_alarm();
      return status.dead > 0 ? m.sync_state_dead({ count: status.dead }) : m.sync_state_conflicts({ count: status.conflicts_open });
  }
}
