import { useCallback } from 'react';
import { adminText } from '../text';
import type { Api, Source } from './api';
import { usePolled } from './usePolled';

const everyMs = 5000;

/** How each encoder of a channel does; nothing where that is not known. */
export function SourceHealth({ api, channel }: { api: Api; channel: string }) {
  const { data } = usePolled(useCallback(async () => (await api.health(channel)).sources, [api, channel]), everyMs, nothing);
  return data?.map((source) => <SourceLine key={source.publication} source={source} />);
}

/** What an encoder sends in one line, and below it what to do about what is wrong. */
export function SourceLine({ source }: { source: Source }) {
  const severe = source.findings.filter((finding) => finding.severity !== 'information');
  const text = adminText.source;
  return (
    <div className="source">
      <p className="encoding">
        <span className="source-state" data-good={severe.length === 0}>
          {severe.length === 0 ? text.good : text.problems(severe.length)}
        </span>
        {` · ${sourceFacts(source).join(' · ')}`}
      </p>
      {source.findings.length > 0 && (
        <ul className="findings">
          {source.findings.map((finding) => (
            <li key={finding.code} data-severity={finding.severity}>
              {finding.advice}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Figures of what an encoder sends, in words. */
export function sourceFacts(source: Source): string[] {
  const text = adminText.source;
  const facts = [text.rate((source.bitsPerSecond / 1_000_000).toFixed(1))];
  if (source.video !== null) {
    facts.push(text.picture(source.video.width, source.video.height, source.video.framesPerSecond.toFixed(0)));
    if (source.video.keyframeIntervalSeconds !== null) facts.push(text.keyframes(source.video.keyframeIntervalSeconds.toFixed(1)));
  }
  facts.push(source.audio === null ? text.noSound : text.sound(source.audio.codec, (source.audio.sampleRate / 1000).toFixed(1)));
  if (source.encoder !== '') facts.push(source.encoder);
  return facts;
}

function nothing() {
  // A session that ends is noticed by the list of channels.
}
