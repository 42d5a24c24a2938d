import { adminText } from '../text';
import type { Encoding } from './api';

/** One line on how a channel is encoded; what has been given up, and why, where something has. */
export function EncodingLine({ encoding }: { encoding: Encoding }) {
  const text = adminText.encoding;
  const facts =
    encoding.encoder === null || encoding.rungs.length === 0
      ? [text.nothing]
      : [text.rungs(encoding.rungs.map((rung) => rung.name).join(', '), encoding.encoder), text.behind(encoding.behindSeconds.toFixed(1))];
  if (encoding.haste > 0) facts.push(text.faster);
  if (encoding.halfRate) facts.push(text.halfRate);
  if (encoding.givenUp.length > 0) facts.push(text.without(encoding.givenUp.join(', ')));
  if (encoding.restarts > 0) facts.push(text.restarts(encoding.restarts));
  if (encoding.copyReason && encoding.rungs.some((rung) => rung.name === 'source')) facts.push(text.copied(encoding.copyReason));
  return (
    <p className="encoding" data-reduced={encoding.step > 0 || encoding.encoder === null}>
      {facts.join(' · ')}
      {encoding.reason !== null && <span title={encoding.reason}> · {text.because(encoding.reason)}</span>}
    </p>
  );
}
