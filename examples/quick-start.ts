/** The library in a minute, without a cluster: four services under a day of generated traffic, in this process. */
import { AutoscalingSystemManager } from 'crescendo-autoscaler'

const manager = new AutoscalingSystemManager()
await manager.initialize()

await manager.policyEngine.loadPolicies()
const [applied] = await manager.applyPolicies({ serviceName: 'api-gateway', policy: 'Enterprise' })
console.log(
  `${applied?.serviceName}: at least ${applied?.settings.minReplicas} replicas (${applied?.settings.origins.minReplicas})`,
)

await manager.metricsCollector.startCollection()
const { time, services } = await manager.getRealTimeMetrics()
console.log(`at ${time}`)
for (const { serviceName, load, neededReplicas, readyReplicas } of services) {
  console.log(`${serviceName}: load ${load}, needs ${neededReplicas} replicas, has ${readyReplicas}`)
}

await manager.shutdown()
