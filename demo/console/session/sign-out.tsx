import { useState } from 'react';
import { useToasts } from '../errors/toasts.ts';
import { useUnsentDecisions } from '../gates/gates.ts';
import { useClient } from '../trunk.ts';
import { plural } from '../ui/format.ts';
import { Icon } from '../ui/icon.tsx';
import { Modal } from '../ui/modal.tsx';

/** Ends the connection of all tabs. Where decisions are unsent, it asks what is to become of them. */
export function SignOut({ name }: { name: string }) {
  const client = useClient();
  const toasts = useToasts();
  const unsent = useUnsentDecisions();
  const [isAsking, setIsAsking] = useState(false);
  const signOut = (discard: boolean) => {
    client.signOut({ discard }).catch((error: Error) => toasts.add({ tone: 'error', text: error.message }));
  };
  return (
    <>
      <button
        type="button"
        className="button quiet"
        onClick={() => (unsent.length > 0 ? setIsAsking(true) : signOut(false))}
        title={`Signed in as ${name}`}
      >
        <Icon name="signOut" />
        <span className="label">Sign out</span>
      </button>
      {isAsking && (
        <Modal
          about="sign-out"
          eyebrow={<span>Sign out</span>}
          title={`${plural(unsent.length, 'decision')} not sent yet`}
          onClose={() => setIsAsking(false)}
        >
          <p>
            The server has not accepted {unsent.length === 1 ? 'it' : 'them'} yet. You can leave{' '}
            {unsent.length === 1 ? 'it' : 'them'} in this browser, to be sent when {name} signs in again, or
            throw {unsent.length === 1 ? 'it' : 'them'} away.
          </p>
          <div className="modal-actions">
            <button type="button" className="button" onClick={() => setIsAsking(false)}>
              Stay
            </button>
            <button type="button" className="button danger" onClick={() => signOut(true)}>
              Discard and sign out
            </button>
            <button type="button" className="button primary" onClick={() => signOut(false)}>
              Keep and sign out
            </button>
          </div>
        </Modal>
      )}
    </>
  );
}
