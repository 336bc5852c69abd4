import { describe, expect, it } from 'vitest';
import { OpenRequests, requestsIn, type OpenRequest } from '../../../src-main/desktop/open-requests.ts';

const link = 'quorum-lab://run/019c0000-0000-7000-8000-000000000000/timeline?at=5';

describe('what the system asks the app to open', () => {
  it('is found among arguments, relative to the folder they were given in', () => {
    const argv = ['--no-sandbox', '/apps/quorum-lab', 'runs/a.qlab', link, '/b/C.QLAB', 'notes.txt'];
    expect(requestsIn(argv, '/home/ada')).toEqual([
      { kind: 'trace', file: '/home/ada/runs/a.qlab' },
      { kind: 'link', link },
      { kind: 'trace', file: '/b/C.QLAB' },
    ]);
  });

  it('is no link unless it is one of ours', () => {
    expect(requestsIn(['https://example.org/', 'quorum-lab://elsewhere'], '/')).toEqual([]);
  });

  it('waits for somebody to take it, and is then taken once, in order', () => {
    const requests = new OpenRequests();
    const first: OpenRequest = { kind: 'link', link };
    const second: OpenRequest = { kind: 'trace', file: '/a.qlab' };
    const taken: OpenRequest[] = [];
    requests.add(first);
    requests.takenBy((request) => taken.push(request));
    requests.add(second);
    expect(taken).toEqual([first, second]);
    requests.takenBy((request) => taken.push(request));
    expect(taken).toHaveLength(2);
  });
});
