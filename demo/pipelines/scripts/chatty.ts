/** chatty.ts LINES: prints as many lines as fast as it can. */
const lines = Number(process.argv[2] ?? 1_000);
for (let line = 1; line <= lines; line += 1) console.log(`line ${line} of ${lines}`);
