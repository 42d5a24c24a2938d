import { useCallback, useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import type { Recording } from './recordingApi';

// A link of one's own for as long as one looks; who closes the page without a word leaves it to its end.
const lifeMs = 4 * 3600 * 1000;

/** An address below `/vod` with a viewer's token before it. */
export function withToken(address: string, token: string): string {
  return address.replace('/vod/', `/t/${encodeURIComponent(token)}/vod/`);
}

/** Who may watch a recording: whom it says itself, or else its channel. Not known while that is looked for. */
export function accessOf(recording: Recording, channel: Channel | undefined): string | undefined {
  return recording.access === 'channel' ? channel?.access : recording.access;
}

/** Whether a recording is watched with a link only. A webhook knows nothing of our links. */
export function needsLink(recording: Recording, channel: Channel | undefined): boolean {
  return accessOf(recording, channel) === 'token';
}

export interface WatchAccess {
  /** Null until it is known, and where there is none to be had. */
  token: string | null;
  isReady: boolean;
  problem: string | null;
  /** Leaves the token to its end: something goes on with it that this page does not see. */
  keep: () => void;
}

/**
 * What a recording is watched with: nothing where everybody may watch it, else a viewer's token that is made for this and taken back after it. One is made as well where the server has refused it without, because that was
 * changed since the list was read.
 */
export function useWatchAccess(api: Api, recording: Recording, channel: Channel | undefined, wasRefused: boolean): WatchAccess {
  const needed = needsLink(recording, channel) || (wasRefused && accessOf(recording, channel) !== 'webhook');
  const [access, setAccess] = useState<Omit<WatchAccess, 'keep'>>({ token: null, isReady: !needed, problem: null });
  const isKept = useRef(false);
  const keep = useCallback(() => {
    isKept.current = true;
  }, []);

  useEffect(() => {
    if (!needed) return undefined;
    setAccess({ token: null, isReady: false, problem: null });
    let isGone = false;
    let made: string | null = null;
    const takeBack = (id: string) => void api.revokeViewerToken(recording.channel, id).catch(() => undefined);
    api.createViewerToken(recording.channel, { label: adminText.recordings.linkLabel, expiresAt: new Date(Date.now() + lifeMs).toISOString() }).then(
      ({ info, token }) => {
        if (isGone) takeBack(info.id);
        else {
          made = info.id;
          setAccess({ token, isReady: true, problem: null });
        }
      },
      (error: unknown) => {
        const problem = error instanceof ApiError ? (error.status === 403 ? adminText.recordings.linkDenied : error.words) : adminText.failed;
        if (!isGone) setAccess({ token: null, isReady: false, problem });
      },
    );
    return () => {
      isGone = true;
      if (made !== null && !isKept.current) takeBack(made);
    };
  }, [api, recording.channel, needed]);

  return { ...access, keep };
}
