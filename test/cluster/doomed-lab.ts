/** A lab for a test to kill: five nodes, one of them paused, a busy workload. Prints the pids of all its processes as JSON. */
import { startCluster } from './a-cluster.ts';

const { cluster, leader, acknowledged, folder } = await startCluster(5);
const leading = await leader();
cluster.setWorkload({ clients: 4, keys: 10, valueBytes: 32, readRatio: 0 });
await acknowledged(5);
cluster.pause(cluster.nodes.find(({ id }) => id !== leading)?.id ?? 'n1');
const pids = [...cluster.nodes.map(({ pid }) => pid), cluster.recorderPid, cluster.loadPid];
process.stdout.write(`${JSON.stringify({ pids, folder })}\n`);
