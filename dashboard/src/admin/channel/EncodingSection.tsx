import { adminText } from '../../text';
import type { Encoding } from '../api';
import { rateText } from '../now/cardWords';

/** Who encodes which rungs; what has been given up, and why, where something has. */
export function EncodingSection({ encoding }: { encoding: Encoding | null | undefined }) {
  const page = adminText.channelPage.encoding;
  return (
    <section className="block" aria-labelledby="encoding-title">
      <h2 id="encoding-title">{page.title}</h2>
      {!encoding ? <p className="field-hint">{page.none}</p> : <EncodingFacts encoding={encoding} />}
    </section>
  );
}

/** What is known of a channel's encoding, in words. */
export function EncodingFacts({ encoding }: { encoding: Encoding }) {
  const page = adminText.channelPage.encoding;
  const text = adminText.encoding;
  const lost = reductions(encoding);
  return (
    <>
      <dl className="facts">
        <dt>{page.encoder}</dt>
        <dd>{encoding.encoder === null || encoding.rungs.length === 0 ? text.nothing : encoding.encoder}</dd>
        {encoding.encoder !== null && (
          <>
            <dt>{page.behind}</dt>
            <dd>{text.behind(encoding.behindSeconds.toFixed(1))}</dd>
          </>
        )}
        {encoding.copyReason && encoding.rungs.some((rung) => rung.name === 'source') && (
          <>
            <dt>{page.source}</dt>
            <dd>{text.copied(encoding.copyReason)}</dd>
          </>
        )}
      </dl>
      {encoding.rungs.length > 0 && (
        <ul className="rungs">
          {encoding.rungs.map((rung) => (
            <li key={rung.name}>
              <strong>{rung.name}</strong>
              {rung.width !== undefined && <span>{`${rung.width}×${rung.height}`}</span>}
              {rung.bitsPerSecond !== undefined && <span>{rateText(rung.bitsPerSecond)}</span>}
            </li>
          ))}
        </ul>
      )}
      {(lost.length > 0 || encoding.restarts > 0) && (
        <p className="encoding" data-reduced={encoding.step > 0 || encoding.encoder === null}>
          {[...(lost.length > 0 ? [page.givenUp(lost.join(', '))] : []), ...(encoding.restarts > 0 ? [text.restarts(encoding.restarts)] : [])].join(' · ')}
          {encoding.reason !== null && ` · ${text.because(encoding.reason)}`}
        </p>
      )}
    </>
  );
}

/** What is given up to keep up with the source. */
export function reductions(encoding: Encoding): string[] {
  const text = adminText.encoding;
  const lost: string[] = [];
  if (encoding.haste > 0) lost.push(text.faster);
  if (encoding.halfRate) lost.push(text.halfRate);
  if (encoding.givenUp.length > 0) lost.push(text.without(encoding.givenUp.join(', ')));
  return lost;
}
