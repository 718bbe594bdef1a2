import { type SubmitEvent, useState } from 'react';
import { useSend } from './hooks.ts';

export function AddItem() {
  const [text, setText] = useState('');
  const { send, error } = useSend('add');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      // Resolves when it is stored, with or without a network.
      await send({ text }, { topic: 'list' });
      setText('');
    } catch {
      // `error` says why.
    }
  };
  return (
    <>
      <form onSubmit={submit}>
        <input
          aria-label="What to add"
          placeholder="What to add"
          maxLength={200}
          required
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit">Add</button>
      </form>
      {error && (
        <p className="error" role="alert">
          {error.message}
        </p>
      )}
    </>
  );
}
