const NOTES_HZ = [660, 880];
const NOTE_SECONDS = 0.16;
const LOUDNESS = 0.08;
/** A gain that falls exponentially never reaches 0. */
const SILENCE = 0.0001;

/** Two short, soft notes. */
export async function playSound(): Promise<void> {
  // In a tab that nobody has used yet, the browser would play it late: when somebody does.
  if (!navigator.userActivation.hasBeenActive) return;
  const context = new AudioContext();
  await context.resume();
  for (const [index, frequency] of NOTES_HZ.entries()) {
    const begin = context.currentTime + index * NOTE_SECONDS;
    const gain = new GainNode(context, { gain: SILENCE });
    gain.gain.setValueAtTime(LOUDNESS, begin);
    gain.gain.exponentialRampToValueAtTime(SILENCE, begin + NOTE_SECONDS * 2);
    const note = new OscillatorNode(context, { frequency });
    note.connect(gain).connect(context.destination);
    note.start(begin);
    note.stop(begin + NOTE_SECONDS * 2);
    if (index === NOTES_HZ.length - 1) note.onended = () => context.close();
  }
}
