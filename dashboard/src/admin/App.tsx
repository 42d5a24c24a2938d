import { lazy, type ReactNode, Suspense, useCallback, useEffect, useState } from 'react';
import { adminText } from '../text';
import { forgetToken, rtmpServer } from './access';
import { type Api, ApiError, type Me } from './api';
import { forgetSecrets } from './channel/pageSecrets';
import { AuthPage } from './auth/AuthPage';
import { useLive } from './live/useLive';
import { routePath, isKnownRoute, type Navigation, useNavigation } from './navigation';
import { NotFound } from './NotFound';
import { OverviewPage } from './overview/OverviewPage';
import { PageBoundary } from './PageBoundary';
import { signOut, resumeSession, type Session } from './session';
import { Header } from './Header';
import { usePolled } from './usePolled';
import { viewerPageOrigin } from './viewerPages';

const retryMs = 5000;

// Pages other than the overview are loaded on demand.
const ChannelPage = lazy(() => import('./channel/ChannelPage').then((module) => ({ default: module.ChannelPage })));
const SchedulePage = lazy(() => import('./schedule/SchedulePage').then((module) => ({ default: module.SchedulePage })));
const RecordingsPage = lazy(() => import('./recordings/RecordingsPage').then((module) => ({ default: module.RecordingsPage })));
const SettingsPage = lazy(() => import('./settings/SettingsPage').then((module) => ({ default: module.SettingsPage })));

export function App() {
  const [session, setSession] = useState<Session>({ state: 'checking' });
  const [attempt, setAttempt] = useState(0);
  const navigation = useNavigation();

  useEffect(() => {
    let isMounted = true;
    void resumeSession().then((resumed) => {
      if (isMounted) setSession(resumed);
    });
    return () => {
      isMounted = false;
    };
  }, [attempt]);

  useEffect(() => {
    if (session.state !== 'unreachable') return undefined;
    const timer = window.setTimeout(() => setAttempt((count) => count + 1), retryMs);
    return () => window.clearTimeout(timer);
  }, [session]);

  const signIn = useCallback((api: Api, me: Me) => setSession({ state: 'signedIn', api, me }), []);
  const expireSession = useCallback(() => {
    forgetToken();
    forgetSecrets();
    setSession({ state: 'signedOut', reason: adminText.signIn.sessionExpired });
  }, []);
  const completeSignOut = useCallback(() => setSession({ state: 'signedOut', reason: null }), []);

  if (session.state === 'signedIn')
    return <Dashboard api={session.api} me={session.me} navigation={navigation} onExpired={expireSession} onSignedOut={completeSignOut} />;
  return (
    <>
      <Header />
      {session.state === 'signedOut' && (
        <AuthPage
          initialMethod={navigation.route.part === 'setup' ? 'setup' : 'login'}
          reason={session.reason}
          onSignedIn={(api, me) => {
            if (navigation.route.part === 'setup') navigation.go(routePath('overview'));
            signIn(api, me);
          }}
        />
      )}
      {session.state === 'checking' && (
        <main className="content">
          <p role="status">{adminText.loading}</p>
        </main>
      )}
      {session.state === 'unreachable' && (
        <main className="content">
          <div className="empty" role="alert">
            <p className="empty-title">{adminText.signIn.serverUnreachable}</p>
            <p>{session.message}</p>
            <button type="button" className="button" onClick={() => setAttempt((count) => count + 1)}>
              {adminText.tryAgain}
            </button>
          </div>
        </main>
      )}
    </>
  );
}

interface DashboardProps {
  api: Api;
  me: Me;
  navigation: Navigation;
  /** The server rejected the session. */
  onExpired: () => void;
  onSignedOut: () => void;
}

function Dashboard({ api, me, navigation, onExpired, onSignedOut }: DashboardProps) {
  const [signOutError, setSignOutError] = useState<string | null>(null);
  const system = usePolled(
    useCallback(() => api.system(), [api]),
    60_000,
    onExpired,
  );
  const live = useLive(api, onExpired);
  const { page, part } = navigation.route;
  const isKnown = isKnownRoute(navigation.route);
  const rtmp = rtmpServer(system.data?.rtmp, window.location.hostname);

  useEffect(() => {
    // The channel page sets its own title.
    if (page !== 'channels') document.title = adminText.pages.title(isKnown ? adminText.pages.names[page] : adminText.pages.notFound);
  }, [page, isKnown]);

  async function handleSignOut() {
    try {
      await signOut(api, me);
      forgetSecrets();
      onSignedOut();
    } catch (error) {
      setSignOutError(adminText.signIn.signOutFailed(error instanceof ApiError ? error.message : adminText.failed));
    }
  }

  return (
    <>
      <a className="skip" href="#content">
        {adminText.pages.skip}
      </a>
      <Header me={me} version={system.data?.version} navigation={navigation} onSignOut={() => void handleSignOut()} />
      <main id="content" className="content" tabIndex={-1}>
        {signOutError !== null && (
          <p className="problem" role="alert">
            {signOutError}
          </p>
        )}
        {system.data === null &&
          (system.error === null ? <p role="status">{adminText.loading}</p> : <ErrorMessage>{system.error.message}</ErrorMessage>)}
        {system.data !== null && (
          <PageBoundary key={page}>
            <Suspense fallback={<p role="status">{adminText.loading}</p>}>
              {!isKnown && (
                <NotFound
                  title={adminText.pages.notFound}
                  hint={adminText.pages.notFoundHint}
                  target={routePath('overview')}
                  linkText={adminText.pages.toOverview}
                  go={navigation.go}
                />
              )}
              {page === 'overview' && isKnown && <OverviewPage api={api} system={system.data} live={live} go={navigation.go} />}
              {page === 'channels' && <ChannelPage api={api} system={system.data} live={live} rtmp={rtmp} name={part} go={navigation.go} />}
              {page === 'schedule' && (
                <SchedulePage
                  api={api}
                  origin={viewerPageOrigin(system.data, window.location.origin)}
                  role={me.role}
                  channels={live.data}
                  onExpired={onExpired}
                />
              )}
              {page === 'recordings' && (
                <RecordingsPage
                  api={api}
                  origin={viewerPageOrigin(system.data, window.location.origin)}
                  role={me.role}
                  channels={live.data}
                />
              )}
              {page === 'settings' && (
                <SettingsPage api={api} me={me} channels={live.data} part={part} go={navigation.go} onExpired={onExpired} />
              )}
            </Suspense>
          </PageBoundary>
        )}
      </main>
    </>
  );
}

function ErrorMessage({ children }: { children: ReactNode }) {
  return (
    <p className="problem" role="alert">
      {children}
    </p>
  );
}
