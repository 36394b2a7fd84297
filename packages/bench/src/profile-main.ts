// Prints where a router spent its time: node packages/bench/dist/profile-main.js FILE.cpuprofile, written by
// npm run bench -- --cells 1kb --peers '' --profile FOLDER
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { hotPlaces } from './report/profile.js';
import { decodeProfile } from './report/profile-codec.js';

const most = 40;
const profile = decodeProfile(readFileSync(resolve(process.argv[2] ?? ''), 'utf8'));
for (const by of ['file', 'function'] as const) {
  process.stdout.write(`\nby ${by}\n`);
  for (const { place, share } of hotPlaces(profile, by, most))
    process.stdout.write(`${(share * 100).toFixed(1).padStart(5)} %  ${place}\n`);
}
