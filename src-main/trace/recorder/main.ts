/** The recorder process: tails the spools of a run into its trace until the lab says that the run is over. */
import { recorderProcess } from './process.ts';

recorderProcess();
