import type { Report } from './errors/report.ts';
import { useIdentity } from './session/identity.ts';
import { SignIn } from './session/sign-in.tsx';
import { SignedIn } from './session/signed-in.tsx';

/** `report` is told of everything that went wrong on the page or in the line's use. */
export function Console({ report }: { report: Report }) {
  const name = useIdentity();
  return name === null ? <SignIn /> : <SignedIn key={name} name={name} report={report} />;
}
