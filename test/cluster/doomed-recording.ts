/**
 * A lab for a test to kill together with its recorder: three nodes under a busy workload, recorded into the file that the first argument
 * names, as `lab run --trace` does. Prints pids and folder as JSON once operations are acknowledged.
 */
import { openDataRoot } from '../../src-main/lab/data-root.ts';
import { Recordings } from '../../src-main/lab/recordings.ts';
import { startCluster } from './a-cluster.ts';

const { cluster, leader, acknowledged, folder, traceFile } = await startCluster(3);
new Recordings(openDataRoot().recordings).begin({
  runId: cluster.runId,
  traceFile,
  folder,
  temporary: false,
});
await leader();
cluster.setWorkload({ clients: 8, keys: 50, valueBytes: 64, readRatio: 0.2 });
await acknowledged(5);
const pids = [...cluster.nodes.map(({ pid }) => pid), cluster.loadPid];
process.stdout.write(`${JSON.stringify({ pids, recorder: cluster.recorderPid, folder, traceFile })}\n`);
