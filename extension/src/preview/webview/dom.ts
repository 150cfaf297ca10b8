/** Elements by script: text is text, never HTML. */

type Attributes = Record<string, string | boolean | ((event: Event) => void)>;

/** @param attributes functions are listeners, `true` is an attribute without a value, `false` leaves it out */
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') made.addEventListener(name, value);
    else if (value !== false) made.setAttribute(name, value === true ? '' : value);
  }
  made.append(...children);
  return made;
}

export const icon = (name: string): HTMLElement => element('span', { class: `codicon codicon-${name}`, 'aria-hidden': 'true' });

/** A button with an icon and words; in a narrow view the words are for screen readers only. */
export const button = (iconName: string, label: string, run: () => void, attributes: Attributes = {}): HTMLButtonElement =>
  element('button', { type: 'button', title: label, click: run, ...attributes }, icon(iconName), element('span', { class: 'label' }, label));
