import type { Reporter, SerializedError, TestModule } from 'vitest/node'

/** Ends every run with the line that CI reads: `N passed, N failed, N skipped`. */
// biome-ignore lint/style/noDefaultExport: Vitest loads a reporter by its default export, and constructs it
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    let [passed, failed, skipped] = [0, unhandled.length, 0]
    for (const module of modules) {
      const suites = [module, ...module.children.allSuites()]
      failed += suites.filter(suite => suite.errors().length > 0).length // a hook that failed takes its tests along unseen
      for (const test of module.children.allTests()) {
        const state = test.result().state
        if (state === 'passed') passed += 1
        else if (state === 'skipped') skipped += 1
        else failed += 1
      }
    }
    // Vitest prints its own summary and the coverage table after the reporters ran; the closing line must come last.
    process.once('exit', () =>
      process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`),
    )
  }
}
