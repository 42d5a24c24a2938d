import { useState } from 'react';
import { adminText } from '../../text';
import type { Api, Me } from '../api';
import { LoginForm } from './LoginForm';
import { SetUpForm } from './SetUpForm';
import { TokenForm } from './TokenForm';

export type Way = 'login' | 'setUp' | 'token';

interface EntranceProps {
  /** Which way in is shown first. */
  first?: Way;
  /** Why somebody stands here again. */
  why: string | null;
  onIn: (api: Api, me: Me) => void;
}

/** The ways in: name and password, the set-up code on the first visit, or a token. */
export function Entrance({ first = 'login', why, onIn }: EntranceProps) {
  const [way, setWay] = useState(first);
  const [code, setCode] = useState('');
  const text = adminText.signIn;

  return (
    <main className="entrance">
      <h1>{way === 'setUp' ? text.setUpTitle : text.title}</h1>
      {way === 'login' && why === null && <FirstVisit onChoose={() => setWay('setUp')} />}
      {why !== null && (
        <p className="problem" role="alert">
          {why}
        </p>
      )}
      {way === 'login' && <LoginForm onIn={onIn} />}
      {way === 'setUp' && <SetUpForm code={code} onIn={onIn} />}
      {way === 'token' && (
        <TokenForm
          onIn={onIn}
          onSetUpCode={(entered) => {
            setCode(entered);
            setWay('setUp');
          }}
        />
      )}
      <div className="aside ways">
        {way !== 'login' && <WayButton hint={text.toLoginHint} words={text.toLogin} onChoose={() => setWay('login')} />}
        {way !== 'setUp' && (way !== 'login' || why !== null) && <WayButton hint={text.toSetUpHint} words={text.toSetUp} onChoose={() => setWay('setUp')} />}
        {way !== 'token' && <WayButton hint={text.toTokenHint} words={text.toToken} onChoose={() => setWay('token')} />}
      </div>
    </main>
  );
}

// As easily found as the fields: who starts a new server has no account yet, and the server does not tell strangers whether it is new.
function FirstVisit({ onChoose }: { onChoose: () => void }) {
  const text = adminText.signIn;
  return (
    <div className="first-visit">
      <p>{text.firstVisit}</p>
      <button type="button" className="button quiet" onClick={onChoose}>
        {text.toSetUp}
      </button>
    </div>
  );
}

function WayButton({ hint, words, onChoose }: { hint: string; words: string; onChoose: () => void }) {
  return (
    <p>
      {hint}{' '}
      <button type="button" className="link" onClick={onChoose}>
        {words}
      </button>
    </p>
  );
}
