import pg from 'pg'

let databases = 0

/** A new database on a server that `url` may make databases on, and what removes it again. */
export async function emptyPostgres(url: string): Promise<{ readonly url: string; end(): Promise<void> }> {
  const name = `crescendo_test_${process.pid}_${databases++}`
  await run(url, `create database ${name}`)
  const own = new URL(url)
  own.pathname = `/${name}`
  return { url: own.href, end: () => run(url, `drop database ${name} with (force)`) }
}

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
