import { type Command, InvalidArgumentError } from 'commander'

/** `crescendo anomalies FILE`: what is unusual in a series, each value judged by those before it only. */
export function registerAnomalies(program: Command): void {
  program
    .command('anomalies')
    .description('find what is unusual in a series, as a stream: no value is judged by later ones')
    .argument('<file>', 'CSV timestamp,value, plain or gzip; - is standard input')
    .option('--threshold <sigma>', 'sigma from which a value is unusual', positive, 2.5)
    .option('--csv <file>', 'write timestamp,value,anomaly_score,is_anomaly for every value')
    .option('--html <file>', 'write values, scores and anomalies as one self-contained page')
    .option('--skip-bad-rows', 'leave malformed rows out and count them')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      [
        '\nThe score lies in 0..1 and is 0.5 at 2.5 sigma, whatever the threshold. A value that is no more unusual than one within',
        'the half day before it is an echo and has half its score: what scores 0.5 or more is news. What comes every few days scores',
        'less each time.',
      ].join('\n'),
    )
    .action(
      async (file: string, options: { threshold: number; csv?: string; html?: string; skipBadRows?: true; json?: true }) => {
        const { findAnomalies } = await import('../find-anomalies.ts')
        await findAnomalies(file, options)
      },
    )
}

function positive(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value
  throw new InvalidArgumentError('expected a number of standard deviations above 0, such as 2.5')
}
