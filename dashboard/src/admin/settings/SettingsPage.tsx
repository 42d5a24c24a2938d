import './settings.css';
import { useEffect, useRef } from 'react';
import { adminText } from '../../text';
import { hasRole } from '../access';
import type { Api, Channel, Me } from '../api';
import { routePath, PageLink } from '../navigation';
import { NotFound } from '../NotFound';
import { About } from './About';
import { Account } from './Account';
import { Appearance } from './Appearance';
import { Audit } from './Audit';
import { Encoders } from './Encoders';
import { Servers } from './Servers';
import { Storage } from './Storage';
import { Tokens } from './Tokens';
import { Users } from './Users';
import { Webhooks } from './Webhooks';

type Section = 'account' | 'appearance' | 'users' | 'tokens' | 'webhooks' | 'encoders' | 'storage' | 'servers' | 'audit' | 'about';

interface SettingsPageProps {
  api: Api;
  me: Me;
  /** Null until loaded. */
  channels: readonly Channel[] | null;
  /** The section, as named in the URL. */
  part: string;
  go: (url: string) => void;
  onExpired: () => void;
}

/** The settings page: account and appearance for everyone; users, tokens, webhooks, encoders, storage, servers and audit log for admins. */
export function SettingsPage({ api, me, channels, part, go, onExpired }: SettingsPageProps) {
  const sections = sectionsOf(me);
  const section = part === '' ? sections[0] : sections.find((name) => name === part);
  const nav = useRef<HTMLElement>(null);
  const text = adminText.settings;

  // On phones the sections scroll horizontally: scroll to the current one.
  useEffect(() => {
    const strip = nav.current;
    const current = strip?.querySelector<HTMLElement>('[aria-current]');
    if (strip && current) strip.scrollLeft = current.offsetLeft - strip.offsetLeft - (strip.clientWidth - current.offsetWidth) / 2;
  }, [section]);

  return (
    <>
      <div className="content-top">
        <h1>{text.title}</h1>
      </div>
      <div className="settings">
        <nav ref={nav} className="sections" aria-label={text.sectionsLabel}>
          {sections.map((name) => (
            <PageLink key={name} target={routePath('settings', name)} current={name === section} go={go}>
              {text.sections[name]}
            </PageLink>
          ))}
        </nav>
        <div className="settings-body">
          {section === undefined && <SectionUnavailable part={part} firstSection={sections[0] ?? 'about'} go={go} />}
          {section === 'account' && <Account api={api} me={me} onExpired={onExpired} />}
          {section === 'appearance' && <Appearance />}
          {section === 'users' && <Users api={api} me={me} onExpired={onExpired} />}
          {section === 'tokens' && <Tokens api={api} channels={channels ?? []} onExpired={onExpired} />}
          {section === 'webhooks' && <Webhooks api={api} channels={channels ?? []} onExpired={onExpired} />}
          {section === 'encoders' && <Encoders api={api} onExpired={onExpired} />}
          {section === 'storage' && <Storage api={api} onExpired={onExpired} />}
          {section === 'servers' && <Servers api={api} onExpired={onExpired} />}
          {section === 'audit' && <Audit api={api} />}
          {section === 'about' && <About api={api} onExpired={onExpired} />}
        </div>
      </div>
    </>
  );
}

/** Explains why a section is not shown: insufficient role, or unknown name. */
export function SectionUnavailable({ part, firstSection, go }: { part: string; firstSection: Section; go: (url: string) => void }) {
  const text = adminText.settings;
  const navigation = { target: routePath('settings', firstSection), linkText: text.openSection(text.sections[firstSection]), go };
  if (part === 'account') return <NotFound title={text.noAccount} hint={text.noAccountHint} {...navigation} />;
  if (isSection(part)) return <NotFound title={text.adminsOnly(text.sections[part])} hint={text.adminsOnlyHint} {...navigation} />;
  return <NotFound title={adminText.pages.notFound} hint={adminText.pages.notFoundHint} {...navigation} />;
}

function isSection(part: string): part is Section {
  return Object.hasOwn(adminText.settings.sections, part);
}

/** The sections that a user can open. A token has no account; most sections require admin. */
export function sectionsOf(me: Me): Section[] {
  const personal = me.kind === 'user' ? (['account', 'appearance'] as const) : (['appearance'] as const);
  return [
    ...personal,
    ...(hasRole(me.role, 'admin') ? (['users', 'tokens', 'webhooks', 'encoders', 'storage', 'servers', 'audit'] as const) : []),
    'about',
  ];
}
