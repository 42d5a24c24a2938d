import './settings.css';
import { useEffect, useRef } from 'react';
import { adminText } from '../../text';
import { mayDo } from '../access';
import type { Api, Channel, Me } from '../api';
import { addressOf, PageLink } from '../navigation';
import { NoPage } from '../NoPage';
import { About } from './About';
import { Account } from './Account';
import { Appearance } from './Appearance';
import { Audit } from './Audit';
import { Encoders } from './Encoders';
import { Storage } from './Storage';
import { Tokens } from './Tokens';
import { Users } from './Users';
import { Webhooks } from './Webhooks';

type Section = 'account' | 'appearance' | 'users' | 'tokens' | 'webhooks' | 'encoders' | 'storage' | 'audit' | 'about';

interface SettingsPageProps {
  api: Api;
  me: Me;
  /** Null until they are known. */
  channels: readonly Channel[] | null;
  /** Which section, as the address names it. */
  part: string;
  go: (address: string) => void;
  onExpired: () => void;
}

/** One's own account and how the page looks, and for admins everybody's accounts, tokens, webhooks, encoders, storage and the audit log. */
export function SettingsPage({ api, me, channels, part, go, onExpired }: SettingsPageProps) {
  const sections = sectionsOf(me);
  const section = part === '' ? sections[0] : sections.find((name) => name === part);
  const nav = useRef<HTMLElement>(null);
  const text = adminText.settings;

  // On a phone the sections are a strip that is wider than the screen: the one that is shown is brought into sight.
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
            <PageLink key={name} to={addressOf('settings', name)} current={name === section} go={go}>
              {text.sections[name]}
            </PageLink>
          ))}
        </nav>
        <div className="settings-body">
          {section === undefined && <NoSection part={part} first={sections[0] ?? 'about'} go={go} />}
          {section === 'account' && <Account api={api} me={me} onExpired={onExpired} />}
          {section === 'appearance' && <Appearance />}
          {section === 'users' && <Users api={api} me={me} onExpired={onExpired} />}
          {section === 'tokens' && <Tokens api={api} channels={channels ?? []} onExpired={onExpired} />}
          {section === 'webhooks' && <Webhooks api={api} channels={channels ?? []} onExpired={onExpired} />}
          {section === 'encoders' && <Encoders api={api} onExpired={onExpired} />}
          {section === 'storage' && <Storage api={api} onExpired={onExpired} />}
          {section === 'audit' && <Audit api={api} />}
          {section === 'about' && <About api={api} onExpired={onExpired} />}
        </div>
      </div>
    </>
  );
}

/** Why a part of the settings is not shown: it is for others, or there is none of that name. */
export function NoSection({ part, first, go }: { part: string; first: Section; go: (address: string) => void }) {
  const text = adminText.settings;
  const on = { to: addressOf('settings', first), link: text.toFirst(text.sections[first]), go };
  if (part === 'account') return <NoPage title={text.noAccount} hint={text.noAccountHint} {...on} />;
  if (isSection(part)) return <NoPage title={text.notYours(text.sections[part])} hint={text.notYoursHint} {...on} />;
  return <NoPage title={adminText.pages.none} hint={adminText.pages.noneHint} {...on} />;
}

function isSection(part: string): part is Section {
  return Object.hasOwn(adminText.settings.sections, part);
}

/** What somebody may see here: a token has no account, and most of it is for admins. */
export function sectionsOf(me: Me): Section[] {
  const own = me.kind === 'user' ? (['account', 'appearance'] as const) : (['appearance'] as const);
  return [...own, ...(mayDo(me.role, 'admin') ? (['users', 'tokens', 'webhooks', 'encoders', 'storage', 'audit'] as const) : []), 'about'];
}
