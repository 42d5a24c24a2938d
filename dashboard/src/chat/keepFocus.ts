/** Changes a part of the page. If that removes or hides the element with the focus, the fallback gets the focus. */
export function keepFocus(root: HTMLElement, fallback: HTMLElement, change: () => void): void {
  const hadFocus = root.contains(document.activeElement);
  change();
  const focused = document.activeElement;
  if (hadFocus && (!root.contains(focused) || focused?.closest('[hidden]') != null)) fallback.focus({ preventScroll: true });
}
