import { useEffect, useMemo, useState } from 'react';
import { adminText } from '../text';

// How long it is told what became of a copy.
const toldMs = 2000;

/** What became of the last copy, while it is told. */
export type Told = 'copied' | 'failed' | null;

/** Tells whether a text was copied, and after two seconds nothing again; another copy is told anew. */
export function copyTeller(tell: (told: Told) => void): { done: (isCopied: boolean) => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    done(isCopied) {
      clearTimeout(timer);
      tell(isCopied ? 'copied' : 'failed');
      timer = setTimeout(() => tell(null), toldMs);
    },
    stop: () => clearTimeout(timer),
  };
}

/** What a button that copies says, which is called `name` while nothing is told. */
export function copyWords(told: Told, name: string): string {
  if (told === null) return name;
  return told === 'copied' ? adminText.copied : adminText.notCopied;
}

/** What became of the last copy by a button, and how it tells of one. */
export function useCopying(): { told: Told; done: (isCopied: boolean) => void } {
  const [told, setTold] = useState<Told>(null);
  const teller = useMemo(() => copyTeller(setTold), []);
  useEffect(() => teller.stop, [teller]);
  return { told, done: teller.done };
}
