import { type FormEvent, useState } from 'react';
import { OPERATOR_NAME } from '../../engine/protocol.ts';
import { Logo } from '../ui/logo.tsx';
import { setIdentity } from './identity.ts';

const LONGEST_NAME = 40;

export function SignIn() {
  const [name, setName] = useState('');
  const trimmed = name.trim();
  const isName = OPERATOR_NAME.test(trimmed);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isName) setIdentity(trimmed);
  };
  return (
    <main className="sign-in">
      <form className="sign-in-card" onSubmit={submit}>
        <Logo />
        <h1>Operator console</h1>
        <p>
          Runs, their gates and your decisions, over one connection for all tabs of this browser. Choose a
          name: it signs your decisions, and your outbox is kept under it.
        </p>
        <label className="field">
          <span>Your name</span>
          <input
            name="name"
            value={name}
            onChange={(event) => setName(event.target.value)}
            maxLength={LONGEST_NAME}
            autoComplete="username"
            required
            aria-describedby="name-rule"
          />
          <span id="name-rule" className="hint">
            {trimmed === '' || isName
              ? "Letters, digits, spaces and . _ - '"
              : "Only letters, digits, spaces and . _ - ' are possible."}
          </span>
        </label>
        <button type="submit" className="button primary large" disabled={!isName}>
          Sign in
        </button>
      </form>
    </main>
  );
}
