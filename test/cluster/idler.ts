/** A process that has nothing to do, for tests. */
process.send?.('up');
process.on('disconnect', () => process.exit(0));
setInterval(() => undefined, 1_000);
