import { adminText } from '../text';
import { mayDo } from './access';
import type { Me } from './api';
import { addressOf, isPlace, type Navigation, type Page, PageLink } from './navigation';

interface TopProps {
  me?: Me;
  version?: string;
  navigation?: Navigation;
  onSignOut?: () => void;
}

/** The bar at the top: the pages that somebody may see, who they are, and the way out. */
export function Top({ me, version, navigation, onSignOut }: TopProps) {
  const text = adminText.pages;
  return (
    <header className="top">
      <span className="brand">
        <span className="brand-mark" aria-hidden="true" />
        {adminText.product}
      </span>
      {version && <span className="version">{version}</span>}
      {me && navigation && (
        <nav className="pages" aria-label={text.label}>
          {pagesOf(me).map((page) => (
            <PageLink key={page} to={addressOf(page)} current={isPlace(navigation.place) && (navigation.place.page === page || (page === 'now' && navigation.place.page === 'channels'))} go={navigation.go}>
              {text.names[page]}
            </PageLink>
          ))}
        </nav>
      )}
      {me && (
        <span className="who" title={text.signedInAs(nameOf(me), text.roles[me.role] ?? me.role)}>
          {nameOf(me)}
        </span>
      )}
      {onSignOut && (
        <button type="button" className="button quiet sign-out" onClick={onSignOut}>
          {adminText.signOut}
        </button>
      )}
    </header>
  );
}

/** The pages that somebody has something on. A token below admin has no settings: they are people's own, and admins'. */
export function pagesOf(me: Me): Page[] {
  return me.kind === 'user' || mayDo(me.role, 'admin') ? ['now', 'schedule', 'recordings', 'settings'] : ['now', 'schedule', 'recordings'];
}

/** What somebody is called. */
export function nameOf(me: Me): string {
  const label = me.displayName || me.name;
  return me.kind === 'token' ? adminText.pages.withToken(label) : label;
}
