import { DisposableStore, type Disposable } from '../base/events';
import { registerGround, type Ground } from './commands';
import type { Facts } from './model';
import { registerStatusItem } from './status';
import type { Commands } from '../platform/commands';
import type { Event } from '../base/events';

/** The status item, and the commands that start, stop and set up what the work stands on. */
export function registerStatus(parts: { commands: Commands; ground: Ground; facts: () => Facts; changed: readonly Event<void>[] }): Disposable {
  const store = new DisposableStore();
  store.add(registerStatusItem(parts));
  store.add(registerGround(parts));
  return store;
}
