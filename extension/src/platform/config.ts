import * as vscode from 'vscode';
import { Emitter, type Disposable, type Event } from '../base/events';
import type { Setting, SettingValues } from '../contributions';

/** One setting: its value now, and when it changes. Classes are given this and never read settings themselves. */
export interface ConfigValue<T> {
  readonly value: T;
  readonly onDidChange: Event<T>;
}

/** Reads a setting and follows its changes. */
export class ConfigSetting<K extends Setting> implements ConfigValue<SettingValues[K]>, Disposable {
  readonly #emitter = new Emitter<SettingValues[K]>();
  readonly #subscription: vscode.Disposable;
  readonly onDidChange = this.#emitter.event;

  constructor(private readonly key: K) {
    this.#subscription = vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(this.key)) this.#emitter.fire(this.value);
    });
  }

  get value(): SettingValues[K] {
    // package.json gives every setting a default
    return vscode.workspace.getConfiguration().get(this.key) as SettingValues[K];
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#emitter.dispose();
  }
}
