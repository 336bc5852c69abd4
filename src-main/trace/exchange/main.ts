/** The exchange process: takes a trace into another format, or makes one of it. It may be killed at any moment. */
import { exchangeProcess } from './process.ts';

exchangeProcess();
