/** The reader process: answers questions about one trace. It may be killed at any moment. */
import { readerProcess } from './process.ts';

readerProcess();
