import type { RejectedRecord } from '../protocol';
import { button, h } from '../../webview/dom';
import { t } from '../../base/l10n';

/** The rules' reasons, in words (attribution rules, section 3). */
const reasons = (): Readonly<Record<string, string>> => ({
  malformed_record: t('more or fewer fields than the header, a NUL, or bytes that are not UTF-8'),
  missing_client_id: t('no client'), malformed_client_id: t('the client id is longer than 255 characters'),
  unknown_event_type: t('neither page_view nor purchase'), missing_event_time: t('no time'), malformed_event_time: t('the time cannot be read'),
  malformed_channel: t('the channel is longer than 255 characters'), missing_revenue: t('a purchase without revenue'), malformed_revenue: t('the revenue cannot be read'), negative_revenue: t('the revenue is below zero'),
  duplicate: t('equal to an earlier event in every column'), superseded: t('a later row of the same client counts'),
});
function reasonInWords(reason: string): string {
  const words = reasons();
  return Object.hasOwn(words, reason) ? ` ${words[reason] ?? ''}` : '';
}

const SHOWN = ['event_type', 'event_time', 'channel', 'revenue', 'registration_date', 'customer_segment'];

/** Rejected records of the client with their reasons, each leading to its place in the file; or the words of a failure. */
export function rejectedSection(rejected: { records: RejectedRecord[]; more: boolean } | string, open: (sourceFile: string, recordNumber: number) => void): HTMLElement {
  const body = typeof rejected === 'string' ? h('p', { class: 'notice warning' }, rejected)
    : rejected.records.length === 0 ? h('p', { class: 'quiet-text' }, t('No record that names this client was rejected.')) : list(rejected.records, rejected.more, open);
  const count = typeof rejected === 'string' || rejected.records.length === 0 ? '' : ` (${rejected.more ? t('{0} and more', rejected.records.length) : rejected.records.length})`;
  return h('section', { class: 'rejected', 'aria-labelledby': 'rejected-title' }, h('h2', { id: 'rejected-title' }, `${t('Rejected records')}${count}`), body);
}

function list(records: readonly RejectedRecord[], more: boolean, open: (sourceFile: string, recordNumber: number) => void): HTMLElement {
  return h('div', {},
    h('ul', {}, ...records.map(({ sourceFile, recordNumber, reason, fields }) => h('li', {},
      button(t('{0}, record {1}', sourceFile, recordNumber), () => open(sourceFile, recordNumber), { quiet: true, title: t('Open the CSV file at this record') }),
      h('span', { class: 'reason' }, h('code', {}, reason), reasonInWords(reason)), h('span', { class: 'quiet-text' }, summary(fields))))),
    more ? h('p', { class: 'quiet-text' }, t('Only the first {0} are shown; staging.rejected_records holds all.', records.length)) : null);
}

function summary(fields: RejectedRecord['fields']): string {
  if (!fields) return '';
  return SHOWN.flatMap((name) => (fields[name] ? [`${name}: ${fields[name].slice(0, 80)}`] : [])).join(' · ');
}
