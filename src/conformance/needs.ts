/** What cases take of the profile, by which field it is offered, and whether it is. */
import type { Need } from './case.ts';
import type { Ability, CommandName, Profile } from './profile.ts';

interface Offer {
  /** Of the profile, as a person looks for it. */
  readonly field: string;
  isIn(profile: Profile): boolean;
}

const ability = (name: Ability): Offer => ({
  field: `control.can "${name}"`,
  isIn: ({ control }) => control?.can.includes(name) ?? false,
});
const command = (name: CommandName): Offer => ({
  field: `commands.${name}`,
  isIn: ({ commands }) => commands[name] !== undefined,
});

export const OFFERS: Readonly<Record<Need, Offer>> = {
  publish: ability('publish'),
  kill: ability('kill'),
  stop: ability('stop'),
  keep: ability('keep'),
  lose: ability('lose'),
  backup: ability('backup'),
  renew: ability('renew'),
  runs: ability('runs'),
  accept: command('accept'),
  slow: command('slow'),
  refuse: command('refuse'),
  later: command('later'),
  events: {
    field: 'control.can "publish" or commands.accept.publishes',
    isIn: ({ control, commands }) =>
      control?.can.includes('publish') === true || commands.accept?.publishes === true,
  },
  'two people': { field: 'people[1]', isIn: ({ people }) => people.length >= 2 },
  'slow token': {
    field: 'people[0].slow_token',
    isIn: ({ people }) => people[0]?.slow_token !== undefined,
  },
  result: {
    field: 'commands.accept.result',
    isIn: ({ commands }) => commands.accept?.result !== undefined,
  },
  'refused token': {
    field: 'refused_token',
    isIn: ({ refused_token }) => refused_token !== undefined,
  },
  'refused version': {
    field: 'refused_version',
    isIn: ({ refused_version }) => refused_version !== undefined,
  },
  'own topic': { field: '{id} in topics.name', isIn: ({ topics }) => topics.name.includes('{id}') },
  'forbidden topic': {
    field: 'topics.forbidden',
    isIn: ({ topics }) => topics.forbidden !== undefined,
  },
  'unknown topic': { field: 'topics.unknown', isIn: ({ topics }) => topics.unknown !== undefined },
};

/** The fields of what is lacking. */
export function lackingIn(profile: Profile, needs: readonly Need[] = []): string[] {
  return needs.filter((need) => !OFFERS[need].isIn(profile)).map((need) => OFFERS[need].field);
}
