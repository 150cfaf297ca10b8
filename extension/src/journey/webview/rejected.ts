import type { RejectedRecord } from '../protocol';
import { button, h } from './dom';

/** The rules' reasons, in words (attribution rules, section 3). */
const REASONS: Readonly<Record<string, string>> = {
  malformed_record: 'more or fewer fields than the header, a NUL, or bytes that are not UTF-8',
  missing_client_id: 'no client', malformed_client_id: 'the client id is longer than 255 characters',
  unknown_event_type: 'neither page_view nor purchase', missing_event_time: 'no time', malformed_event_time: 'the time cannot be read',
  malformed_channel: 'the channel is longer than 255 characters', missing_revenue: 'a purchase without revenue', malformed_revenue: 'the revenue cannot be read', negative_revenue: 'the revenue is below zero',
  duplicate: 'equal to an earlier event in every column', superseded: 'a later row of the same client counts',
};
const SHOWN = ['event_type', 'event_time', 'channel', 'revenue', 'registration_date', 'customer_segment'];

/** Rejected records of the client with their reasons, each leading to its place in the file; or the words of a failure. */
export function rejectedSection(rejected: { records: RejectedRecord[]; more: boolean } | string, open: (sourceFile: string, recordNumber: number) => void): HTMLElement {
  const body = typeof rejected === 'string' ? h('p', { class: 'notice warning' }, rejected)
    : rejected.records.length === 0 ? h('p', { class: 'quiet-text' }, 'No record that names this client was rejected.') : list(rejected.records, rejected.more, open);
  const count = typeof rejected === 'string' || rejected.records.length === 0 ? '' : ` (${rejected.records.length}${rejected.more ? ' and more' : ''})`;
  return h('section', { class: 'rejected', 'aria-labelledby': 'rejected-title' }, h('h2', { id: 'rejected-title' }, `Rejected records${count}`), body);
}

function list(records: readonly RejectedRecord[], more: boolean, open: (sourceFile: string, recordNumber: number) => void): HTMLElement {
  return h('div', {},
    h('ul', {}, ...records.map(({ sourceFile, recordNumber, reason, fields }) => h('li', {},
      button(`${sourceFile}, record ${recordNumber}`, () => open(sourceFile, recordNumber), { quiet: true, title: 'Open the CSV file at this record' }),
      h('span', { class: 'reason' }, h('code', {}, reason), Object.hasOwn(REASONS, reason) ? ` ${REASONS[reason] ?? ''}` : ''), h('span', { class: 'quiet-text' }, summary(fields))))),
    more ? h('p', { class: 'quiet-text' }, `Only the first ${records.length} are shown; staging.rejected_records holds all.`) : null);
}

function summary(fields: RejectedRecord['fields']): string {
  if (!fields) return '';
  return SHOWN.flatMap((name) => (fields[name] ? [`${name}: ${fields[name].slice(0, 80)}`] : [])).join(' · ');
}
