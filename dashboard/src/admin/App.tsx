import { lazy, type ReactNode, Suspense, useCallback, useEffect, useState } from 'react';
import { adminText } from '../text';
import { forgetToken, rtmpServer } from './access';
import { type Api, ApiError, type Me } from './api';
import { forgetAll } from './channel/kept';
import { Entrance } from './entrance/Entrance';
import { useLive } from './live/useLive';
import { addressOf, isPlace, type Navigation, useNavigation } from './navigation';
import { NoPage } from './NoPage';
import { NowPage } from './now/NowPage';
import { PageBoundary } from './PageBoundary';
import { leave, resume, type Session } from './session';
import { Top } from './Top';
import { usePolled } from './usePolled';
import { viewerOrigin } from './viewerPages';

const retryMs = 5000;

// Pages that are not the first are fetched when somebody goes there.
const ChannelPage = lazy(() => import('./channel/ChannelPage').then((module) => ({ default: module.ChannelPage })));
const SchedulePage = lazy(() => import('./schedule/SchedulePage').then((module) => ({ default: module.SchedulePage })));
const RecordingsPage = lazy(() => import('./recordings/RecordingsPage').then((module) => ({ default: module.RecordingsPage })));
const SettingsPage = lazy(() => import('./settings/SettingsPage').then((module) => ({ default: module.SettingsPage })));

export function App() {
  const [session, setSession] = useState<Session>({ state: 'asking' });
  const [asked, setAsked] = useState(0);
  const navigation = useNavigation();

  useEffect(() => {
    let stays = true;
    void resume().then((found) => {
      if (stays) setSession(found);
    });
    return () => {
      stays = false;
    };
  }, [asked]);

  useEffect(() => {
    if (session.state !== 'unreachable') return undefined;
    const timer = window.setTimeout(() => setAsked((count) => count + 1), retryMs);
    return () => window.clearTimeout(timer);
  }, [session]);

  const enter = useCallback((api: Api, me: Me) => setSession({ state: 'in', api, me }), []);
  const expire = useCallback(() => {
    forgetToken();
    forgetAll();
    setSession({ state: 'out', why: adminText.signIn.expired });
  }, []);
  const out = useCallback(() => setSession({ state: 'out', why: null }), []);

  if (session.state === 'in') return <Dashboard api={session.api} me={session.me} navigation={navigation} onExpired={expire} onOut={out} />;
  return (
    <>
      <Top />
      {session.state === 'out' && (
        <Entrance
          first={navigation.place.part === 'setup' ? 'setUp' : 'login'}
          why={session.why}
          onIn={(api, me) => {
            if (navigation.place.part === 'setup') navigation.go(addressOf('now'));
            enter(api, me);
          }}
        />
      )}
      {session.state === 'asking' && (
        <main className="content">
          <p role="status">{adminText.loading}</p>
        </main>
      )}
      {session.state === 'unreachable' && (
        <main className="content">
          <div className="empty" role="alert">
            <p className="empty-title">{adminText.signIn.unreachable}</p>
            <p>{session.message}</p>
            <button type="button" className="button" onClick={() => setAsked((count) => count + 1)}>
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
  /** The server does not know who this is any more. */
  onExpired: () => void;
  onOut: () => void;
}

function Dashboard({ api, me, navigation, onExpired, onOut }: DashboardProps) {
  const [notOut, setNotOut] = useState<string | null>(null);
  const system = usePolled(useCallback(() => api.system(), [api]), 60_000, onExpired);
  const live = useLive(api, onExpired);
  const { page, part } = navigation.place;
  const isThere = isPlace(navigation.place);
  const rtmp = rtmpServer(system.data?.rtmp, window.location.hostname);

  useEffect(() => {
    // A channel's page says which one it is.
    if (page !== 'channels') document.title = adminText.pages.title(isThere ? adminText.pages.names[page] : adminText.pages.none);
  }, [page, isThere]);

  async function signOut() {
    try {
      await leave(api, me);
      forgetAll();
      onOut();
    } catch (error) {
      setNotOut(adminText.signIn.signOutFailed(error instanceof ApiError ? error.message : adminText.failed));
    }
  }

  return (
    <>
      <a className="skip" href="#content">
        {adminText.pages.skip}
      </a>
      <Top me={me} version={system.data?.version} navigation={navigation} onSignOut={() => void signOut()} />
      <main id="content" className="content" tabIndex={-1}>
        {notOut !== null && (
          <p className="problem" role="alert">
            {notOut}
          </p>
        )}
        {system.data === null && (system.error === null ? <p role="status">{adminText.loading}</p> : <Problem>{system.error.message}</Problem>)}
        {system.data !== null && (
          <PageBoundary key={page}>
            <Suspense fallback={<p role="status">{adminText.loading}</p>}>
              {!isThere && <NoPage title={adminText.pages.none} hint={adminText.pages.noneHint} to={addressOf('now')} link={adminText.pages.toNow} go={navigation.go} />}
              {page === 'now' && isThere && <NowPage api={api} system={system.data} live={live} go={navigation.go} />}
              {page === 'channels' && <ChannelPage api={api} system={system.data} live={live} rtmp={rtmp} name={part} go={navigation.go} />}
              {page === 'schedule' && <SchedulePage api={api} origin={viewerOrigin(system.data, window.location.origin)} role={me.role} channels={live.data} onExpired={onExpired} />}
              {page === 'recordings' && <RecordingsPage api={api} role={me.role} channels={live.data} />}
              {page === 'settings' && <SettingsPage api={api} me={me} channels={live.data} part={part} go={navigation.go} onExpired={onExpired} />}
            </Suspense>
          </PageBoundary>
        )}
      </main>
    </>
  );
}

function Problem({ children }: { children: ReactNode }) {
  return (
    <p className="problem" role="alert">
      {children}
    </p>
  );
}
