import { connect } from '../../src/kube/client.ts'
import { fencedClient } from '../../src/kube/fence.ts'
import { createElection } from '../../src/kube/lease.ts'

/** One competitor for a Lease that writes its name into a ConfigMap as fast as it may while it leads; killed and stopped by the test. */
const [kubeconfig = '', identity = ''] = process.argv.slice(2)
const log = { info: () => {}, warn: () => {} }
const client = await connect({ kubeconfig, userAgent: 'crescendo/e2e', queriesPerSecond: 100, burst: 100 })
const election = createElection({ client, namespace: 'default', name: 'contest', identity, log })
const writer = fencedClient(client, election.isLeader)
const ending = new AbortController()
process.on('SIGTERM', () => ending.abort())
election.onChange(({ isLeader }) => console.log(JSON.stringify({ identity, isLeader })))
const running = election.run(ending.signal)

while (!ending.signal.aborted) {
  await new Promise(done => setTimeout(done, 50))
  if (!election.isLeader()) continue
  const call = { method: 'PATCH', path: '/api/v1/namespaces/default/configmaps/ledger' } as const
  await writer
    .request({
      ...call,
      contentType: 'application/merge-patch+json',
      body: { data: { writer: identity, at: String(Date.now()) } },
    })
    .catch(() => {})
}
await running
await client.close()
