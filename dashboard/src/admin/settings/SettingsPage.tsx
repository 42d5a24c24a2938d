import './settings.css';
import { adminText } from '../../text';
import { mayDo } from '../access';
import type { Api, Channel, Me } from '../api';
import { addressOf, PageLink } from '../navigation';
import { Account } from './Account';
import { Audit } from './Audit';
import { Encoders } from './Encoders';
import { Tokens } from './Tokens';
import { Users } from './Users';
import { Webhooks } from './Webhooks';

type Section = 'account' | 'users' | 'tokens' | 'webhooks' | 'encoders' | 'audit';

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

/** One's own account, and for admins everybody's, tokens, webhooks and the audit log. */
export function SettingsPage({ api, me, channels, part, go, onExpired }: SettingsPageProps) {
  const sections = sectionsOf(me);
  const section = sections.find((name) => name === part) ?? sections[0];
  const text = adminText.settings;
  return (
    <>
      <div className="content-top">
        <h1>{text.title}</h1>
      </div>
      <div className="settings">
        <nav className="sections" aria-label={text.sectionsLabel}>
          {sections.map((name) => (
            <PageLink key={name} to={addressOf('settings', name)} current={name === section} go={go}>
              {text.sections[name]}
            </PageLink>
          ))}
        </nav>
        <div className="settings-body">
          {section === undefined && <p className="problem">{text.notYours}</p>}
          {section === 'account' && <Account api={api} me={me} onExpired={onExpired} />}
          {section === 'users' && <Users api={api} me={me} onExpired={onExpired} />}
          {section === 'tokens' && <Tokens api={api} channels={channels ?? []} onExpired={onExpired} />}
          {section === 'webhooks' && <Webhooks api={api} channels={channels ?? []} onExpired={onExpired} />}
          {section === 'encoders' && <Encoders api={api} onExpired={onExpired} />}
          {section === 'audit' && <Audit api={api} />}
        </div>
      </div>
    </>
  );
}

/** What somebody may see here: a token has no account, and the rest is for admins. */
export function sectionsOf(me: Me): Section[] {
  return [...(me.kind === 'user' ? (['account'] as const) : []), ...(mayDo(me.role, 'admin') ? (['users', 'tokens', 'webhooks', 'encoders', 'audit'] as const) : [])];
}
