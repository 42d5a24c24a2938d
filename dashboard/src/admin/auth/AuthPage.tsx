import { useState } from 'react';
import { adminText } from '../../text';
import type { Api, Me } from '../api';
import { LoginForm } from './LoginForm';
import { SetupForm } from './SetupForm';
import { TokenForm } from './TokenForm';

export type AuthMethod = 'login' | 'setup' | 'token';

interface AuthPageProps {
  /** The initial sign-in method. */
  initialMethod?: AuthMethod;
  /** Why the user has to sign in again; null on a first visit. */
  reason: string | null;
  onSignedIn: (api: Api, me: Me) => void;
}

/** The sign-in page: name and password, set-up code or API token. */
export function AuthPage({ initialMethod = 'login', reason, onSignedIn }: AuthPageProps) {
  const [method, setMethod] = useState(initialMethod);
  const [code, setCode] = useState('');
  const text = adminText.signIn;

  return (
    <main className="auth">
      <h1>{method === 'setup' ? text.setupTitle : text.title}</h1>
      {method === 'login' && reason === null && <SetupPrompt onClick={() => setMethod('setup')} />}
      {reason !== null && (
        <p className="problem" role="alert">
          {reason}
        </p>
      )}
      {method === 'login' && <LoginForm onSignedIn={onSignedIn} />}
      {method === 'setup' && <SetupForm code={code} onSignedIn={onSignedIn} />}
      {method === 'token' && (
        <TokenForm
          onSignedIn={onSignedIn}
          onSetupCode={(enteredCode) => {
            setCode(enteredCode);
            setMethod('setup');
          }}
        />
      )}
      <div className="auth-footer auth-methods">
        {method !== 'login' && <MethodLink hint={text.useAccountHint} label={text.useAccount} onClick={() => setMethod('login')} />}
        {method !== 'setup' && (method !== 'login' || reason !== null) && (
          <MethodLink hint={text.useSetupCodeHint} label={text.useSetupCode} onClick={() => setMethod('setup')} />
        )}
        {method !== 'token' && <MethodLink hint={text.useTokenHint} label={text.useToken} onClick={() => setMethod('token')} />}
      </div>
    </main>
  );
}

// Shown prominently: a new server has no accounts, and the server does not reveal to anonymous clients whether it is new.
function SetupPrompt({ onClick }: { onClick: () => void }) {
  const text = adminText.signIn;
  return (
    <div className="setup-prompt">
      <p>{text.newServerHint}</p>
      <button type="button" className="button secondary" onClick={onClick}>
        {text.useSetupCode}
      </button>
    </div>
  );
}

function MethodLink({ hint, label, onClick }: { hint: string; label: string; onClick: () => void }) {
  return (
    <p>
      {hint}{' '}
      <button type="button" className="link" onClick={onClick}>
        {label}
      </button>
    </p>
  );
}
