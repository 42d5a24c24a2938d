/** Copies text to the clipboard. False if the browser denies it, as it may without HTTPS. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelected(text);
  }
}

// The clipboard API requires HTTPS; a selection can be copied without it.
function copySelected(text: string): boolean {
  const textarea = document.createElement('textarea');
  textarea.value = text;
  textarea.readOnly = true;
  textarea.className = 'off-screen';
  // Elements outside a modal dialog cannot be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(textarea);
  const previousFocus = document.activeElement;
  textarea.select();
  const isCopied = document.execCommand('copy');
  textarea.remove();
  if (previousFocus instanceof HTMLElement) previousFocus.focus();
  return isCopied;
}
