/** Words for what happens to a picture on its way. */
import { formatClock } from '$lib/format/time';
import type { OpenPicture } from '$lib/host/bindings/OpenPicture';
import type { PictureState } from '$lib/host/bindings/PictureState';
import type { Language } from '$lib/format/number';
import { m } from '$lib/paraglide/messages';
import { reasonWords } from './syncWords';

const STATE_WORDS: Record<PictureState, () => string> = {
  sending: m.picture_state_sending,
  fetching: m.picture_state_fetching,
  broken: m.picture_state_broken,
};

export function pictureStateWords(state: PictureState): string {
  return STATE_WORDS[state]();
}

/** Why it is not there yet; what is not known by name is said as the sync says it. */
function pictureReason(error: string): string {
  switch (error) {
    case 'not_here':
      return m.picture_reason_not_here();
    case 'wrong_hash':
      return m.picture_reason_wrong_hash();
    case 'full':
      return m.picture_reason_full();
    case 'disk':
      return m.picture_reason_disk();
    case 'lost':
      return m.picture_reason_lost();
    case 'wrong_size':
    case 'not_a_picture':
    case 'no_sense':
      return m.picture_reason_refused();
    default:
      return reasonWords(error);
  }
}

/** How far it is, why it stopped and when it is tried next. */
export function pictureDetail(picture: OpenPicture, now: number, language: Language): string {
  const parts: string[] = [];
  if (picture.size_bytes !== null && picture.moved_bytes > 0) {
    parts.push(m.picture_moved({ percent: Math.floor((picture.moved_bytes * 100) / picture.size_bytes) }));
  }
  if (picture.error !== null) parts.push(pictureReason(picture.error));
  if (picture.next_due_at_ms !== null && picture.next_due_at_ms > now) parts.push(m.queue_next({ time: formatClock(picture.next_due_at_ms, language) }));
  return parts.join(' · ');
}
