/** How many tabs of this browser share its connection. */
import type { AnyProtocol, Client } from 'trunkline';

/** Tells it about once a second, until the returned function is called. */
export function watchTabs(
  { inspect }: Pick<Client<AnyProtocol>, 'inspect'>,
  tell: (tabs: number) => void,
): () => void {
  const look = () =>
    inspect().then(
      ({ tabs }) => tell(tabs.length),
      () => {},
    );
  look();
  const timer = setInterval(look, 1_000);
  return () => clearInterval(timer);
}
