type Attributes = Record<string, string | number | boolean | undefined>;

/** Creates an element. Attributes that are `false` or `undefined` are omitted; `true` becomes an empty attribute. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    created.setAttribute(key, value === true ? '' : String(value));
  }
  created.append(...children);
  return created;
}

/** Sets a text only if it differs: replacing it causes layout and screen reader announcements. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

export function setAttribute(target: Element, name: string, value: string): void {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

export function setHidden(target: HTMLElement, hidden: boolean): void {
  if (target.hidden !== hidden) target.hidden = hidden;
}

/** Whether a point of the viewport is outside a box. */
export function isOutside(
  { clientX, clientY }: { clientX: number; clientY: number },
  { left, right, top, bottom }: { left: number; right: number; top: number; bottom: number },
): boolean {
  return clientX < left || clientX > right || clientY < top || clientY > bottom;
}

/** Sets a button's accessible name and tooltip. */
export function setLabel(target: HTMLElement, label: string): void {
  setAttribute(target, 'aria-label', label);
  if (target.title !== label) target.title = label;
}
