/** Words for backups: why one was made, what is wrong with them, and why a new life of the file began. */
import type { BackupCause } from '$lib/host/bindings/BackupCause';
import type { BackupWarningCode } from '$lib/host/bindings/BackupWarningCode';
import type { LifeCause } from '$lib/host/bindings/LifeCause';
import { m } from '$lib/paraglide/messages';

const CAUSES: Record<BackupCause, () => string> = {
  hourly: m.backup_cause_hourly,
  person: m.backup_cause_person,
  first_sync: m.backup_cause_first_sync,
  import: m.backup_cause_import,
  migration: m.backup_cause_migration,
  closing: m.backup_cause_closing,
};

export function causeWords(cause: BackupCause): string {
  return CAUSES[cause]();
}

const WARNINGS: Record<BackupWarningCode, () => string> = {
  backup_failed: m.backup_warn_failed,
  copy_failed: m.backup_warn_copy,
  journal_failed: m.backup_warn_journal,
  verify_found: m.backup_warn_verify,
  disk_low: m.backup_warn_disk,
};

export function warningWords(code: BackupWarningCode): string {
  return WARNINGS[code]();
}

const LIVES: Record<LifeCause, () => string> = {
  restored: m.life_restored,
  damaged: m.life_damaged,
  went_back: m.life_went_back,
  copied: m.life_copied,
  mark_lost: m.life_mark_lost,
  other_register: m.life_other_register,
  server_ahead: m.life_server_ahead,
  forked: m.life_forked,
  person: m.life_person,
};

export function lifeWords(cause: LifeCause): string {
  return LIVES[cause]();
}
