import { useEffect, useState } from 'react';
import { adminText } from '../../text';
import { type Api, ApiError, type Channel } from '../api';
import { hasPublicMedia, stateOf } from '../overview/cardText';
import type { PlannedEvent } from '../schedule/eventApi';
import { createPreviewToken } from './channelApi';
import { storedPreviewToken, storePreviewToken } from './pageSecrets';

const tokenLifetimeMs = 2 * 3600_000;
const renewBeforeMs = 5 * 60_000;

interface PreviewProps {
  api: Api;
  channel: Channel;
  /** The current or next event, if any. While live, it determines the access policy. */
  event: PlannedEvent | undefined;
  /** Whether `event` is loaded. Until then nothing is played that might be restricted. */
  isEventKnown: boolean;
  canManage: boolean;
}

/** A channel's embed page as preview. Restricted channels are played with a viewer token created for this purpose. */
export function Preview({ api, channel, event, isEventKnown, canManage }: PreviewProps) {
  const text = adminText.channelPage.preview;
  const state = stateOf(channel);
  const isOffline = state === 'offline';
  const isPublic = hasPublicMedia(channel, event);
  const { token, error } = usePreviewToken(api, channel.name, !isOffline && isEventKnown && !isPublic && canManage);
  // A token stays in use: another URL would restart the player.
  const prefix = token !== null ? `/t/${encodeURIComponent(token)}` : isPublic && isEventKnown ? '' : null;

  return (
    <section className="preview" aria-label={text.title}>
      <div className="preview-frame">
        {isOffline || prefix === null ? (
          <p className="preview-placeholder" role="status">
            {isOffline ? text.offline : (error ?? (canManage || !isEventKnown ? adminText.loading : text.noPermission))}
          </p>
        ) : (
          <iframe
            key={prefix}
            src={`${prefix}/embed/${encodeURIComponent(channel.name)}?muted=1&counted=0`}
            title={text.playerTitle(channel.title || channel.name)}
            allow="autoplay; fullscreen; picture-in-picture"
          />
        )}
      </div>
      {!isOffline && token !== null && <p className="field-hint">{state === 'preview' ? text.previewHint : text.privateHint}</p>}
    </section>
  );
}

/** A viewer token for this page, renewed before it expires. */
function usePreviewToken(api: Api, channel: string, isRequired: boolean): { token: string | null; error: string | null } {
  const [token, setToken] = useState<string | null>(() => storedToken(channel)?.token ?? null);
  const [error, setError] = useState<string | null>(null);
  const [renewals, setRenewals] = useState(0);

  useEffect(() => {
    if (!isRequired) return undefined;
    let isMounted = true;
    let timer: number | undefined;
    const applyToken = (created: { token: string; expiresAt: number }) => {
      setToken(created.token);
      timer = window.setTimeout(() => setRenewals((count) => count + 1), created.expiresAt - renewBeforeMs - Date.now());
    };
    const stored = storedToken(channel);
    if (stored !== null) {
      applyToken(stored);
    } else {
      const expiresAt = Date.now() + tokenLifetimeMs;
      createPreviewToken(api, channel, adminText.channelPage.preview.tokenLabel, new Date(expiresAt)).then(
        (created) => {
          const issued = { token: created.token, expiresAt };
          storePreviewToken(channel, issued);
          if (isMounted) applyToken(issued);
        },
        (error: unknown) => isMounted && setError(error instanceof ApiError ? error.fullMessage : adminText.failed),
      );
    }
    return () => {
      isMounted = false;
      window.clearTimeout(timer);
    };
  }, [api, channel, isRequired, renewals]);

  return { token, error };
}

function storedToken(channel: string): { token: string; expiresAt: number } | null {
  const stored = storedPreviewToken(channel);
  return stored !== null && stored.expiresAt - renewBeforeMs > Date.now() ? stored : null;
}
