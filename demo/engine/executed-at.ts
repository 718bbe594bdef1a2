/** `2023-03-29` and `20230329`, and by month, day and year of this century: `03-29-23`. */
const DATES = [
  /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)T/,
  /^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)T/,
  /^(?<month>\d\d)-(?<day>\d\d)-(?<year>\d\d)T/,
];
/** `10:02:36`, `100236`, with a fraction or without. */
const TIME = /T(?<hours>\d\d):?(?<minutes>\d\d):?(?<seconds>\d\d(?:\.\d+)?)/;
/** Without one it is not known which moment is meant. `Z`, `-10:00`, `-1000`, `-10`. */
const OFFSET = /(?:(?<zero>Z)|(?<sign>[+-])(?<hours>\d\d)(?::?(?<minutes>\d\d))?)$/;

/**
 * When a workflow was executed, in ms since 1970. Workflow systems write it in extended or basic ISO 8601 or with two digits
 * of the year, and `Date.parse` knows the first alone. `null`: it is none of these, or has no offset.
 */
export function parseExecutedAt(text: string): number | null {
  const date = DATES.map((pattern) => pattern.exec(text)).find((match) => match !== null)?.groups;
  const time = TIME.exec(text)?.groups;
  const offset = OFFSET.exec(text)?.groups;
  if (!date || !time || !offset) return null;
  const year = date['year']?.length === 2 ? `20${date['year']}` : date['year'];
  const zone = offset['zero'] ?? `${offset['sign']}${offset['hours']}:${offset['minutes'] ?? '00'}`;
  const extended = `${year}-${date['month']}-${date['day']}T${time['hours']}:${time['minutes']}:${time['seconds']}${zone}`;
  const at = Date.parse(extended);
  return Number.isNaN(at) ? null : at;
}
