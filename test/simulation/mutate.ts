/** Loaded ahead of the simulation, with the name of a mutant in `MUTANT`. */
import { changeOnLoad } from '../support/change-on-load.ts';
import { MUTANTS } from './mutants/index.ts';
import { editsOf } from './mutants/mutant.ts';

const mutant = MUTANTS.find(({ name }) => name === process.env['MUTANT']);
if (!mutant) throw new Error(`there is no mutant ${JSON.stringify(process.env['MUTANT'])}`);
changeOnLoad(editsOf(mutant));
