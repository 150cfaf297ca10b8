/** Elements from code alone: text stays text, and no attribute carries a style. */
export type Child = Node | string | null | undefined | false;
export type Attributes = Record<string, string | number | boolean | undefined | ((event: Event) => void)>;

export function h<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  return furnish(document.createElement(tag), attributes, children);
}

export function s<Tag extends keyof SVGElementTagNameMap>(tag: Tag, attributes: Attributes = {}, ...children: Child[]): SVGElementTagNameMap[Tag] {
  return furnish(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function furnish<T extends Element>(element: T, attributes: Attributes, children: readonly Child[]): T {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') element.addEventListener(name.replace(/^on/, ''), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== undefined && value !== false) element.setAttribute(name, String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A button in VS Code's look. */
export function button(label: string, onclick: () => void, { icon, secondary = true, title, quiet = false }: { icon?: string; secondary?: boolean; title?: string; quiet?: boolean } = {}): HTMLButtonElement {
  const iconOnly = quiet && icon !== undefined;
  return h('button', { type: 'button', class: quiet ? 'quiet' : secondary ? 'secondary' : 'primary', title: title ?? (iconOnly ? label : undefined), 'aria-label': iconOnly ? label : undefined, onclick },
    icon !== undefined && h('span', { class: `codicon codicon-${icon}`, 'aria-hidden': 'true' }), iconOnly ? null : label);
}
