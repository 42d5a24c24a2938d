import { useCallback, useMemo, useState } from 'react';
import { adminText } from '../text';
import { forgetToken, rtmpServer, storeToken, storedToken } from './access';
import { Api } from './api';
import { Channels } from './Channels';
import { SignIn } from './SignIn';
import { usePolled } from './usePolled';

export function App() {
  const [token, setToken] = useState(storedToken);
  const [expired, setExpired] = useState(false);

  const signIn = useCallback((entered: string, keepOnDevice: boolean) => {
    storeToken(entered, keepOnDevice);
    setExpired(false);
    setToken(entered);
  }, []);
  const signOut = useCallback((becauseExpired: boolean) => {
    forgetToken();
    setExpired(becauseExpired);
    setToken(null);
  }, []);

  if (token === null) {
    return (
      <>
        <Top />
        <SignIn expired={expired} onToken={signIn} />
      </>
    );
  }
  return <Dashboard key={token} token={token} onSignOut={signOut} />;
}

function Dashboard({ token, onSignOut }: { token: string; onSignOut: (becauseExpired: boolean) => void }) {
  const api = useMemo(() => new Api(token, adminText), [token]);
  const expire = useCallback(() => onSignOut(true), [onSignOut]);
  const system = usePolled(useCallback(() => api.system(), [api]), 60_000, expire);
  const channels = usePolled(useCallback(() => api.channels(), [api]), 3000, expire);

  return (
    <>
      <Top version={system.data?.version} onSignOut={() => onSignOut(false)} />
      {system.data === null ? (
        <main className="content">
          {system.error === null ? <p role="status">{adminText.loading}</p> : <p className="problem" role="alert">{system.error.message}</p>}
        </main>
      ) : (
        <Channels api={api} system={system.data} channels={channels} rtmp={rtmpServer(system.data.rtmp, window.location.hostname)} />
      )}
    </>
  );
}

function Top({ version, onSignOut }: { version?: string; onSignOut?: () => void }) {
  return (
    <header className="top">
      <span className="brand">
        <span className="brand-mark" aria-hidden="true" />
        {adminText.product}
      </span>
      {version && <span className="version">{version}</span>}
      {onSignOut && (
        <button type="button" className="button quiet sign-out" onClick={onSignOut}>
          {adminText.signOut}
        </button>
      )}
    </header>
  );
}
