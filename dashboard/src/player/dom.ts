type Attributes = Record<string, string | number | boolean | undefined>;

/** Makes an element. Attributes that are `false` or `undefined` are left out, `true` becomes an empty one. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    made.setAttribute(key, value === true ? '' : String(value));
  }
  made.append(...children);
  return made;
}

/** Writes only what differs: screen readers announce, and browsers lay out again, when a text is replaced by itself. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function setAttribute(target: Element, name: string, value: string): void {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

export function setHidden(target: HTMLElement, hidden: boolean): void {
  if (target.hidden !== hidden) target.hidden = hidden;
}

/** Whether a point of the window lies outside of a box. */
export function isBeside({ clientX, clientY }: { clientX: number; clientY: number }, { left, right, top, bottom }: { left: number; right: number; top: number; bottom: number }): boolean {
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}

/** A button's name for people and machines, and what the pointer shows. */
export function setLabel(target: HTMLElement, label: string): void {
  setAttribute(target, 'aria-label', label);
  if (target.title !== label) target.title = label;
}
