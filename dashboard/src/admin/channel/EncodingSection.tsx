import { adminText } from '../../text';
import type { Encoding } from '../api';
import { bitrateText } from '../overview/cardText';

/** Encoder, rungs and degradation of a channel's encoding. */
export function EncodingSection({ encoding }: { encoding: Encoding | null | undefined }) {
  const sectionText = adminText.channelPage.encoding;
  return (
    <section className="block" aria-labelledby="encoding-title">
      <h2 id="encoding-title">{sectionText.title}</h2>
      {!encoding ? <p className="field-hint">{sectionText.none}</p> : <EncodingFacts encoding={encoding} />}
    </section>
  );
}

/** Properties of a channel's encoding. */
export function EncodingFacts({ encoding }: { encoding: Encoding }) {
  const sectionText = adminText.channelPage.encoding;
  const text = adminText.encoding;
  const lowered = reductions(encoding);
  return (
    <>
      <dl className="facts">
        <dt>{sectionText.encoder}</dt>
        <dd>{encoding.encoder === null || encoding.rungs.length === 0 ? text.notEncoding : encoding.encoder}</dd>
        {encoding.encoder !== null && (
          <>
            <dt>{sectionText.lag}</dt>
            <dd>{text.lag(encoding.lagSeconds.toFixed(1))}</dd>
          </>
        )}
        {encoding.reencodeReason && encoding.rungs.some((rung) => rung.name === 'source') && (
          <>
            <dt>{sectionText.source}</dt>
            <dd>{text.reencoded(encoding.reencodeReason)}</dd>
          </>
        )}
      </dl>
      {encoding.rungs.length > 0 && (
        <ul className="rungs">
          {encoding.rungs.map((rung) => (
            <li key={rung.name}>
              <strong>{rung.name}</strong>
              {rung.width !== undefined && <span>{`${rung.width}×${rung.height}`}</span>}
              {rung.bitsPerSecond !== undefined && <span>{bitrateText(rung.bitsPerSecond)}</span>}
            </li>
          ))}
        </ul>
      )}
      {(lowered.length > 0 || encoding.restarts > 0) && (
        <p className="encoding" data-reduced={encoding.degradationLevel > 0 || encoding.encoder === null}>
          {[
            ...(lowered.length > 0 ? [sectionText.degraded(lowered.join(', '))] : []),
            ...(encoding.restarts > 0 ? [text.restarts(encoding.restarts)] : []),
          ].join(' · ')}
          {encoding.reason !== null && ` · ${text.lastReason(encoding.reason)}`}
        </p>
      )}
    </>
  );
}

/** The current reductions that let the encoder keep up with the source. */
export function reductions(encoding: Encoding): string[] {
  const text = adminText.encoding;
  const lowered: string[] = [];
  if (encoding.speedLevel > 0) lowered.push(text.lowerQuality);
  if (encoding.halfRate) lowered.push(text.halfRate);
  if (encoding.droppedRungs.length > 0) lowered.push(text.without(encoding.droppedRungs.join(', ')));
  return lowered;
}
