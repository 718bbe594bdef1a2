/** hungry.ts SECONDS MEGABYTES: computes for as long, and holds as much memory. */
const [seconds = 1, megabytes = 1] = process.argv.slice(2).map(Number);
const held = Array.from({ length: megabytes }, () => Buffer.alloc(1_048_576, 1));
console.log(`holding ${held.length} MB`);
let sum = 0;
for (const end = Date.now() + seconds * 1_000; Date.now() < end; ) sum += Math.sqrt(sum + 1);
console.log(`computed for ${seconds} s: ${sum.toExponential(3)}`);
