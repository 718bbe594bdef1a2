import { type FormEvent, useState } from 'react';
import { OPERATOR_NAME } from '../../engine/protocol.ts';
import { Logo } from '../ui/logo.tsx';
import { setIdentity } from './identity.ts';

const LONGEST_NAME = 40;

export function SignIn() {
  const [isRefused, setIsRefused] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get('name')).trim();
    if (OPERATOR_NAME.test(name)) setIdentity(name);
    else setIsRefused(true);
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
            ref={takeFocus}
            name="name"
            maxLength={LONGEST_NAME}
            autoComplete="username"
            required
            aria-invalid={isRefused}
            aria-describedby="name-rule"
          />
        </label>
        <p id="name-rule" className="hint" role={isRefused ? 'alert' : undefined}>
          {isRefused && 'That name is not possible. '}
          Letters, digits and spaces; between them also . _ - '
        </p>
        <button type="submit" className="button primary large">
          Sign in
        </button>
      </form>
    </main>
  );
}

/** It is all that there is to do here. */
function takeFocus(field: HTMLInputElement | null): void {
  field?.focus();
}
