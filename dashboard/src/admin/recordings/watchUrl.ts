import { useCallback, useEffect, useRef, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import type { Recording } from './recordingApi';

// Lifetime of a token that is not revoked because the page was closed.
const tokenLifetimeMs = 4 * 3600 * 1000;

/** Inserts a viewer token into a URL below `/vod`. */
export function withToken(url: string, token: string): string {
  return url.replace('/vod/', `/t/${encodeURIComponent(token)}/vod/`);
}

/** The effective access policy: the recording's own, or else its channel's. Undefined while loading. */
export function effectiveAccess(recording: Recording, channel: Channel | undefined): string | undefined {
  return recording.access === 'channel' ? channel?.access : recording.access;
}

/** Whether playback requires a viewer token. An auth callback does not know the server's tokens. */
export function requiresToken(recording: Recording, channel: Channel | undefined): boolean {
  return effectiveAccess(recording, channel) === 'token';
}

export interface WatchAccess {
  /** Null until created, and if none is required. */
  token: string | null;
  isReady: boolean;
  error: string | null;
  /** Keeps the token until it expires, for a download that outlives the page. */
  keepToken: () => void;
}

/**
 * The viewer token for a recording, created if required and revoked afterwards. One is also created if the server denied access without it,
 * because the policy has changed since the list was loaded.
 */
export function useWatchAccess(api: Api, recording: Recording, channel: Channel | undefined, wasDenied: boolean): WatchAccess {
  const isRequired = requiresToken(recording, channel) || (wasDenied && effectiveAccess(recording, channel) !== 'webhook');
  const [access, setAccess] = useState<Omit<WatchAccess, 'keepToken'>>({ token: null, isReady: !isRequired, error: null });
  const keepsToken = useRef(false);
  const keepToken = useCallback(() => {
    keepsToken.current = true;
  }, []);

  useEffect(() => {
    if (!isRequired) return undefined;
    setAccess({ token: null, isReady: false, error: null });
    let isDisposed = false;
    let createdId: string | null = null;
    const revoke = (id: string) => void api.revokeViewerToken(recording.channel, id).catch(() => undefined);
    api
      .createViewerToken(recording.channel, {
        label: adminText.recordings.linkLabel,
        expiresAt: new Date(Date.now() + tokenLifetimeMs).toISOString(),
      })
      .then(
        ({ info, token }) => {
          if (isDisposed) revoke(info.id);
          else {
            createdId = info.id;
            setAccess({ token, isReady: true, error: null });
          }
        },
        (failure: unknown) => {
          const error =
            failure instanceof ApiError
              ? failure.status === 403
                ? adminText.recordings.linkDenied
                : failure.fullMessage
              : adminText.failed;
          if (!isDisposed) setAccess({ token: null, isReady: false, error });
        },
      );
    return () => {
      isDisposed = true;
      if (createdId !== null && !keepsToken.current) revoke(createdId);
    };
  }, [api, recording.channel, isRequired]);

  return { ...access, keepToken };
}
