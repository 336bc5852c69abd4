/** The writer process: makes one change to a trace that is recorded no more. It may be killed at any moment. */
import { writerProcess } from './process.ts';

writerProcess();
