import { adminText } from '../text';
import { hasRole } from './access';
import type { Me } from './api';
import { routePath, isKnownRoute, type Navigation, type Page, PageLink } from './navigation';

interface HeaderProps {
  me?: Me;
  version?: string;
  navigation?: Navigation;
  onSignOut?: () => void;
}

/** The header: navigation, user name and sign-out. */
export function Header({ me, version, navigation, onSignOut }: HeaderProps) {
  const text = adminText.pages;
  return (
    <header className="page-header">
      <span className="brand">
        <span className="brand-mark" aria-hidden="true" />
        {adminText.product}
      </span>
      {version && <span className="version">{version}</span>}
      {me && navigation && (
        <nav className="pages" aria-label={text.label}>
          {pagesOf(me).map((page) => (
            <PageLink
              key={page}
              target={routePath(page)}
              current={
                isKnownRoute(navigation.route) &&
                (navigation.route.page === page || (page === 'overview' && navigation.route.page === 'channels'))
              }
              go={navigation.go}
            >
              {text.names[page]}
            </PageLink>
          ))}
        </nav>
      )}
      {me && (
        <span className="user-name" title={text.signedInAs(displayNameOf(me), text.roles[me.role] ?? me.role)}>
          {displayNameOf(me)}
        </span>
      )}
      {onSignOut && (
        <button type="button" className="button secondary sign-out" onClick={onSignOut}>
          {adminText.signOut}
        </button>
      )}
    </header>
  );
}

/** The pages that a user can open. A token below admin has no settings. */
export function pagesOf(me: Me): Page[] {
  return me.kind === 'user' || hasRole(me.role, 'admin')
    ? ['overview', 'schedule', 'recordings', 'settings']
    : ['overview', 'schedule', 'recordings'];
}

/** The display name of a user or token. */
export function displayNameOf(me: Me): string {
  const label = me.displayName || me.name;
  return me.kind === 'token' ? adminText.pages.tokenName(label) : label;
}
