import { useCallback } from 'react';
import { adminText } from '../text';
import type { Api, Source } from './api';
import { usePolled } from './usePolled';

const pollIntervalMs = 5000;

/** Health of each encoder of a channel. Renders nothing until it is known. */
export function SourceHealth({ api, channel }: { api: Api; channel: string }) {
  const { data } = usePolled(useCallback(async () => (await api.health(channel)).sources, [api, channel]), pollIntervalMs, ignore);
  return data?.map((source) => <SourceLine key={source.publication} source={source} />);
}

/** One encoder's media in one line, followed by advice on each issue. */
export function SourceLine({ source }: { source: Source }) {
  const issues = source.issues.filter((issue) => issue.severity !== 'information');
  const text = adminText.source;
  return (
    <div className="source">
      <p className="encoding">
        <span className="source-state" data-healthy={issues.length === 0}>
          {issues.length === 0 ? text.healthy : text.issues(issues.length)}
        </span>
        {` · ${sourceFacts(source).join(' · ')}`}
      </p>
      {source.issues.length > 0 && (
        <ul className="issues">
          {source.issues.map((issue) => (
            <li key={issue.code} data-severity={issue.severity}>
              {issue.advice}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

/** Properties of an encoder's media as short texts. */
export function sourceFacts(source: Source): string[] {
  const text = adminText.source;
  const facts = [text.rate((source.bitsPerSecond / 1_000_000).toFixed(1))];
  if (source.video !== null) {
    facts.push(text.video(source.video.width, source.video.height, source.video.framesPerSecond.toFixed(0)));
    if (source.video.keyframeIntervalSeconds !== null) facts.push(text.keyframes(source.video.keyframeIntervalSeconds.toFixed(1)));
  }
  facts.push(source.audio === null ? text.noAudio : text.audio(source.audio.codec, (source.audio.sampleRate / 1000).toFixed(1)));
  if (source.encoder !== '') facts.push(source.encoder);
  return facts;
}

function ignore() {
  // The channel list handles expired sessions.
}
